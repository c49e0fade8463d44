/** What is told about an account's mail before a person decides. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Millis, minuteMs } from '../../lib/time.ts';
import { type AccountSent, lastLogin, sentFacts } from './account-facts.ts';

const since = (1_000 * minuteMs) as Millis;
const at = (minute: number): Millis => (minute * minuteMs) as Millis;
const home = { network: '192.0.2.0/24', first: 100, last: 990 };
const office = { network: '198.51.100.0/24', first: 200, last: 900 };
const mail = (minute: number, more: Partial<AccountSent> = {}): AccountSent => ({
  at: at(minute),
  client: '203.0.113.9',
  subject: 'Your parcel',
  recipients: ['a@gmail.example'],
  recipientCount: 1,
  ...more,
});

test('addresses, subjects and domains have counts, most first; texts are printable', () => {
  const facts = sentFacts(
    [
      mail(1_003, { recipients: ['b@gmail.example', 'c@yahoo.example'], recipientCount: 5 }),
      mail(1_001),
      mail(1_002, { client: '192.0.2.7', subject: 'Minutes\n\u202eof\u0007', recipients: [] }),
      mail(1_004, { client: '', subject: '' }),
    ],
    { networks: [home], since },
  );
  assert.deepEqual(
    facts.clients.map((one) => [one.address, one.network, one.networkSince, one.messages]),
    [
      ['203.0.113.9', '203.0.113.0/24', undefined, 2],
      ['192.0.2.7', '192.0.2.0/24', at(100), 1],
    ],
  );
  assert.deepEqual([facts.clients[0]?.firstAt, facts.clients[0]?.lastAt], [at(1_001), at(1_003)]);
  assert.deepEqual(facts.subjects, [
    { subject: 'Your parcel', messages: 2 },
    { subject: 'Minutes of', messages: 1 },
  ]);
  assert.deepEqual(facts.recipients, ['a@gmail.example', 'b@gmail.example', 'c@yahoo.example']);
  assert.deepEqual([facts.messages, facts.recipientCount, facts.unnamed], [4, 8, 4]);
  assert.deepEqual(facts.domains[0], { domain: 'gmail.example', recipients: 2 });
});

test('of hundreds of kinds ten are listed, and all are counted', () => {
  const all = Array.from({ length: 300 }, (_, nth) =>
    mail(1_000 + nth, {
      client: `198.18.${Math.floor(nth / 250)}.${nth % 250}`,
      subject: `${nth} ${'x'.repeat(5_000)}`,
      recipients: [`u@d${nth}.example`],
    }),
  );
  const facts = sentFacts(all, { networks: [], since });
  const { clients, domains, recipients, subjects } = facts;
  assert.deepEqual(
    [clients, recipients, domains].map((list) => list.length),
    [10, 10, 10],
  );
  assert.deepEqual([facts.clientCount, facts.subjectCount, facts.domainCount], [300, 300, 300]);
  assert.ok(subjects.length === 5 && subjects.every(({ subject }) => subject.length <= 120));
});

test('the last login is of a network from before the first sign, never that of the attack', () => {
  const attack = { network: '203.0.113.0/24', first: 1_000, last: 1_010 };
  const seen = [
    mail(980, { client: '192.0.2.7' }),
    mail(970, { client: '192.0.2.9' }),
    mail(1_005),
  ];
  assert.deepEqual(lastLogin([office, home, attack], seen, since), {
    at: at(990),
    network: '192.0.2.0/24',
    address: '192.0.2.7',
  });
  assert.equal(lastLogin([office], seen, since)?.address, '');
  assert.equal(lastLogin([attack], seen, since), undefined);
});
