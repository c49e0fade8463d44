/** The judgements that only the checklist has: settings, outgoing mail, role addresses, keys. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Millis } from '../../../lib/time.ts';
import type { DkimKeyFacts } from '../signing/dkim-keys.ts';
import { keyFindings } from './keys.ts';
import { outgoingFindings, roleFindings } from './outgoing.ts';
import { scannerFindings, settingFindings } from './settings.ts';

const kinds = (findings: readonly { readonly id: string; readonly kind: string }[]): string[] =>
  findings.map(({ id, kind }) => `${id} ${kind}`);
const fresh = {
  service: false,
  contact: 'you',
  usualContact: 'you',
  sendmailDoor: 'off',
  verify: { enabled: false, arc: false },
  stance: 'observe',
  hasScanner: false,
};
const whole = {
  service: true,
  contact: 'help@example.org',
  usualContact: 'you',
  sendmailDoor: 'unix:/run/postern/sendmail',
  verify: { enabled: true, arc: true },
  stance: 'auto',
  hasScanner: true,
};
const names = [
  'guard.service',
  'guard.contact',
  'sendmail.door',
  'verify.enabled',
  'verify.arc',
  'inbound.stance',
];

test('a fresh configuration lacks each part, a whole one has all', () => {
  assert.deepEqual(
    kinds(settingFindings(fresh)),
    names.map((id) => `${id} warn`),
  );
  assert.deepEqual(
    kinds(settingFindings(whole)),
    names.map((id) => `${id} ok`),
  );
  assert.deepEqual(kinds(scannerFindings(fresh)), ['scan.none warn']);
  assert.deepEqual(scannerFindings(whole), []);
});

test('without systemd it is unknown whether the guard starts with the machine', () => {
  const [service] = settingFindings({ ...fresh, service: undefined });
  assert.equal(service?.kind, 'unknown');
});

test('what counts for the check of incoming mail needs it to be on', () => {
  const off = settingFindings({ ...whole, verify: { enabled: false, arc: true } });
  assert.deepEqual(
    off.filter(({ kind }) => kind !== 'ok').map(({ id }) => id),
    ['verify.enabled', 'verify.arc', 'inbound.stance'],
  );
  assert.match(off.find(({ id }) => id === 'verify.enabled')?.found ?? '', /wrote first/);
});

test('TLS of outgoing mail, and notices of Postfix', () => {
  const facts = { tlsLevel: '', relayHost: '', ownNotices: [] };
  assert.deepEqual(kinds(outgoingFindings(facts)), [
    'postfix.outgoing-tls warn',
    'postfix.own-notices warn',
  ]);
  const [relayed] = outgoingFindings({ ...facts, tlsLevel: 'none', relayHost: '[relay.test]' });
  assert.match(relayed?.found ?? '', /\[relay\.test\] in clear: smtp_tls_security_level /);
  const good = { tlsLevel: 'dane', relayHost: '', ownNotices: ['bounce'] };
  assert.deepEqual(kinds(outgoingFindings(good)), [
    'postfix.outgoing-tls ok',
    'postfix.own-notices ok',
  ]);
});

test('postmaster and abuse', () => {
  assert.deepEqual(roleFindings([], []), []);
  assert.deepEqual(kinds(roleFindings(['a.test'], [])), ['addresses.roles ok']);
  const [lacking] = roleFindings(['a.test'], ['abuse@a.test']);
  assert.match(lacking?.found ?? '', /no abuse@a\.test/);
});

const now = (1_000 * dayMs) as Millis;
const key = (more: Partial<DkimKeyFacts>): DkimKeyFacts => ({
  domain: 'a.test',
  selector: 's1',
  state: 'signing',
  todo: '',
  fault: '',
  canSend: false,
  since: (now - 100 * dayMs) as Millis,
  ...more,
});
const halfYear = 182 * dayMs;

test('keys: none, never replaced, replaced by a person, replaced automatically', () => {
  assert.deepEqual(kinds(keyFindings({ keys: [], everyMs: undefined, now })), [
    'signing.none warn',
  ]);
  const gone = [key({ state: 'gone' })];
  assert.deepEqual(kinds(keyFindings({ keys: gone, everyMs: undefined, now })), [
    'signing.none warn',
  ]);
  const [never] = keyFindings({ keys: [key({})], everyMs: undefined, now });
  assert.equal(never?.kind, 'warn');
  assert.deepEqual(never.due, { at: now + 265 * dayMs, what: 'key s1 of a.test' });
  const [byHand] = keyFindings({ keys: [key({})], everyMs: halfYear, now });
  assert.deepEqual([byHand?.kind, byHand?.due?.at], ['ok', now + 82 * dayMs]);
  const [alone] = keyFindings({ keys: [key({ canSend: true })], everyMs: halfYear, now });
  assert.deepEqual([alone?.kind, alone?.due], ['ok', undefined]);
});

test('the oldest key that signs is the one that counts; those of accounts do not', () => {
  const old = key({ selector: 'old', since: (now - 300 * dayMs) as Millis });
  const held = key({ selector: 'held', since: 0 as Millis, holder: 'joe' });
  const [found] = keyFindings({ keys: [key({}), old, held], everyMs: halfYear, now });
  assert.match(found?.due?.what ?? '', /^key old of/);
  const waiting = keyFindings({ keys: [key({ state: 'waiting' })], everyMs: halfYear, now });
  assert.match(waiting[0]?.found ?? '', /no key signs yet/);
});
