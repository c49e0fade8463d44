/** What could not be looked at is unknown: never done, and never "not needed". */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { derived } from '../src/core/checklist/items/derive.ts';
import { allMeasures } from '../src/core/checklist/items/measures/all.ts';
import { loginItems } from '../src/core/checklist/modern/logins.ts';
import { oneClickItem } from '../src/core/checklist/modern/one-click.ts';
import { ownSigner, replayItem } from '../src/core/checklist/modern/replay.ts';
import type { ReflectionFacts } from '../src/core/reflection/facts.ts';
import { reflectionFindings } from '../src/core/reflection/ways.ts';

test('without any finding no item about Postfix is done or not needed', () => {
  const evidence = { findings: [], unread: new Map() };
  const items = derived(allMeasures, evidence, () => '');
  const ofPostfix = [
    ...['mail.filters', 'logins.one-account', 'server.certificate', 'inbound.quota'],
    ...['inbound.answers', 'inbound.backup-mx', 'mail.connected', 'providers.tls'],
  ];
  for (const id of ofPostfix) {
    assert.equal(items.find((one) => one.id === id)?.state, 'unknown', id);
  }
});

test('logins: a Postfix that cannot be read is not safe because Dovecot is', () => {
  const dovecot = { allowsCleartext: false, doors: ['imap 143'], asksPolicy: true };
  const facts = { postfix: undefined, dovecot, jails: undefined };
  const states = (of: typeof facts): readonly string[] =>
    loginItems(of, { postconf: () => '' }).map(({ state }) => state);
  assert.deepEqual(states(facts), ['unknown', 'unknown']);
  const plain = { ...facts, dovecot: { ...dovecot, allowsCleartext: true } };
  assert.equal(states(plain)[0], 'broken', 'what is known to be wrong is said');
});

test('a ledger that cannot be read: nobody knows who sends in bulk, and who signs', () => {
  const nothing = { messages: 0, offered: 0, oneClick: 0 };
  const bulk = oneClickItem([], () => nothing, 'EACCES');
  assert.equal(bulk.state, 'unknown');
  assert.match(bulk.found, /EACCES/);
  assert.equal(replayItem([], 'EACCES').state, 'unknown');
  assert.equal(replayItem([ownSigner], 'EACCES').state, 'unknown');
  const open = { ...ownSigner, addable: ['to'] };
  assert.equal(replayItem([open], 'EACCES').state, 'missing');
});

const facts: ReflectionFacts = {
  classes: [],
  services: [],
  values: {
    soft_bounce: 'no',
    unverified_recipient_reject_code: '550',
    unknown_local_recipient_reject_code: '550',
    unknown_virtual_mailbox_reject_code: '550',
    unknown_virtual_alias_reject_code: '550',
    unknown_relay_recipient_reject_code: '550',
    delay_warning_time: '0h',
    luser_relay: '',
  },
  catchAlls: [],
  deadAliases: [],
  twice: [],
  dovecot: undefined,
  otherExchangers: [],
  answersJudged: true,
};

test('Dovecot that cannot be read, and name servers that do not answer', () => {
  const kinds = (more: Partial<ReflectionFacts>): Readonly<Record<string, string>> =>
    Object.fromEntries(reflectionFindings({ ...facts, ...more }).map(({ id, kind }) => [id, kind]));
  const usual = kinds({});
  const ids = ['reflection.quota', 'reflection.answers', 'reflection.other-mx'];
  for (const id of ids) assert.equal(usual[id], undefined, id);
  const blind = kinds({ dovecot: 'unread', silentDomains: ['example.org'] });
  for (const id of ids) assert.equal(blind[id], 'unknown', id);
  const other = kinds({ otherExchangers: ['example.org: mx2.test'], silentDomains: ['b.test'] });
  assert.equal(other['reflection.other-mx'], 'warn');
});
