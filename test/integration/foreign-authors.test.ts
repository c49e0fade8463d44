/**
 * Two customers of one server, on real Postfix, Dovecot and BIND: whatever a customer's login,
 * host or script puts into the header, no signature of the other customer verifies on what is
 * delivered. dkimpy and Mail::DKIM judge, with the keys that BIND has. Own mail verifies with both.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { serverText } from '../../src/formats/dns/server-address.ts';
import { openPrivateKey } from '../../src/lib/private-key.ts';
import { messageFolder, type OtherResult, type OtherVerifier } from './dkim-verifiers.ts';
import { tricks } from './from-tricks.ts';
import type { GuardInstance } from './guard-instance.ts';
import { type GuardedServer, startGuardedServer } from './guarded-server.ts';
import { type NamedInstance, startNamed } from './named-instance.ts';
import { type SendmailServer, startSendmailServer, users } from './sendmail-server.ts';
import { connectSmtp } from './smtp-client.ts';
import type { Sink } from './smtp-sink.ts';

type Tenant = {
  readonly domain: string;
  readonly login: string;
  /** Domains with a key of this customer; the second is in A-labels. */
  readonly domains: readonly string[];
  /** Addresses that the other customer would like to be. */
  readonly chiefs: readonly string[];
  /** Where its host is. */
  readonly client: string;
  readonly user: 'daemon' | 'games';
};

/** Below a domain of the first customer; Postfix has it in a table that cannot be listed. */
const unlisted = 'shop.tenant-a.test';
const tenants: readonly [Tenant, Tenant] = [
  {
    domain: 'tenant-a.test',
    login: 'joe@tenant-a.test',
    domains: ['tenant-a.test', 'xn--bcher-a-n2a.test'],
    chiefs: ['ceo@tenant-a.test', 'ceo@xn--bcher-a-n2a.test', 'ceo@b\xc3\xbccher-a.test'],
    client: '127.0.0.11',
    user: 'daemon',
  },
  {
    domain: 'tenant-b.test',
    login: 'amy@tenant-b.test',
    domains: ['tenant-b.test', 'xn--bcher-b-n2a.test', unlisted],
    chiefs: [
      'ceo@tenant-b.test',
      'ceo@xn--bcher-b-n2a.test',
      'ceo@b\xc3\xbccher-b.test',
      `ceo@${unlisted}`,
    ],
    client: '127.0.0.12',
    user: 'games',
  },
];
const pairs = [
  [tenants[0], tenants[1]],
  [tenants[1], tenants[0]],
] as const;

const folder = mkdtempSync(join(tmpdir(), 'postern-foreign-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  format: 'pem',
  type: 'pkcs8',
}) as string;
const keyFile = join(folder, 'key.pem');
writeFileSync(keyFile, pem, { mode: 0o600 });
const publicKey = (() => {
  const opened = openPrivateKey(pem);
  assert.ok(opened.ok);
  return opened.value.publicKey;
})();
const recordText = `v=DKIM1; k=rsa; p=${publicKey}`;
const zone = (name: string): string => `$ORIGIN ${name}.
$TTL 300
@ SOA ns1.${name}. hostmaster.${name}. 1 7200 3600 1209600 300
@ NS ns1.${name}.
ns1 A 127.0.0.1
s1._domainkey TXT ( ${(recordText.match(/.{1,200}/g) ?? []).map((one) => `"${one}"`).join(' ')} )
`;

let named: NamedInstance;
let records: Readonly<Record<string, string>>;
before(async () => {
  const all = tenants.flatMap(({ domains }) => domains);
  named = await startNamed({ zones: Object.fromEntries(all.map((name) => [name, zone(name)])) });
  const seen = all.map(async (name) => {
    const [record] = await named.dig(`s1._domainkey.${name}`, 'TXT');
    assert.ok(record?.type === 'TXT');
    return [`s1._domainkey.${name}`, record.strings.join('')] as const;
  });
  records = Object.fromEntries(await Promise.all(seen));
});
after(() => named?.[Symbol.asyncDispose]());

