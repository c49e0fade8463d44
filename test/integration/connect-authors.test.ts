/**
 * What sends without a login, on a real Postfix: `connect authors` proposes hosts and lists of its
 * tables, declares them, and takes them back; mail of a host is signed exactly while it is
 * declared. `dkim import --declare` keeps what InternalHosts allowed. `doctor` names a domain whose
 * key nobody may use.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { noNameServer, writeSigningKeys } from '../../bench/signing-keys.ts';
import { makeKeyPair } from '../../src/lib/private-key.ts';
import type { StatusView } from '../../src/ports/admin.ts';
import type { AuthorsView } from '../../src/ports/authors.ts';
import { postern } from '../command-line.ts';
import { type GuardedServer, startGuardedServer } from './guarded-server.ts';
import { connectSmtp } from './smtp-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-authors-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const [pem, other] = await Promise.all([makeKeyPair('rsa'), makeKeyPair('rsa')]);
const printer = '127.0.0.21';

let server: GuardedServer;
before(async () => {
  const lists = join(folder, 'transport');
  writeFileSync(
    lists,
    'team@lists.test lmtp:[127.0.0.1]:8024\nteam-bounces@lists.test lmtp:[127.0.0.1]:8024\n',
  );
  const [origin, aliases] = [join(folder, 'mailname'), join(folder, 'aliases')];
  writeFileSync(origin, 'origin.test\n');
  writeFileSync(aliases, 'crew "|/usr/lib/mailman/mail/mailman post crew"\n');
  server = await startGuardedServer({
    people: [{ account: 'joe@a.test', friends: ['a@world.test'] }],
    mode: 'observe',
    keepMessages: true,
    config: noNameServer,
    settings: () => ({
      mynetworks: `127.0.0.1/32 ${printer}/32`,
      transport_maps: `texthash:${lists}`,
      alias_maps: `texthash:${aliases}`,
      // As on Debian.
      myorigin: origin,
    }),
    async prepare(state) {
      const domains = ['a.test', 'lists.test', 'origin.test', 'unused.test'];
      writeSigningKeys(
        state,
        domains.map((domain) => ({ domain, selector: 's', privateKey: pem })),
      );
    },
  });
});
after(() => server?.[Symbol.asyncDispose]());

const where = (): readonly string[] => ['--config-dir', server.postfix.configDirectory];
const authors = (...words: readonly string[]): Promise<string> =>
  server.guard.cli('connect', 'authors', ...where(), ...words);
async function declared(): Promise<readonly string[]> {
  const { declarations } = await server.guard.json<AuthorsView>('/api/authors');
  return declarations.map(({ account, address }) => `${account} ${address}`).sort();
}

let sent = 0;
async function isSigned(domain: string): Promise<boolean> {
  sent++;
  const id = `host-${sent}`;
  await using client = await connectSmtp(server.postfix.ports.smtp, { localAddress: printer });
  const text = `From: scanner@${domain}\r\nTo: a@world.test\r\nX-Test-Id: ${id}\r\n\r\nPage 1\r\n`;
  const reply = await client.sendOctets({ from: `scanner@${domain}`, to: 'a@world.test', text });
  assert.equal(reply.code, 250);
  await server.sink.until(() => server.sink.recipients(id).length > 0, id);
  const delivery = server.sink.deliveries.find((one) => one.id === id);
  return new RegExp(`^DKIM-Signature:[^]*?d=${domain};`, 'm').test(delivery?.headers ?? '');
}

const proposed = [
  ...['a.test', 'lists.test', 'origin.test', 'unused.test'].map(
    (domain) => `client:${printer} @${domain}`,
  ),
  'user:list @lists.test',
  'user:list crew@origin.test',
];

async function shownForeign(): Promise<readonly string[]> {
  const { foreign } = await server.guard.json<StatusView>('/api/status');
  return foreign.map(({ account, address }) => `${account} ${address}`);
}

test('hosts and lists are proposed, declared only when it is wanted, and taken back', async () => {
  assert.equal(await isSigned('a.test'), false);
  const shown = await authors('--dry-run');
  for (const one of proposed) assert.ok(shown.includes(`accounts may-write-as ${one}\n`), shown);
  assert.deepEqual(await declared(), []);

  await server.guard.cli('accounts', 'may-write-as', `client:${printer}`, '@a.test');
  const report = JSON.parse(await authors('--dry-run', '--json')) as {
    readonly changed: boolean;
    readonly declarations: readonly unknown[];
  };
  assert.deepEqual([report.changed, report.declarations.length], [false, proposed.length - 1]);
  await server.guard.cli('accounts', 'may-write-as', `client:${printer}`, '@a.test', '--remove');

  await assert.rejects(authors(), /nobody can be asked/);
  assert.deepEqual(await declared(), []);
  const said = await authors('--yes');
  assert.match(said, /\nclient:127\.0\.0\.21 may write as @lists\.test\n/);
  assert.match(said, /\nTo undo: (?:\.\/)?postern connect authors --undo\n$/);
  assert.doesNotMatch(said, /\?|undo: \S*postern accounts/);
  assert.deepEqual(await declared(), proposed);
  assert.equal(await isSigned('a.test'), true);
  assert.deepEqual(await shownForeign(), []);
  assert.match(await authors('--yes'), /There is nothing to declare\.\n$/);

  await server.guard.cli('accounts', 'may-write-as', 'joe@a.test', '@other.test');
  await authors('--undo');
  assert.deepEqual(await declared(), ['joe@a.test @other.test']);
  assert.equal(await isSigned('a.test'), false);
  assert.deepEqual(await shownForeign(), [`client:${printer} scanner@a.test`]);
  assert.match(await authors('--undo'), /^This command has declared nothing\.\n$/);
});

test('doctor names the domain with a key that no account may write as', async () => {
  const config = ['--config', server.guard.configFile];
  const { out } = await postern('doctor', ...where(), ...config, '--json', '--state', server.state);
  process.exitCode = 0;
  const { findings } = JSON.parse(out) as {
    readonly findings: readonly { readonly id: string; readonly found: string }[];
  };
  const found = findings.find(({ id }) => id === 'signing.authors')?.found;
  assert.equal(found, 'no account is known that may write as lists.test, unused.test');
  const foreign = findings.find(({ id }) => id === 'signing.foreign')?.found;
  assert.equal(foreign, `2 messages of 1 account: client:${printer} (2)`);
});

test('an import declares what InternalHosts allowed, and says the rest', async () => {
  const key = join(folder, 'c.key');
  writeFileSync(key, other, { mode: 0o600 });
  const conf = join(folder, 'opendkim.conf');
  writeFileSync(
    conf,
    `KeyTable csl:c=c.test:s1:${key}\nSigningTable csl:c.test=c\nRequireSafeKeys no\n` +
      `InternalHosts csl:127.0.0.1,${printer}0,198.51.100.0/24,printer.c.test\n`,
  );
  const run = (...words: readonly string[]): ReturnType<typeof postern> =>
    postern(
      ...['dkim', 'import', 'opendkim', conf, '--state', server.state],
      ...['--config', server.guard.configFile, ...words],
    );
  const dry = await run('--dry-run', '--declare');
  assert.equal(dry.exit, 1);
  assert.match(dry.err, /1 declaration to be made/);
  assert.match(dry.out, /^ {2}postern accounts may-write-as client:198\.51\.100\.0\/24 @c\.test$/m);
  assert.match(dry.out, /^ {2}not kept: InternalHosts printer\.c\.test: /m);
  assert.deepEqual(await declared(), ['joe@a.test @other.test']);
  const done = await run('--declare');
  assert.equal(done.exit, 0, done.err + done.out);
  assert.deepEqual(await declared(), ['client:198.51.100.0/24 @c.test', 'joe@a.test @other.test']);
  assert.match(done.out, /^ {2}client:198\.51\.100\.0\/24 may write as @c\.test; undo: /m);
  assert.doesNotMatch((await run()).out, /Declarations that keep/);
});
