/**
 * The sessions of one login are ended, and those of nobody else, by a real guard with a real
 * Dovecot. doveadm takes a name that reads as a network for everybody in that network. And what
 * doveadm does not end, although it reports success, is told.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { Account } from '../../src/core/account-name.ts';
import { closedLogins, dovecot, ignoresDomains } from '../../src/partners/dovecot.ts';
import { isLoginName, ownTools } from '../../src/partners/privileged-tools.ts';
import { startDovecot } from './dovecot-instance.ts';
import { people } from './guard-past.ts';
import { type GuardedServer, password, startGuardedServer } from './guarded-server.ts';
import { eventually } from './leash.ts';

const run = promisify(execFile);
const [joe = '', ann = '', number = ''] = ['user0@example.test', 'user1@example.test', '20231234'];
let server: GuardedServer;

before(async () => {
  server = await startGuardedServer({ people: people(2), connect: false });
  await server.dovecot.addUsers({ [number]: password });
});
after(() => server?.[Symbol.asyncDispose]());

/** An IMAP session that stays open. */
async function imap(port: number, login: string) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.write(`a LOGIN ${login} ${password}\r\n`);
  await eventually(`${login} is logged in`, () => /^a OK/m.test(text) || undefined, {
    detail: () => text,
  });
  /** Whether the session still answers. */
  const lives = async (): Promise<boolean> => {
    const before = text.length;
    socket.write('b NOOP\r\n');
    await Promise.race([
      closed,
      eventually('an answer to NOOP', () => text.includes('b OK', before) || undefined),
    ]);
    return !socket.destroyed;
  };
  return { closed, lives, [Symbol.dispose]: () => void socket.destroy() };
}

const inGuard = (login: string) => imap(server.dovecot.imapPort, login);

/** Suspends the account and waits for what became of its login. */
async function suspended(account: string): Promise<'closed' | 'not-closed'> {
  await server.guard.cli('accounts', 'suspend', '--unknown', account, '--note', 'a test');
  return eventually(`the login of ${account} is dealt with`, async () => {
    const said = (await server.guard.log()).some(
      (line) => line.event === 'login.not-closed' && line['account'] === account,
    );
    if (said) return 'not-closed';
    const closed = server.webhook.of('account.suspended', account)[0]?.loginClosed;
    return closed === true ? 'closed' : undefined;
  });
}

for (const login of ['0.0.0.0/0', '127.0.0.1', '127.1', '0x7f000001', '0x7f.1', '1/0']) {
  test(`a suspension of ${login} ends no session, and the operator is told`, async () => {
    using one = await inGuard(joe);
    using other = await inGuard(ann);
    assert.equal(await suspended(login), 'not-closed');
    assert.deepEqual([await one.lives(), await other.lives()], [true, true]);
    assert.equal((await closedLogins(server.dovecot.denyFile)).has(login), false);
    const notice = await eventually('the notice', () =>
      server.webhook.of('account.suspended', login).at(0),
    );
    assert.equal(notice.loginClosed, false);
  });
}

test('whatever doveadm takes for the network of a session is no login for Postern', async () => {
  using _ = await inGuard(joe);
  const hosts = [
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '0x7f.1',
    '0X7f000001',
    '0177.0.0.1',
    '0x7f.0.0x1',
  ];
  const masks = ['', '/32', '/8', '/1', '/0', '/032'];
  const anything = ['0', '00', '1', '12345', '0x0', '0.0', '1.2.3', '::', '[::1]', '::1', 'a::b'];
  const names = [
    ...hosts.flatMap((host) => masks.map((mask) => `${host}${mask}`)),
    ...anything.flatMap((host) => ['', '/0', '/00'].map((mask) => `${host}${mask}`)),
  ];
  const config = server.dovecot.configFile;
  let taken = 0;
  for (const name of names) {
    const words = ['-c', config, '-f', 'tab', 'who', '-1', name];
    const found = (await run('/usr/bin/doveadm', words)).stdout.includes(joe);
    if (found) taken++;
    assert.ok(!(found && isLoginName(name)), `doveadm finds others by ${name}`);
  }
  assert.ok(taken > 40, `doveadm took ${taken} names for a network`);
});