const dnsSettings = (): string =>
  `[dns]\nservers = ["${serverText(named.server)}"]\nauthority_port = ${named.server.port}\n`;

async function giveKeys(guard: GuardInstance): Promise<void> {
  const words = tenants.flatMap(({ domains }) => domains).flatMap((one) => ['--domain', one]);
  const said = await guard.cli('dkim', 'import', 'file', keyFile, '--selector', 's1', ...words);
  assert.equal(said.match(/: taken over, signs/g)?.length, 5, said);
}

/** Every message that a submitter sends, by its name: as the other customer, and own mail. */
function messagesOf(own: string, { chiefs }: Tenant): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, header] of tricks) {
    for (const [nth, chief] of chiefs.entries()) {
      // The other forms of a domain where one address is all there is.
      if (nth > 0 && !/^(?:another author|several authors|a display name|two fields)/.test(name)) {
        continue;
      }
      found.set(`${name} ${nth}`, header(own, chief).join('\r\n'));
    }
  }
  return found.set('own mail', `From: Joe <${own}>`);
}

type Sent = { readonly id: string; readonly from: Tenant; readonly what: string };

/** What others find in all that came: signatures that pass, by message. */
async function judged(
  sink: Sink,
  sent: readonly Sent[],
): Promise<ReadonlyMap<OtherVerifier, ReadonlyMap<string, readonly OtherResult[]>>> {
  await sink.until(() => sent.every(({ id }) => sink.recipients(id).length > 0), 'all', 120_000);
  await using place = await messageFolder();
  for (const { id } of sent) {
    const delivery = sink.deliveries.find((one) => one.id === id);
    assert.ok(delivery !== undefined);
    await place.put(id, Buffer.from(delivery.message, 'latin1'));
  }
  return new Map([
    ['dkimpy', await place.verify('dkimpy', records)],
    ['Mail::DKIM', await place.verify('Mail::DKIM', records)],
  ]);
}

/** Nothing of the other customer verifies, and own mail does. */
async function provenFor(
  sink: Sink,
  sent: readonly Sent[],
  t: { diagnostic(text: string): void },
): Promise<void> {
  const by = await judged(sink, sent);
  for (const [verifier, found] of by) {
    const foreign: string[] = [];
    const unsigned: string[] = [];
    let own = 0;
    for (const { id, from, what } of sent) {
      const passed = (found.get(id) ?? []).filter(({ result }) => result === 'pass');
      const domains = passed.map(({ domain }) => domain.toLowerCase());
      if (domains.some((one) => !from.domains.includes(one))) foreign.push(`${what}: ${domains}`);
      if (domains.some((one) => from.domains.includes(one))) own++;
      else if (what === 'own mail') unsigned.push(id);
    }
    assert.deepEqual(foreign, [], verifier);
    assert.deepEqual(unsigned, [], verifier);
    t.diagnostic(
      `${verifier}: ${sent.length} messages, 0 foreign signatures, ${own} with own signature`,
    );
  }
}

