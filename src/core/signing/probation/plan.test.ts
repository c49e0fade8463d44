import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, hourMs, type Millis } from '../../../lib/time.ts';
import type { Account } from '../../account-name.ts';
import { type DkimKey, keyName, newKey } from '../key.ts';
import { type KeyHolder, type ProbationPolicy, planProbation } from './plan.ts';

const now = (100 * dayMs) as Millis;
const policy: ProbationPolicy = {
  enabled: true,
  newForMs: 30 * dayMs,
  expiresMs: 10 * dayMs,
  spare: 2,
  keysMax: 50,
};

function key(domain: string, selector: string, more: Partial<DkimKey> = {}): DkimKey {
  const facts = { algorithm: 'rsa-sha256', bits: 2048, publicKey: 'A', file: 'f' } as const;
  const made = newKey({ domain, selector, ...facts, note: '' }, 0 as Millis);
  return { ...made, state: 'signing', times: { ...made.times, signing: 1 as Millis }, ...more };
}
const own = (domain: string, selector: string, more: Partial<DkimKey> = {}): DkimKey =>
  key(domain, selector, { use: 'probation', ...more });
const held = (one: DkimKey, agoMs: number): KeyHolder => ({
  domain: one.domain,
  selector: one.selector,
  account: 'joe@example.org' as Account,
  givenAt: 5 as Millis,
  usedAt: (now - agoMs) as Millis,
});

function plan(
  keys: readonly DkimKey[],
  holders: readonly KeyHolder[] = [],
  more: Partial<ProbationPolicy> = {},
  canSend: (domain: string) => boolean = () => true,
): { readonly made: string; readonly changed: string } {
  const { make, changed } = planProbation(
    keys,
    new Map(holders.map((one) => [keyName(one), one])),
    {
      now,
      policy: { ...policy, ...more },
      canSend,
    },
  );
  return {
    made: make.map(({ domain, algorithm, bits }) => `${domain} ${algorithm} ${bits}`).join(', '),
    changed: changed.map(({ selector, state }) => `${selector} ${state}`).join(', '),
  };
}

test('each domain that signs gets spare keys, of RSA if it has one, and not too long', () => {
  const twin = key('a.test', 'e', { algorithm: 'ed25519-sha256', bits: 256 });
  assert.equal(plan([twin]).made, 'a.test ed25519-sha256 256, a.test ed25519-sha256 256');
  const long = key('a.test', 'r', { bits: 4096 });
  assert.equal(plan([twin, long]).made, 'a.test rsa-sha256 2048, a.test rsa-sha256 2048');
  assert.equal(plan([twin, long, own('a.test', 'k1'), own('a.test', 'k2')]).made, '');
});

test('what is on its way counts as spare, what an account has does not', () => {
  const mine = own('a.test', 'k1');
  const waits = own('a.test', 'k2', { state: 'published' });
  const keys = [key('a.test', 'r'), mine, waits];
  assert.equal(plan(keys).made, '');
  assert.equal(plan(keys, [held(mine, 0)]).made, 'a.test rsa-sha256 2048');
  const revoked = own('a.test', 'k3', { state: 'revoked' });
  assert.equal(plan([key('a.test', 'r'), revoked]).made.split(', ').length, 2);
});

test('the limit of keys: each domain gets one before any gets a second', () => {
  const domains = ['a.test', 'b.test', 'c.test'].map((domain) => key(domain, 'r'));
  const made = plan(domains, [], { keysMax: 4 }).made;
  assert.equal(made.replaceAll(' rsa-sha256 2048', ''), 'a.test, b.test, c.test, a.test');
  assert.equal(plan([...domains, own('a.test', 'k1')], [], { keysMax: 1 }).made, '');
  const many = Array.from({ length: 30 }, (_, nth) => key(`d${nth}.test`, 'r'));
  assert.equal(plan(many, [], { keysMax: 1_000 }).made.split(', ').length, 20);
});

test('no probation key where Postern cannot revoke it, or where nothing else signs', () => {
  const keys = [key('a.test', 'r'), own('a.test', 'k1')];
  assert.deepEqual(
    plan(keys, [], {}, () => false),
    { made: '', changed: 'k1 revoked' },
  );
  assert.equal(plan([key('a.test', 'r', { state: 'published' })]).made, '');
  const alone = [key('a.test', 'r', { state: 'revoked' }), own('a.test', 'k1')];
  assert.deepEqual(plan(alone), { made: '', changed: 'k1 revoked' });
});

test('a key retires when all that it signed has expired, and takes its time', () => {
  const mine = own('a.test', 'k1');
  const keys = [key('a.test', 'r'), mine, own('a.test', 'k2'), own('a.test', 'k3')];
  assert.equal(plan(keys, [held(mine, 10 * dayMs)]).changed, '');
  assert.equal(plan(keys, [held(mine, 10 * dayMs + 3 * hourMs)]).changed, 'k1 retiring');
  // The clock was set back.
  assert.equal(plan(keys, [held(mine, -dayMs)]).changed, '');
});

test('turned off: spare keys go at once, used ones when their mail has arrived', () => {
  const mine = own('a.test', 'k1');
  const waits = own('a.test', 'k3', { state: 'made', times: { made: 0 as Millis } });
  const keys = [key('a.test', 'r'), mine, own('a.test', 'k2'), waits];
  const off = plan(keys, [held(mine, 0)], { enabled: false });
  assert.deepEqual(off, { made: '', changed: 'k1 retiring, k2 revoked, k3 revoked' });
});
