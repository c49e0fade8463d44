/**
 * Faults of the gate itself, on a made-up place with a hundred honest accounts: a scanner, the
 * clock, the ledger, the DNS, the webmail. At most five accounts are suspended in each. And a thief
 * who pulls the brake on purpose gains little.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noCeilings, type Policy } from '../../src/core/account/policy.ts';
import type { Account } from '../../src/core/account-name.ts';
import type { ReplayEvent, Submission } from '../../src/core/event.ts';
import { openReplay, type Replay } from '../../src/flow/replay/replay.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../src/lib/time.ts';
import { scriptedScan } from '../doubles/scan.ts';
import { accountsMany, gateWorld, hijack, plainly, start, webmailClient } from './gate-world.ts';

const seeds = [1, 2, 3];
/** The fault comes at noon of the fourth Wednesday, and the world goes on until Saturday. */
const faultAt = start + 23 * dayMs + 12 * hourMs;
const days = 26;
const suspendedMax = 5;

type Counts = { readonly replay: Replay; readonly passed: number; readonly stopped: number };

/** Plays the world; from the fault on, each message becomes these events. */
function played(
  seed: number,
  fault: (message: Submission) => readonly ReplayEvent[],
  policy: Policy = noCeilings,
  extra: readonly Submission[] = [],
): Counts {
  const replay = openReplay({ policy, operatorClearsMs: undefined });
  let [passed, stopped] = [0, 0];
  const events = gateWorld(seed, days).flatMap((one) =>
    one.at < faultAt ? plainly(one) : fault(one),
  );
  events.push(...extra);
  for (const event of events.sort((one, other) => one.at - other.at)) {
    const verdict = replay.apply(event);
    if (verdict === undefined || event.at < faultAt || verdict.id.startsWith('h ')) continue;
    if (verdict.verdict === 'pass') passed++;
    else stopped++;
  }
  return { replay, passed, stopped };
}

function suspendedSince({ replay }: Counts): readonly Account[] {
  return replay.summary.suspensions.filter(({ at }) => at >= faultAt).map(({ account }) => account);
}

const faults: Readonly<Record<string, (message: Submission) => readonly ReplayEvent[]>> = {
  'a scanner gives 20 points to all': (message) => [{ ...message, scan: scriptedScan(20) }],
  'a scanner gives 20 points to all for an afternoon': (message) =>
    message.at < faultAt + 6 * hourMs ? [{ ...message, scan: scriptedScan(20) }] : [message],
  'the clock jumps a day ahead': (message) => [{ ...message, at: (message.at + dayMs) as Millis }],
  'DNS is away for a day: names do not exist': (message) =>
    message.at < faultAt + dayMs
      ? [
          message,
          {
            kind: 'delivery',
            id: message.id,
            at: (message.at + minuteMs) as Millis,
            recipient: message.outside[0] ?? '',
            outcome: 'bounced',
            mxHost: '',
            reply: '550 5.1.1 <x>: Recipient address rejected: User unknown',
          },
        ]
      : [message],
  'the webmail moves to a new address': (message) => [
    {
      ...message,
      client: message.client === webmailClient ? '192.0.2.99' : (message.client ?? ''),
    },
  ],
};

for (const seed of seeds) {
  for (const [name, fault] of Object.entries(faults)) {
    test(`${name}: at most five are suspended (SEED=${seed})`, () => {
      const counts = played(seed, fault);
      const suspended = suspendedSince(counts);
      assert.ok(new Set(suspended).size <= suspendedMax, `suspended: ${suspended.join(' ')}`);
      const share = counts.stopped / (counts.stopped + counts.passed);
      assert.ok(share < 0.2, `${Math.round(100 * share)} % are stopped`);
    });
  }

  test(`a ledger of a week ago is restored: at most five are suspended (SEED=${seed})`, () => {
    const isLost = ({ at }: { readonly at: number }): boolean =>
      at > faultAt - 7 * dayMs && at < faultAt;
    const replay = openReplay({ policy: noCeilings, operatorClearsMs: undefined });
    for (const message of gateWorld(seed, days)) if (!isLost(message)) replay.apply(message);
    const suspended = suspendedSince({ replay, passed: 0, stopped: 0 });
    assert.ok(new Set(suspended).size <= suspendedMax, `suspended: ${suspended.join(' ')}`);
  });
}

test('a scanner that is wrong pulls the brake, and its notice names the rule', () => {
  const { replay } = played(1, (message) => [{ ...message, scan: scriptedScan(20) }]);
  const [first] = replay.summary.brakes.filter(({ startedAt }) => startedAt >= faultAt);
  assert.ok(first !== undefined, 'the brake is pulled');
  assert.ok(first.startedAt < faultAt + 2 * hourMs, 'within the first hours');
  assert.ok(first.kinds.includes('content'));
});

/** Eight accounts at once, each for a day, far beyond what passes. */
function massHijack(client: (nth: number) => string): readonly Submission[] {
  return Array.from({ length: 8 }, (_, nth) =>
    hijack(`user${nth * 10 + 6}@d${(nth * 10 + 6) % 12}.example` as Account, {
      at: faultAt + nth * minuteMs,
      client: client(nth),
      messages: 3_000,
      everyMs: 24 * 1_000,
    }),
  ).flat();
}

function reached(extra: readonly Submission[], policy: Policy = noCeilings) {
  const passed = new Map<Account, number>();
  const replay = openReplay({ policy, operatorClearsMs: undefined });
  const events = [...gateWorld(1, days), ...extra].sort((one, other) => one.at - other.at);
  for (const event of events) {
    const verdict = replay.apply(event);
    if (verdict?.verdict !== 'pass' || !verdict.id.startsWith('h ')) continue;
    passed.set(event.account, (passed.get(event.account) ?? 0) + 1);
  }
  return { passed: [...passed.values()], brakes: replay.summary.brakes };
}

test('a thief who pulls the brake from elsewhere is held by two kinds of evidence', () => {
  const { brakes, passed } = reached(massHijack((nth) => `45.${nth}.1.1`));
  assert.ok(
    brakes.some(({ startedAt }) => startedAt >= faultAt),
    'the brake is pulled',
  );
  const most = Math.max(...passed);
  assert.ok(most <= 40, `reached in a day: ${most}`);
});

test('one in the owners’ own networks reaches a bounded number, and ceilings hold', () => {
  const extra = massHijack((nth) => `203.0.${nth * 10 + 6}.7`);
  const { passed } = reached(extra);
  const most = Math.max(...passed);
  assert.ok(most <= 80, `reached in a day: ${most}`);
  const ceiling = { ...noCeilings, accountRecipientsPerDay: 20 };
  // From noon on, it touches two days of the clock.
  assert.ok(Math.max(...reached(extra, ceiling).passed) <= 2 * 20);
});

test('the place has a hundred accounts', () => {
  assert.equal(new Set(gateWorld(1, days).map(({ account }) => account)).size, accountsMany);
});
