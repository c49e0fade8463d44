/**
 * The rotation's promises, in worlds of chance: lagging servers, silence, records lost, clocks set
 * back, restarts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ScriptedZone, type Stepper } from '../../../test/doubles/dkim-zone.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import { type DkimKey, isWaiting, keyName, newKey } from './key.ts';
import { type RotationPolicy, step } from './rotation.ts';
import { retired } from './succession.ts';

const policy: RotationPolicy = {
  everyMs: 20 * dayMs,
  settleMs: hourMs,
  withdrawAfterMs: 6 * dayMs,
  removeAfterMs: 8 * dayMs,
  heldSince: undefined,
};
const queueMs = 6 * dayMs;

type Event =
  | { readonly kind: 'pass'; readonly minutes: number }
  | { readonly kind: 'transfer' | 'silent' | 'speaks'; readonly server: number }
  | { readonly kind: 'mail' | 'restart' }
  | { readonly kind: 'retire' | 'lose' | 'compromised'; readonly which: number }
  | { readonly kind: 'back'; readonly hours: number };

const server = fc.integer({ min: 0, max: 2 });
const which = fc.nat(5);
type Chance = { readonly weight: number; readonly arbitrary: fc.Arbitrary<Event> };
const chance = (weight: number, arbitrary: fc.Arbitrary<Event>): Chance => ({ weight, arbitrary });
const only = <Kind extends string>(...kinds: readonly Kind[]): fc.Arbitrary<Kind> =>
  fc.constantFrom(...kinds);
const calm = [
  chance(9, fc.record({ kind: only('pass'), minutes: fc.integer({ min: 1, max: 3_000 }) })),
  chance(14, fc.record({ kind: only('transfer'), server })),
  chance(4, fc.record({ kind: only('speaks'), server })),
  chance(1, fc.record({ kind: only('silent'), server })),
  chance(8, fc.record({ kind: only('mail') })),
  chance(2, fc.record({ kind: only('restart') })),
  chance(1, fc.record({ kind: only('back'), hours: fc.integer({ min: 1, max: 72 }) })),
];
const rough = [
  ...calm,
  chance(1, fc.record({ kind: only('retire', 'lose'), which })),
  chance(0.2, fc.record({ kind: only('compromised'), which })),
];
const events = (of: readonly Chance[]): fc.Arbitrary<readonly Event[]> =>
  fc.array(fc.oneof(...of.map((one) => ({ ...one, weight: one.weight * 5 }))), {
    minLength: 200,
    maxLength: 600,
    size: 'max',
  });

let made = 0;
const nextKey = (now: Millis): DkimKey => {
  made += 1;
  const facts = { algorithm: 'rsa-sha256', bits: 2048, publicKey: 'A', file: 'f' } as const;
  return newKey({ domain: 'example.org', selector: `s${made}`, ...facts, note: '' }, now);
};

type Run = { readonly zone: ScriptedZone; readonly gaps: number; readonly rotations: number };

function play(happens: readonly Event[], stepper: Stepper = step): Run {
  const zone = new ScriptedZone((1_700_000_000_000 + made) as Millis);
  zone.keys = [nextKey(zone.now)];
  let [gaps, rotations, byHand] = [0, 0, false];
  const look = (): void => {
    const signing = zone.keys.filter(({ state }) => state === 'signing').length;
    const { keys, actions } = zone.step(policy, stepper);
    for (const action of actions) {
      if (action.kind === 'make') zone.keys = [...zone.keys, nextKey(zone.now)];
      if (action.kind === 'tell' && action.news === 'lost') byHand = true;
    }
    const after = keys.filter(({ state }) => state === 'signing').length;
    if (after > 1) zone.faults.push('two keys of one line sign');
    if (signing === 1 && after === 0 && !byHand) gaps += 1;
    if (signing === 1 && actions.some((one) => one.kind === 'tell' && one.news === 'signing')) {
      rotations += 1;
    }
    byHand = false;
    zone.lookAtMail();
  };
  for (const event of happens) {
    happen(zone, event);
    look();
    if (zone.faults.length > 0) break;
  }
  return { zone, gaps, rotations };
}

function happen(zone: ScriptedZone, event: Event): void {
  switch (event.kind) {
    case 'pass':
      for (let left = event.minutes; left > 0; left -= 600) {
        zone.pass(Math.min(left, 600) * minuteMs);
        zone.lookAtMail();
      }
      break;
    case 'transfer':
      zone.transfer(event.server);
      break;
    case 'silent':
      zone.silent.add(event.server);
      break;
    case 'speaks':
      zone.silent.clear();
      break;
    case 'mail':
      zone.mail(queueMs);
      break;
    case 'restart':
      zone.keys = JSON.parse(JSON.stringify(zone.keys)) as readonly DkimKey[];
      break;
    case 'back':
      zone.now = (zone.now - event.hours * hourMs) as Millis;
      break;
    case 'lose': {
      const key = zone.keys[event.which];
      if (key === undefined) break;
      zone.wanted.delete(keyName(key));
      zone.broken.add(keyName(key));
      break;
    }
    default: {
      const compromised = event.kind === 'compromised';
      zone.keys = zone.keys.map((key, index) => {
        if (index !== event.which) return key;
        if (compromised) zone.broken.add(keyName(key));
        return retired(key, zone.now, { compromised });
      });
    }
  }
}

test('whatever happens: nothing signed unseen, no record away too early, one signer a line', () => {
  let [signed, looked] = [0, 0];
  fc.assert(
    fc.property(events(rough), (happens) => {
      const { zone } = play(happens);
      assert.deepEqual(zone.faults, []);
      signed += zone.signed;
      looked += zone.looked;
    }),
    { numRuns: 200 },
  );
  assert.ok(signed > 1_000 && looked > 10_000, `${signed} signatures, looked at ${looked} times`);
});

test('without harm from outside no rotation leaves a gap, and rotations do come about', () => {
  let all = 0;
  fc.assert(
    fc.property(events(calm), (happens) => {
      const { zone, gaps, rotations } = play(happens);
      assert.deepEqual(zone.faults, []);
      assert.equal(gaps, 0);
      all += rotations;
    }),
    { numRuns: 200 },
  );
  assert.ok(all > 50, `${all} rotations`);
});

test('silence neither advances nor sets back', () => {
  fc.assert(
    fc.property(events(rough), (happens) => {
      const { zone } = play(happens);
      zone.silent.add(1);
      const { keys } = zone.step({ ...policy, withdrawAfterMs: Number.MAX_SAFE_INTEGER });
      const states = (all: readonly DkimKey[]): string =>
        all
          .map(({ selector, state }) => `${selector} ${state === 'made' ? 'published' : state}`)
          .join();
      const before = states(zone.keys);
      zone.pass(minuteMs);
      zone.step({ ...policy, withdrawAfterMs: Number.MAX_SAFE_INTEGER });
      assert.equal(states(zone.keys), before);
      assert.equal(states(keys), before);
    }),
    { numRuns: 100 },
  );
});

test('the test sees a rotation that goes wrong: signing at once, or withdrawing at once', () => {
  const faultsOf = (stepper: Stepper): readonly string[] => {
    const found: string[] = [];
    for (const happens of fc.sample(events(calm), { numRuns: 50, seed: 7 })) {
      found.push(...play(happens, stepper).zone.faults);
    }
    return found;
  };
  const unseen = faultsOf((keys, sightings, now, how) => {
    const done = step(keys, sightings, now, how);
    const eager = done.keys.map((key) =>
      isWaiting(key)
        ? { ...key, state: 'signing' as const, times: { ...key.times, signing: now } }
        : key,
    );
    return { ...done, keys: eager };
  });
  assert.ok(unseen.some((fault) => /DNS never showed/.test(fault)));
  const early = faultsOf((keys, sightings, now, how) =>
    step(keys, sightings, now, { ...how, withdrawAfterMs: 0 }),
  );
  assert.ok(early.some((fault) => /its record is away/.test(fault)));
});
