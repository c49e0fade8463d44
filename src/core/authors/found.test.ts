/** What is proposed for hosts, scripts and lists, and what never is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Account } from '../account-name.ts';
import { type SenderFacts, senderProposals } from './found.ts';

const facts = (more: Partial<SenderFacts> = {}): SenderFacts => ({
  networks: [],
  clients: [],
  scripts: [],
  aliases: [],
  unlisted: [],
  origin: 'mail.example',
  users: new Map(),
  domains: ['a.example', 'b.example'],
  isHere: (domain) => ['a.example', 'b.example', 'mail.example'].includes(domain),
  ...more,
});
const proposed = (more: Partial<SenderFacts>): readonly string[] =>
  senderProposals(facts(more)).proposals.map(({ account, address }) => `${account} ${address}`);
const notes = (more: Partial<SenderFacts>): readonly string[] => senderProposals(facts(more)).notes;

test('a host of mynetworks: each domain with a key; this machine is no host', () => {
  const networks = ['127.0.0.0/8', '[::1]/128', '[::ffff:127.0.0.0]/104', '192.0.2.0/24'];
  assert.deepEqual(proposed({ networks }), [
    'client:192.0.2.0/24 @a.example',
    'client:192.0.2.0/24 @b.example',
  ]);
  assert.deepEqual(proposed({ networks: ['[2001:db8::]/64'], domains: ['a.example'] }), [
    'client:2001:db8::/64 @a.example',
  ]);
});

test('clients that have sent are proposed in place of their network', () => {
  const networks = ['192.0.2.0/24'];
  const domains = ['a.example'];
  const clients = ['192.0.2.7', '198.51.100.1'];
  assert.deepEqual(proposed({ networks, clients, domains }), ['client:192.0.2.7 @a.example']);
  const many = [1, 2, 3, 4, 5, 6].map((nth) => `192.0.2.${nth}`);
  assert.deepEqual(proposed({ networks, clients: many, domains }), [
    'client:192.0.2.0/24 @a.example',
  ]);
});

test('a network with exceptions is not proposed as a whole', () => {
  const networks = ['!192.0.2.9', '192.0.2.0/24', '198.51.100.1'];
  const domains = ['a.example'];
  assert.deepEqual(proposed({ networks, domains }), ['client:198.51.100.1 @a.example']);
  assert.match(notes({ networks, domains })[0] ?? '', /^192\.0\.2\.0\/24 .* has exceptions/);
  assert.deepEqual(proposed({ networks, domains, clients: ['192.0.2.3'] }), [
    'client:192.0.2.3 @a.example',
    'client:198.51.100.1 @a.example',
  ]);
});

test('of many domains a host is not proposed for all', () => {
  const domains = Array.from({ length: 6 }, (_, nth) => `d${nth}.example`);
  const networks = ['192.0.2.0/24'];
  assert.deepEqual(proposed({ networks, domains }), []);
  assert.match(notes({ networks, domains })[0] ?? '', /which of 6 domains .*--observe 14d$/);
});

test('a table that cannot be listed is named', () => {
  assert.deepEqual(notes({}), []);
  assert.match(notes({ unlisted: ['mysql:/x.cf'] })[0] ?? '', /^mysql:\/x\.cf cannot be listed; /);
});

test('a virtual alias of a list is an address of the list', () => {
  const aliases = [
    { key: 'team@a.example', value: 'team' },
    { key: 'team', value: '"|/var/lib/mailman/mail/mailman post team"' },
    { key: 'crew@b.example', value: 'team@a.example' },
    { key: 'info@a.example', value: 'joe' },
    { key: 'joe@b.example', value: 'joe' },
  ];
  assert.deepEqual(proposed({ aliases }), ['user:list team@a.example', 'user:list crew@b.example']);
});

const script = (
  from: readonly string[],
  more: Partial<SenderFacts['scripts'][number]> = {},
): SenderFacts['scripts'][number] => ({
  account: 'script:/var/www/a.example/form.php' as Account,
  messages: 10,
  odd: 0,
  from: from.map((key) => ({ key, count: 1 })),
  ...more,
});

test('a script: the addresses that it wrote as, of domains with a key', () => {
  const account = 'script:/var/www/a.example/form.php';
  const scripts = [script(['info@a.example', 'visitor@elsewhere.example'])];
  assert.deepEqual(proposed({ scripts }), [`${account} info@a.example`]);
  const many = ['w', 'x', 'y', 'z'].map((name) => `${name}@b.example`);
  assert.deepEqual(proposed({ scripts: [script(many)] }), [`${account} @b.example`]);
  assert.deepEqual(proposed({ scripts: [script(['info@a.example'], { odd: 5 })] }), []);
  // One of 100 messages may be of a thief.
  assert.deepEqual(proposed({ scripts: [script(['info@a.example'], { messages: 100 })] }), []);
});

test('lists of each program, by how it hands over its mail', () => {
  const aliases = [
    { key: 'team', value: '"|/usr/lib/mailman3/bin/mailman deliver team"' },
    { key: 'news@a.example', value: 'lmtp:[127.0.0.1]:8024' },
    { key: 'club@a.example', value: 'mlmmj:a.example/club' },
    { key: 'board-request@b.example', value: '|"/usr/lib/sympa/bin/queue board-request"' },
    { key: 'old@b.example', value: '|/usr/bin/ezmlm-send /lists/old' },
    { key: 'major@b.example', value: '"|/usr/lib/majordomo/wrapper resend major"' },
    { key: 'joe@a.example', value: 'mailman@b.example' },
    { key: 'jim@b.example', value: 'jim' },
    { key: 'all@a.example', value: ':include:/etc/lists/sympa' },
  ];
  assert.deepEqual(proposed({ aliases, domains: ['a.example', 'b.example', 'mail.example'] }), [
    'user:list team@mail.example',
    'user:list news@a.example',
    'user:mlmmj club@a.example',
    'user:sympa board-request@b.example',
    'user:alias old@b.example',
    'user:majordomo major@b.example',
  ]);
});

test('a domain of lists alone is one declaration', () => {
  const aliases = ['x', 'x-bounces', 'y'].map((name) => ({
    key: `${name}@b.example`,
    value: `mlmmj:${name}`,
  }));
  assert.deepEqual(proposed({ aliases }), ['user:mlmmj @b.example']);
  const users = new Map([['mlmmj', 'lists']]);
  assert.deepEqual(proposed({ aliases, users }), ['user:lists @b.example']);
});

test('aliases to other servers are named, and nothing is proposed for them', () => {
  const aliases = [
    { key: 'ann@a.example', value: 'ann@elsewhere.example' },
    { key: 'bob@a.example', value: 'bob, bob@b.example' },
    { key: 'team', value: '"|/bin/x a@elsewhere.example"' },
  ];
  assert.deepEqual(proposed({ aliases }), []);
  assert.match(notes({ aliases })[0] ?? '', /^1 alias forwards .* such as ann@a\.example/);
});

test('nothing is proposed for a domain without a key', () => {
  const name = fc.constantFrom<string>('a.example', 'b.example', 'c.example', 'd.c.example');
  const address = fc.tuple(fc.constantFrom('x', 'y', 'z'), name).map(([one, at]) => `${one}@${at}`);
  const row = fc.record({ key: address, value: fc.constantFrom('mlmmj:x', '|ezmlm-send', 'x') });
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 6 }),
      fc.array(address, { maxLength: 6 }),
      fc.uniqueArray(name),
      (aliases, from, domains) => {
        const found = proposed({
          aliases,
          domains,
          scripts: [script(from)],
          networks: ['10.0.0.1'],
        });
        for (const one of found) assert.ok(domains.includes(one.replace(/^.*@/, '')), one);
        assert.equal(new Set(found).size, found.length);
      },
    ),
  );
});
