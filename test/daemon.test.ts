/** The wired guard, started from a configuration: notices that are signed, doors that are off. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { examineServer } from '../src/commands/doctor/doctor.ts';
import { parseConfig } from '../src/config/load.ts';
import { type Daemon, startDaemon } from '../src/daemon/daemon.ts';
import { postern, type Ran, stateFolder } from './command-line.ts';

const token = 'k9Qm3vT7xB2nR5wY8zC1dF4g';
const onLoopback = {
  milter: 'inet:127.0.0.1:0',
  policy: 'inet:127.0.0.1:0',
  http: 'inet:127.0.0.1:0',
};
const off = { milter: 'off', policy: 'off', http: 'off' };

type Run = (...words: readonly string[]) => Promise<Ran>;

async function started(
  about: { readonly state: string; readonly toml?: string; readonly doors?: Partial<typeof off> },
  use: (run: Run, daemon: Daemon) => Promise<void>,
): Promise<void> {
  const { state, toml = '', doors = {} } = about;
  const { config } = parseConfig(`${toml}\n[postfix]\nqueue = "off"\n`, 'test');
  Object.assign(config.doors, onLoopback, doors);
  config.mail_log.source = 'off';
  const log = (): void => {};
  await using daemon = await startDaemon({ state, config, movable: false, token, log });
  const runFile = { pid: process.pid, doors: daemon.doors, token };
  await writeFile(join(state, 'run.json'), JSON.stringify(runFile));
  await use((...words) => postern(...words, '--state', state), daemon);
}

describe('a webhook with a secret', () => {
  test('gets what is signed with it', async () => {
    await using state = await stateFolder();
    const secretFile = join(state.path, 'webhook.secret');
    await writeFile(secretFile, 'a secret\n', { mode: 0o600 });
    const seen: { readonly body: string; readonly signature: unknown }[] = [];
    const server = createServer(async (request, response) => {
      const body = (await request.setEncoding('utf8').toArray()).join('');
      seen.push({ body, signature: request.headers['x-postern-signature'] });
      response.writeHead(204).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { readonly port: number };
    const toml =
      `[notices]\nwebhook = "http://127.0.0.1:${port}/"\nwebhook_secret_file = "` +
      `${secretFile}"`;
    await started({ state: state.path, toml }, async (run) => {
      assert.equal((await run('try', 'notice')).exit, 0);
    });
    server.close();
    const [notice] = seen;
    const digest = createHmac('sha256', 'a secret')
      .update(notice?.body ?? '')
      .digest('hex');
    assert.equal(notice?.signature, `sha256=${digest}`);
  });

  test('that anybody may read: the guard does not start', async () => {
    await using state = await stateFolder();
    const secretFile = join(state.path, 'webhook.secret');
    await writeFile(secretFile, 'a secret');
    await chmod(secretFile, 0o644);
    const webhook = 'webhook = "http://127.0.0.1:9/"';
    const toml = `[notices]\n${webhook}\nwebhook_secret_file = "${secretFile}"`;
    await assert.rejects(
      started({ state: state.path, toml }, async () => assert.fail('it started')),
      /can be read or changed by every user/,
    );
  });
});

test('a scanner that a reload takes out is no longer told of in /metrics', async () => {
  await using state = await stateFolder();
  const toml = '[scan]\nspamassassin = "inet:127.0.0.1:9"\nclamav = "inet:127.0.0.1:9"';
  await started({ state: state.path, toml }, async (_, daemon) => {
    const told = async (): Promise<readonly string[]> => {
      const headers = { authorization: `Bearer ${token}` };
      const text = await (await fetch(`${daemon.doors.http}/metrics`, { headers })).text();
      return text.split('\n').filter((line) => line.startsWith('postern_scan_up{'));
    };
    const [clamav, both] = ['postern_scan_up{scanner="clamav"} 1', await told()];
    assert.deepEqual(both, ['postern_scan_up{scanner="spamassassin"} 1', clamav]);
    const { config } = parseConfig('[scan]\nclamav = "inet:127.0.0.1:9"', 'test');
    daemon.reload(config);
    assert.deepEqual(await told(), [clamav]);
  });
});

describe('doors that are off', () => {
  test('http: commands work all the same, over their own socket (slow)', async () => {
    await using state = await stateFolder();
    await started({ state: state.path, doors: { http: 'off' } }, async (run, daemon) => {
      assert.equal(daemon.doors.http, 'off');
      assert.equal(daemon.doors.command, `unix:${state.path}/command.sock`);
      assert.match((await run('status')).out, /^page +off$/m);
      const shown = await run('status', '--token', '--json');
      assert.equal((JSON.parse(shown.out) as { page: string }).page, 'off');
      assert.equal((await run('accounts', 'suspend', '--unknown', 'joe@example.org')).exit, 0);
      assert.match((await run('accounts', 'list')).out, /^joe@example\.org +suspended/m);
      assert.equal((await run('accounts', 'release', 'joe@example.org', '--hijacked')).exit, 0);
      const tried = await run('try', 'hijack');
      assert.equal(tried.exit, 0, tried.err);
      assert.doesNotMatch(tried.out, /Watch it on the status page/);
    });
  });

  test('http of a guard without a command socket: what asks it says so', async () => {
    // The path of the socket would be too long.
    await using folder = await stateFolder();
    const state = { path: join(folder.path, 'a'.repeat(100)) };
    await started({ state: state.path, doors: { http: 'off' } }, async (run, daemon) => {
      assert.equal(daemon.doors.http, 'off');
      assert.equal(daemon.doors.command, undefined);
      for (const words of [
        ['status'],
        ['try', 'hijack'],
        ['try', 'notice'],
        ['accounts', 'release', 'joe@example.org', '--hijacked'],
      ]) {
        const { exit, err } = await run(...words);
        assert.equal(exit, 69, words.join(' '));
        assert.match(
          err,
          /^postern: the guard is running, but its http door is off\npostern: set doors\.http/,
        );
      }
      const held = await run('held', 'list');
      assert.equal(held.exit, 0, held.err);
      assert.match(
        held.err,
        /^postern: the http door of the guard is off; this comes from its ledger/,
      );
    });
  });

  test('milter: no hijack can be tried, and no Postfix connected', async () => {
    await using state = await stateFolder();
    await started({ state: state.path, doors: { milter: 'off' } }, async (run) => {
      const tried = await run('try', 'hijack');
      assert.equal(tried.exit, 69);
      assert.match(tried.err, /its milter door is off/);
      assert.match((await run('status')).out, /^doors +milter off$/m);
    });
  });

  test('all of them: doctor still reaches the guard', async () => {
    await using state = await stateFolder();
    await started({ state: state.path, doors: off }, async () => {
      const findings = await examineServer({ state: state.path });
      const found = (id: string): string => findings.find((one) => one.id === id)?.found ?? '';
      assert.match(found('daemon.alive'), /^running, version/);
    });
  });
});
