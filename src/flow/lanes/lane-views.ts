/** Shows how providers treat us: from the running guard, or from its ledger alone. */

import type { Account } from '../../core/account-name.ts';
import {
  type BadLane,
  isBadState,
  isOfStrangers,
  type LaneKey,
  type LaneSample,
  type LaneStanding,
  laneKey,
} from '../../core/deliverability/lane.ts';
import { blameKey, storedBlame } from '../../core/incidents/blame.ts';
import { bulkRule } from '../../core/lanes/bulk.ts';
import { ipv4OnlyCommands } from '../../core/lanes/ipv4-only.ts';
import { judgeLane } from '../../core/lanes/judge.ts';
import { type LaneMemory, mostBadBy } from '../../core/lanes/memory.ts';
import { decodeLane } from '../../core/lanes/stored.ts';
import { quantiles, type Sketch } from '../../core/stats/sketch.ts';
import { dayMs, hourMs, type Millis } from '../../lib/time.ts';
import type {
  BulkRow,
  BulkStanding,
  LaneDetail,
  LaneLedger,
  LaneSampleRow,
  LaneViews,
} from '../../ports/lanes.ts';
import type { Ledger } from '../../ports/ledger.ts';
import { type BulkMissing, unsignedOf } from './bulk-missing.ts';
import { busiest } from './bulk-senders.ts';
import { delayUnitSeconds } from './lane-counts.ts';

export type WatchedLane = LaneKey & { readonly memory: LaneMemory };

export type LaneViewDeps = {
  readonly lanes: () => readonly WatchedLane[];
  readonly ledger: Omit<LaneLedger, 'lanes' | 'bulkDomains'>;
  readonly incidents: Ledger['incidents'];
  readonly meta: Ledger['meta'];
  readonly bulk: () => readonly BulkRow[];
  readonly missing: BulkMissing['now'];
  readonly unread: () => string;
  readonly now: () => Millis;
};

const changesMax = 1_000;
const repliesMax = 100;
const newRepliesMax = 100;
const weekMs = 7 * dayMs;
const stateOrder = ['blocked', 'slowed', 'healthy', 'unknown'] as const;

export type LaneStandings = {
  /** What each lane is now: without its answers, so that it may be asked every few seconds. */
  standings(): readonly LaneStanding[];
};

export function laneViews(deps: LaneViewDeps): LaneViews & LaneStandings {
  const { ledger, now } = deps;
  const ordered = (): readonly WatchedLane[] =>
    deps.lanes().toSorted((one, other) => {
      const by = place(one) - place(other);
      return by === 0 ? one.provider.localeCompare(other.provider, 'en') : by;
    });
  return {
    standings: () => ordered().map((lane) => standingOf(lane, deps)),
    list: () => ({
      lanes: ordered().map((lane) => {
        const from = (now() - hourMs) as Millis;
        const samples = ledger.laneSamples(laneKey(lane), from);
        return { ...standingOf(lane, deps), lastHour: summed(samples, from) };
      }),
      newReplies: ledger
        .laneReplies({ new: true, since: (now() - weekMs) as Millis, limit: newRepliesMax })
        .map(({ count, example, family, firstAt, lastAt, provider, shape, source }) => ({
          source,
          family,
          provider,
          shape,
          example,
          count,
          firstAt,
          lastAt,
        })),
      bulk: bulkStandings(deps),
      unread: deps.unread(),
    }),
    bad: () => (deps.unread() === '' ? ordered().flatMap(badLane) : []),
    show: (provider, since, stepMs = 0) =>
      ordered()
        .filter((lane) => lane.provider === provider)
        .map((lane) => detailOf(lane, { since, stepMs }, deps)),
    changes: (since, until) => ledger.laneChanges({ since, until, limit: changesMax }).toReversed(),
  };
}

/** The views of a ledger that no guard writes now. */
export function storedLaneViews(
  ledger: LaneLedger & Pick<Ledger, 'incidents' | 'meta' | 'sendingDomains'>,
  now: Millis,
): LaneViews {
  return laneViews({
    lanes: () =>
      ledger.lanes().map(({ family, memory, provider, source }) => {
        const lane = decodeLane(memory, now);
        const key = { source, family, provider };
        judgeLane(lane, now, isOfStrangers(key));
        return { ...key, memory: lane };
      }),
    ledger,
    incidents: ledger.incidents,
    meta: ledger.meta,
    bulk: () => busiest(ledger.bulkDomains()),
    missing: () => unsignedOf(ledger),
    unread: () => 'the guard is not running',
    now: () => now,
  });
}

function badLane(lane: WatchedLane): readonly BadLane[] {
  const { state } = lane.memory;
  return isBadState(state) ? [{ ...laneKey(lane), state }] : [];
}

