/** The wired guard after an upgrade, and a new one: who is observed, and what is declared. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { parseConfig } from '../src/config/load.ts';
import { startDaemon } from '../src/daemon/daemon.ts';
import { applicationId } from '../src/ledger/sqlite/migrations.ts';
import type { StatusView } from '../src/ports/admin.ts';
import type { AuthorsView } from '../src/ports/authors.ts';
import { postern, type Ran, type StateFolder, stateFolder } from './command-line.ts';
import { earlierLedgers } from './ledger/earlier-ledgers.ts';

const token = 'k9Qm3vT7xB2nR5wY8zC1dF4g';

type Run = (...words: readonly string[]) => Promise<Ran>;

async function started(
  state: StateFolder,
  toml: string,
  use: (run: Run) => Promise<void>,
): Promise<void> {
  const { config } = parseConfig(`${toml}\n[postfix]\nqueue = "off"\n`, 'test');
  const anywhere = 'inet:127.0.0.1:0';
  Object.assign(config.doors, { milter: anywhere, policy: 'off', http: anywhere });
  config.mail_log.source = 'off';
  const log = (): void => {};
  await using daemon = await startDaemon({
    state: state.path,
    config,
    movable: false,
    token,
    log,
  });
  const runFile = { pid: process.pid, doors: daemon.doors, token };
  await writeFile(join(state.path, 'run.json'), JSON.stringify(runFile));
  await use((...words) => postern(...words, '--state', state.path));
}

function ledgerOfVersion12(state: StateFolder): void {
  const database = new DatabaseSync(join(state.path, 'ledger.db'));
  database.exec(earlierLedgers[11] ?? '');
  database.exec(`UPDATE dkim_key SET state = 'signing'; PRAGMA application_id = ${applicationId}`);
  database.close();
}

const authorsOf = async (run: Run): Promise<StatusView['authors']> =>
  (JSON.parse((await run('status', '--json')).out) as StatusView).authors;

test('a server that signs is observed from its first start on, and told so', async () => {
  await using state = await stateFolder();
  ledgerOfVersion12(state);
  const server = createServer();
  const told = new Promise<string>((resolve) => {
    server.on('request', async (request, response) => {
      const body = (await request.setEncoding('utf8').toArray()).join('');
      response.writeHead(204).end();
      resolve((JSON.parse(body) as { readonly event: string }).event);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  const toml = `[notices]\nwebhook = "http://127.0.0.1:${port}/"\n`;
  let until: unknown;
  await started(state, toml, async (run) => {
    const authors = await authorsOf(run);
    assert.equal(authors.isRunning, true);
    const span = Date.parse(String(authors.until)) - Date.parse(String(authors.from));
    assert.equal(span, 14 * 86_400_000);
    until = authors.until;
    assert.equal(await told, 'authors.observing');
    assert.match((await run('status')).out, /authors +observed until .*--suggest/s);
  });
  await started(state, '', async (run) => {
    assert.equal((await authorsOf(run)).until, until);
    assert.equal((await run('accounts', 'may-write-as', '--observe', 'off')).exit, 0);
    assert.equal((await authorsOf(run)).isRunning, false);
  });
  server.close();
});

test('a new server observes nothing; what is declared stays after a restart', async () => {
  await using state = await stateFolder();
  const list = async (run: Run): Promise<readonly string[]> => {
    const { out } = await run('accounts', 'may-write-as', '--list', '--json');
    const all = JSON.parse(out) as AuthorsView['declarations'];
    return all.map(({ account, address }) => `${account} ${address}`);
  };
  await started(state, '[accounts]\ndefault_domain = "a.test"\n', async (run) => {
    assert.equal((await authorsOf(run)).isRunning, false);
    assert.doesNotMatch((await run('status')).out, /observed/);
    const { out } = await run('accounts', 'may-write-as', 'joe', 'CEO@B.test');
    const said = /^joe@a\.test may write as ceo@b\.test\nnote: no mail .*\nundo: .* --remove\n$/;
    assert.match(out, said);
    await run('accounts', 'may-write-as', 'user:vmail', '*');
    assert.equal((await run('accounts', 'may-write-as', 'joe', 'nobody')).exit, 1);
  });
  await started(state, '', async (run) => {
    assert.deepEqual(await list(run), ['joe@a.test ceo@b.test', 'user:vmail *']);
    const gone = await run('accounts', 'may-write-as', 'user:vmail', '*', '--remove');
    assert.match(gone.out, /undo: postern accounts may-write-as user:vmail '\*'\n$/);
    assert.deepEqual(await list(run), ['joe@a.test ceo@b.test']);
  });
});