describe('logins, hosts, and sendmail of Postfix', () => {
  let server: GuardedServer;
  before(async () => {
    server = await startGuardedServer({
      people: tenants.map(({ login }) => ({ account: login, friends: ['a@world.test'] })),
      mode: 'observe',
      keepMessages: true,
      config: dnsSettings(),
      settings: () => ({
        mynetworks: tenants.map(({ client }) => `${client}/32`).join(' '),
        smtputf8_enable: 'yes',
        virtual_alias_domains: tenants
          .flatMap(({ domains }) => domains)
          .map((one) => (one === unlisted ? `regexp:{{/^${one}/ OK}}` : one))
          .join(' '),
      }),
    });
    await giveKeys(server.guard);
    for (const { domain, client } of tenants) {
      await server.guard.cli('accounts', 'may-write-as', `client:${client}`, `@${domain}`);
      await server.guard.cli('accounts', 'may-write-as', `local:web@${domain}`, `@${domain}`);
    }
  });
  after(() => server?.[Symbol.asyncDispose]());

  const text = (id: string, header: string): string =>
    `${header}\r\nTo: a@world.test\r\nX-Test-Id: ${id}\r\n\r\nHello.\r\n`;

  for (const how of ['login', 'host'] as const) {
    test(`by ${how}: no signature of the other customer`, async (t) => {
      const sent: Sent[] = [];
      for (const [nth, [from, other]] of pairs.entries()) {
        await using client =
          how === 'login'
            ? await server.login(from.login)
            : await connectSmtp(server.postfix.ports.smtp, { localAddress: from.client });
        for (const [what, header] of messagesOf(from.login, other)) {
          const id = `${how}-${nth}-${sent.length}`;
          const mail = { from: from.login, to: 'a@world.test', mailArguments: 'SMTPUTF8' };
          const reply = await client.sendOctets({ ...mail, text: text(id, header) });
          assert.equal(reply.code, 250, `${what}: ${reply.text}`);
          sent.push({ id, from, what });
        }
      }
      await provenFor(server.sink, sent, t);
    });
  }

  test('by sendmail(1) of Postfix: no signature of the other customer', async (t) => {
    const sent: Sent[] = [];
    for (const [nth, [from, other]] of pairs.entries()) {
      const own = `web@${from.domain}`;
      for (const [what, header] of messagesOf(own, other)) {
        const id = `sendmail-${nth}-${sent.length}`;
        const headers = Buffer.from(header, 'latin1').toString('utf8').split('\r\n');
        await server.postfix.sendmail({ from: own, to: ['a@world.test'], id, headers });
        sent.push({ id, from, what });
      }
    }
    await provenFor(server.sink, sent, t);
  });
});

describe('scripts by the sendmail door', () => {
  let server: SendmailServer;
  before(async () => {
    server = await startSendmailServer({ mode: 'observe', config: dnsSettings() });
    await giveKeys(server.guard);
    for (const { domain, user } of tenants) {
      await server.guard.cli('accounts', 'may-write-as', `user:${user}`, `@${domain}`);
    }
  });
  after(() => server?.[Symbol.asyncDispose]());

  test('no signature of the other customer', async (t) => {
    const sent: Sent[] = [];
    for (const [nth, [from, other]] of pairs.entries()) {
      const own = `web@${from.domain}`;
      for (const [what, header] of messagesOf(own, other)) {
        const id = `script-${nth}-${sent.length}`;
        const lines = Buffer.from(header, 'latin1').toString('utf8').replaceAll('\r\n', '\n');
        const ran = await server.send({
          uid: users[from.user],
          args: ['-i', '-f', own, 'a@world.test'],
          input: `X-Test-Id: ${id}\n${lines}\nSubject: hello\n\nHello.\n`,
        });
        assert.equal(ran.exit, 0, `${what}: ${ran.stderr}`);
        sent.push({ id, from, what });
      }
    }
    await provenFor(server.sink, sent, t);
  });

  test('a program that may write as everybody signs only its own mail', async () => {
    await server.guard.cli('accounts', 'may-write-as', 'user:nobody', '*');
    const [chief = ''] = tenants[1].chiefs;
    const fields = {
      own: '',
      browser: 'Received: from [192.0.2.9] by www.tenant-b.test\n\twith HTTP; today\n',
      redirect: 'Received: from joe (unknown) by mx.test (Postfix) with ESMTPSA id 4ZABC\n',
    };
    for (const [what, field] of Object.entries(fields)) {
      const ran = await server.send({
        uid: users.nobody,
        args: ['-i', '-f', 'amy@tenant-b.test', 'a@world.test'],
        input: `${field}X-Test-Id: passed-${what}\nFrom: ${chief}\nSubject: hello\n\nHello.\n`,
      });
      assert.equal(ran.exit, 0, `${what}: ${ran.stderr}`);
    }
    const ids = Object.keys(fields).map((what) => `passed-${what}`);
    await server.sink.until(() => ids.every((id) => server.sink.recipients(id).length > 0), 'all');
    const signed = ids.filter((id) =>
      /^DKIM-Signature:/im.test(server.sink.deliveries.find((one) => one.id === id)?.message ?? ''),
    );
    assert.deepEqual(signed, ['passed-own', 'passed-browser']);
  });
});