test('nor does its bare name, where the default domain makes it an account', async () => {
  const { configFile, denyFile } = server.dovecot;
  using one = await inGuard(joe);
  const tools = ownTools({ dovecotConfig: configFile });
  const door = dovecot({ tools, denyFile, defaultDomain: 'example.test' });
  const account = '127.1@example.test' as Account;
  await assert.rejects(door.close(account), /cannot close the login "127\.1"/);
  assert.deepEqual([...(await closedLogins(denyFile))], [account], 'what can be closed is closed');
  await door.open(account);
  assert.equal((await closedLogins(denyFile)).size, 0);
  assert.equal(await one.lives(), true);
});

for (const login of [joe, number]) {
  test(`a suspension of ${login} ends that login's sessions alone`, async () => {
    using one = await inGuard(login);
    using second = await inGuard(login);
    using other = await inGuard(ann);
    assert.equal(await suspended(login), 'closed');
    await Promise.all([one.closed, second.closed]);
    assert.equal(await other.lives(), true);
  });
}

test('sessions that doveadm does not end, although it reports success, are told', async () => {
  // One process serves both logins, so doveadm of Dovecot 2.3 ends neither without -f.
  const shares = (unlimited: string): string =>
    `service imap {\n  ${unlimited}\n  client_limit = 10\n  process_limit = 1\n}\n`;
  await using shared = await startDovecot({
    users: { [joe]: password, [ann]: password },
    settings: {
      '2.3': shares('service_count = 0'),
      '2.4': shares('restart_request_count = unlimited'),
    },
  });
  using one = await imap(shared.imapPort, joe);
  using other = await imap(shared.imapPort, ann);
  const tools = ownTools({ dovecotConfig: shared.configFile });
  const door = dovecot({ tools, denyFile: shared.denyFile });
  if (shared.version !== '2.3') {
    await door.close(joe as Account);
    await one.closed;
    assert.equal(await other.lives(), true, 'Dovecot 2.4 ends one session of a process');
    return;
  }
  await assert.rejects(door.close(joe as Account), /Dovecot still has sessions of user0@example/);
  assert.deepEqual([await one.lives(), await other.lives()], [true, true]);
  assert.deepEqual([...(await closedLogins(shared.denyFile))], [joe], 'no new login is possible');
});

test('Dovecot is asked whether it looks at the domain of a login', async () => {
  const users = { 'joe@tenant-a.test': password };
  const asked = async (
    settings?: Readonly<Record<'2.3' | '2.4', string>>,
    login = 'joe@a.test',
  ) => {
    await using one = await startDovecot({
      users,
      ...(settings === undefined ? {} : { settings }),
    });
    const tools = ownTools({ dovecotConfig: one.configFile });
    return await ignoresDomains(tools, [login], AbortSignal.timeout(60_000));
  };
  const static23 = 'passdb {\n  driver = static\n  args = password=x\n}\n';
  const static24 = 'passdb static {\n  password = x\n}\n';
  const folder = await mkdtemp(join(tmpdir(), 'pdu-'));
  const file = join(folder, 'short');
  try {
    await chmod(folder, 0o755);
    await writeFile(file, `joe:{PLAIN}${password}::::::\n`);
    const short = {
      '2.3': `passdb {\n  driver = passwd-file\n  args = username_format=%n ${file}\n}\n`,
      '2.4':
        `passdb short {\n  driver = passwd-file\n  passwd_file_path = ${file}\n` +
        '  auth_username_format = %{user | username}\n}\n',
    };
    assert.equal(await asked(), false);
    assert.equal(await asked(short), true);
    assert.equal(await asked(short, 'ann@a.test'), false);
    // It takes everybody, so nothing can be told.
    assert.equal(await asked({ '2.3': static23, '2.4': static24 }), undefined);
  } finally {
    await rm(folder, { recursive: true });
  }
});
