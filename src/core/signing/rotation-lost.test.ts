/**
 * A record that somebody takes out of the zone: looked at as the daemon does, whenever in its round
 * that happens.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScriptedZone } from '../../../test/doubles/dkim-zone.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import { type DkimKey, keyName, newKey } from './key.ts';
import type { RotationPolicy } from './rotation.ts';
import { retired } from './succession.ts';

const policy: RotationPolicy = {
  everyMs: 0,
  settleMs: hourMs,
  withdrawAfterMs: 10 * dayMs,
  removeAfterMs: 30 * dayMs,
  heldSince: undefined,
};
const start = 1_700_000_000_000 as Millis;
/** As flow/signing/key-keeper.ts steps. */
const stepMs = 10 * minuteMs;
/** Where in the hour between two looks at what is well: each step that there may be. */
const offsets = [0, 10, 20, 30, 40, 50].map((minutes) => minutes * minuteMs);

const key = (selector: string, more: Partial<DkimKey>): DkimKey => {
  const facts = { algorithm: 'rsa-sha256', bits: 2048, publicKey: 'A', file: '' } as const;
  return { ...newKey({ domain: 'example.org', selector, ...facts, note: '' }, start), ...more };
};

/** The old key retires, the new one signs; each was seen everywhere that long ago. */
function openWorld(oldSeen: number, newSeen: number): ScriptedZone {
  const zone = new ScriptedZone(start);
  const ago = (ms: number): Millis => (start - ms) as Millis;
  const seen = (ms: number) => ({ sight: 'everywhere', sightAt: ago(ms) }) as const;
  const times = { made: ago(9 * dayMs), signing: ago(8 * dayMs), retiring: ago(dayMs) };
  zone.keys = [
    key('old', { state: 'retiring', times, ...seen(oldSeen) }),
    key('new', {
      state: 'signing',
      times: { made: ago(2 * dayMs), signing: ago(dayMs) },
      ...seen(newSeen),
    }),
  ];
  for (const one of zone.keys) zone.wanted.set(keyName(one), 'key');
  transferAll(zone);
  return zone;
}

function transferAll(zone: ScriptedZone): void {
  for (const server of zone.servers.keys()) zone.transfer(server);
}

function lose(zone: ScriptedZone, selector: string): void {
  zone.wanted.delete(`${selector}._domainkey.example.org`);
  transferAll(zone);
}

/** Steps so long; answers with who signed after each, `-`: nobody. */
function pass(zone: ScriptedZone, ms: number): readonly string[] {
  const signers: string[] = [];
  for (let passed = 0; passed < ms; passed += stepMs) {
    zone.pass(stepMs);
    zone.step(policy);
    const signing = zone.keys.filter(({ state }) => state === 'signing');
    signers.push(signing.map(({ selector }) => selector).join('+') || '-');
  }
  return signers;
}

test('the key before a lost one signs from the very step in which that one stops', () => {
  for (const oldSeen of offsets) {
    for (const newSeen of offsets) {
      for (const before of offsets) {
        const zone = openWorld(oldSeen, newSeen);
        pass(zone, before);
        lose(zone, 'new');
        const signers = pass(zone, 2 * hourMs);
        const when = `seen ${oldSeen} and ${newSeen} ms ago, lost after ${before} ms`;
        assert.ok(!signers.includes('-'), `${when}: ${signers.join(' ')}`);
        assert.equal(signers.at(-1), 'old', when);
        assert.deepEqual(zone.faults, []);
      }
    }
  }
});

test('where the key before it was not to be seen either, it signs as soon as it is', () => {
  for (const newSeen of offsets) {
    const zone = openWorld(0, newSeen);
    lose(zone, 'new');
    lose(zone, 'old');
    assert.equal(pass(zone, 2 * hourMs).at(-1), '-');
    zone.wanted.set('old._domainkey.example.org', 'key');
    zone.wanted.delete('new._domainkey.example.org');
    transferAll(zone);
    assert.deepEqual(pass(zone, hourMs), Array(6).fill('old'));
    zone.wanted.set('new._domainkey.example.org', 'key');
    transferAll(zone);
    assert.equal(pass(zone, 3 * hourMs).at(-1), 'new', 'and hands back');
  }
});

test('it also falls back from a key whose record was changed to say revoked', () => {
  const zone = openWorld(0, 0);
  zone.wanted.set('new._domainkey.example.org', 'revoked');
  transferAll(zone);
  assert.equal(pass(zone, 2 * hourMs).at(-1), 'old');
  assert.equal(zone.keys[1]?.state, 'revoked');
});

test('a key that the operator takes out is no lost one: none comes back for it', () => {
  for (const compromised of [false, true]) {
    const zone = openWorld(0, 0);
    lose(zone, 'new');
    for (let steps = 0; zone.keys[1]?.lostSince === undefined; steps++) {
      assert.ok(steps < 10);
      pass(zone, stepMs);
    }
    zone.keys = zone.keys.map((one) =>
      one.selector === 'new' ? retired(one, zone.now, { compromised }) : one,
    );
    assert.deepEqual(new Set(pass(zone, 3 * hourMs)), new Set(['-']));
  }
});

test('what is well is looked at as seldom as before', () => {
  const zone = openWorld(0, 0);
  let looks = 0;
  const { sighting } = zone;
  zone.sighting = (one) => {
    looks += 1;
    return sighting.call(zone, one);
  };
  pass(zone, dayMs);
  assert.equal(looks, 2 * 24);
});
