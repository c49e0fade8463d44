/**
 * SpamAssassin by pipe(8): spamc hands each message back through sendmail(1), as its user. Each
 * message is judged once, under the login that sent it; mail that comes in is nobody's; what other
 * users hand in through sendmail is judged all the same.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { people } from './guard-past.ts';
import { connectPostfix, type GuardedServer, startGuardedServer } from './guarded-server.ts';
import { eventually } from './leash.ts';
import { onMachineOfItsOwn, onOwnMachine } from './own-machine.ts';
import { type SpamdInstance, startSpamd } from './scanner-instances.ts';
import { connectSmtp } from './smtp-client.ts';

const [joe = { account: '', friends: [] }] = people(1);
const filterUser = 'nobody';

let spamd: SpamdInstance;
let server: GuardedServer;
let said = '';

async function start(): Promise<void> {
  spamd = await startSpamd(1);
  const filtered = { content_filter: 'spamassassin' };
  server = await startGuardedServer({
    people: [joe],
    postfix: {
      smtp: filtered,
      submission: filtered,
      services: `spamassassin unix - n n - - pipe
  user=${filterUser} argv=/usr/bin/spamc -d 127.0.0.1 -p ${spamd.port} -f
  -e /usr/sbin/sendmail -oi -f \${sender} \${recipient}
`,
    },
    connect: false,
  });
  // Users may name the folder of this Postfix.
  const allowed = `\nalternate_config_directories = ${server.postfix.configDirectory}\n`;
  await appendFile('/etc/postfix/main.cf', allowed);
  said = await connectPostfix(server);
}

async function accounts(): Promise<readonly string[]> {
  const found =
    await server.guard.json<readonly { id?: string; account: string }[]>('/api/recent?limit=200');
  return found.flatMap(({ account, id }) => (id === undefined ? [] : [account]));
}

/** Hands a message in as a user of the machine. */
async function sendmailAs(uid: number, id: string): Promise<void> {
  const { configDirectory } = server.postfix;
  const user = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups'];
  const call = ['/usr/sbin/sendmail', '-C', configDirectory, '-oi', '-f', 'x@evil.test'];
  const child = spawn('/usr/bin/setpriv', [...user, ...call, 'a@world.test'], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  child.stdin.end(`Subject: hello\nX-Test-Id: ${id}\n\nHello.\n`);
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0);
}

if (!onOwnMachine) onMachineOfItsOwn(import.meta.filename);
else {
  before(start);
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await spamd?.[Symbol.asyncDispose]();
  });

  test('connect names the user of the filter', () => {
    assert.match(said, new RegExp(`note: mail that user ${filterUser} hands in through sendmail`));
  });

  test('a login: judged once, under the login', async () => {
    await using smtp = await server.login(joe.account);
    for (const [n, friend] of joe.friends.slice(0, 3).entries()) {
      const id = `login-${n}`;
      const { reply, stage } = await smtp.send({ from: joe.account, to: [friend], id });
      assert.equal(stage, 'done', reply.text);
      await server.sink.until(() => server.sink.recipients(id).length === 1, id);
    }
    assert.equal((await accounts()).filter((one) => one === joe.account).length, 3);
    assert.deepEqual(
      [...new Set(await accounts())].filter((one) => !/postmaster/.test(one)),
      [joe.account],
    );
  });

  test('a stranger: nobody is judged for mail that comes in', async () => {
    await using smtp = await connectSmtp(server.postfix.ports.smtp, { localAddress: '127.0.0.6' });
    const message = { from: 'x@stranger.test', to: ['ann@mail.test'], id: 'inbound' };
    const { reply, stage } = await smtp.send(message);
    assert.equal(stage, 'done', reply.text);
    const { sink } = server;
    await sink.until(() => sink.recipients('inbound').length === 1, 'inbound');
    assert.deepEqual(
      (await accounts()).filter((one) => one.includes('stranger')),
      [],
    );
    assert.equal(
      await server.guard.metric('postern_milter_faults_total{reason="unknown-user"}'),
      0,
    );
  });

  test('another user of the machine is judged, whatever the message looks like', async () => {
    await sendmailAs(33, 'script');
    const judged = async (): Promise<boolean> => (await accounts()).includes('local:x@evil.test');
    await eventually('it is judged', judged);
  });

  test('doctor proves it with messages, and sees where it is not so', async () => {
    const { configDirectory } = server.postfix;
    const kinds = async (): Promise<readonly (string | undefined)[]> => {
      const words = ['doctor', '--json', '--test-message', '--config-dir', configDirectory];
      const report = await server.guard
        .cli(...words)
        .catch((error: { stdout: string }) => error.stdout);
      const { findings } = JSON.parse(report) as { findings: { id: string; kind: string }[] };
      return ['filters', 'test-message', 'test-incoming'].map(
        (name) => findings.find(({ id }) => id === `postfix.${name}`)?.kind,
      );
    };
    assert.deepEqual(await kinds(), ['ok', 'ok', 'ok']);
    // The pipe gets a user that the guard does not take for a filter.
    const path = join(configDirectory, 'master.cf');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(`user=${filterUser}`, 'user=www-data'));
    await server.postfix.reload();
    // While the filter takes longer than doctor waits, doctor cannot tell.
    await eventually('doctor sees it', async () => (await kinds()).join() === 'fail,ok,fail', {
      timeoutMs: 150_000,
    });
  });
}