function place({ memory }: WatchedLane): number {
  return stateOrder.indexOf(memory.state);
}

function standingOf(lane: WatchedLane, deps: LaneViewDeps): LaneStanding {
  const { decided, since, state, why } = lane.memory;
  const unread = deps.unread();
  const causedBy = isBadState(lane.memory.state) ? mostBadBy(lane.memory) : undefined;
  const { cure = '', link = '', reply = '', rule = '' } = decided ?? {};
  return {
    ...laneKey(lane),
    state: unread === '' ? state : 'unknown',
    since,
    reply,
    rule,
    cure,
    link,
    why: unread === '' ? why : unread,
    commands: refusesOnlyIpv6(lane, deps.lanes()) ? ipv4OnlyCommands(lane.provider) : [],
    causedBy,
    incident: causedBy === undefined ? undefined : incidentOf(causedBy.account, since, deps),
  };
}

/** The last incident of the account, if it was open when the lane got worse or began later. */
function incidentOf(account: string, since: Millis, deps: LaneViewDeps): string | undefined {
  const [last] = deps.incidents({ account: account as Account, limit: 1 });
  if (last !== undefined && (last.endedAt ?? since) >= since - dayMs) return last.id;
  // Not suspended: what it made of the lane is an incident of its own.
  const open = storedBlame(deps.meta(blameKey)).find(
    (one) => one.account === account && one.endedAt === undefined,
  );
  return open?.id;
}

/** Refused by IPv6, while the provider takes mail by IPv4 or is not asked. */
function refusesOnlyIpv6(lane: WatchedLane, all: readonly WatchedLane[]): boolean {
  if (lane.family !== 'ipv6' || lane.memory.state !== 'blocked') return false;
  const others = all.filter((one) => one.provider === lane.provider && one.family === 'ipv4');
  return others.every((one) => one.memory.state !== 'blocked');
}

function detailOf(
  lane: WatchedLane,
  { since, stepMs }: { readonly since: Millis; readonly stepMs: number },
  deps: LaneViewDeps,
): LaneDetail {
  const { ledger, now } = deps;
  const key = laneKey(lane);
  return {
    standing: standingOf(lane, deps),
    changes: ledger.laneChanges({ lane: key, since, until: now(), limit: changesMax }),
    samples: inSteps(ledger.laneSamples(key, since), stepMs),
    replies: ledger
      .laneReplies({ lane: key, since, limit: repliesMax })
      .map(({ count, cure, example, firstAt, lastAt, rule, scope, severity, shape }) => ({
        shape,
        example,
        rule,
        scope,
        severity,
        cure,
        count,
        firstAt,
        lastAt,
      })),
  };
}

function sampleOf({ at, bounced, deferred, delays, sent }: LaneSampleRow): LaneSample {
  const isKnown = delays.size > 0;
  const [p50 = 0, p95 = 0] = quantiles(delays, [0.5, 0.95]).map((one) =>
    Math.round(one * delayUnitSeconds),
  );
  const delayP50 = isKnown ? p50 : undefined;
  return { at, sent, deferred, bounced, delayP50, delayP95: isKnown ? p95 : undefined };
}

/** Oldest first. Delays are joined as sketches, because quantiles do not add up. */
function inSteps(rows: readonly LaneSampleRow[], stepMs: number): readonly LaneSample[] {
  if (stepMs === 0) return rows.map(sampleOf);
  const steps = new Map<number, LaneSampleRow[]>();
  for (const row of rows) {
    const at = Math.floor(row.at / stepMs) * stepMs;
    const known = steps.get(at);
    if (known === undefined) steps.set(at, [row]);
    else known.push(row);
  }
  return [...steps].map(([at, step]) => summed(step, at as Millis));
}

function summed(rows: readonly LaneSampleRow[], at: Millis): LaneSample {
  const delays: Sketch = new Map();
  const sum = { sent: 0, deferred: 0, bounced: 0 };
  for (const row of rows) {
    sum.sent += row.sent;
    sum.deferred += row.deferred;
    sum.bounced += row.bounced;
    for (const [bucket, count] of row.delays) {
      delays.set(bucket, (delays.get(bucket) ?? 0) + count);
    }
  }
  const key = { source: '', family: 'ipv4', provider: '' } as const;
  return sampleOf({ ...key, ...sum, at, delays });
}

function bulkStandings({ bulk, missing }: LaneViewDeps): readonly BulkStanding[] {
  const rows = bulk();
  if (rows.length === 0) return [];
  const missingOf = missing();
  return rows.map(({ busiestDay, domain, messagesADay, passedAt, provider }) => ({
    domain,
    provider,
    messagesADay,
    busiestDay,
    limitADay: bulkRule(provider)?.limitADay,
    passedAt,
    missing: missingOf(domain),
  }));
}
