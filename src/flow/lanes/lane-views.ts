/** Shows how providers treat us: from the running guard, or from its ledger alone. */

import type { Account } from '../../core/account-name.ts';
import type { BadLane, LaneKey, LaneSample, LaneStanding } from '../../core/deliverability/lane.ts';
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
import { busiest } from './bulk-senders.ts';
import { delayUnitSeconds } from './lane-counts.ts';

export type WatchedLane = LaneKey & { readonly memory: LaneMemory };

export type LaneViewDeps = {
  readonly lanes: () => readonly WatchedLane[];
  readonly ledger: Omit<LaneLedger, 'lanes' | 'bulkDomains'>;
  readonly incidents: Ledger['incidents'];
  readonly meta: Ledger['meta'];
  readonly bulk: () => readonly BulkRow[];
  /** What this domain lacks of the rules for bulk senders, as far as Postern knows. */
  readonly missing: (domain: string) => readonly string[];
  readonly unread: () => string;
  readonly now: () => Millis;
};

const changesMax = 1_000;
const sendingMax = 5_000;
const repliesMax = 100;
const newRepliesMax = 100;
const weekMs = 7 * dayMs;
const stateOrder = ['blocked', 'slowed', 'healthy', 'unknown'] as const;

export function laneViews(deps: LaneViewDeps): LaneViews {
  const { ledger, now } = deps;
  const ordered = (): readonly WatchedLane[] =>
    deps.lanes().toSorted((one, other) => {
      const by = place(one) - place(other);
      return by === 0 ? one.provider.localeCompare(other.provider, 'en') : by;
    });
  return {
    list: () => ({
      lanes: ordered().map((lane) => {
        const samples = ledger.laneSamples(keyOf(lane), (now() - hourMs) as Millis);
        return { ...standingOf(lane, deps), lastHour: summed(samples, now()) };
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
      bulk: deps.bulk().map((row) => bulkStanding(row, deps.missing(row.domain))),
      unread: deps.unread(),
    }),
    bad: () => (deps.unread() === '' ? ordered().flatMap(badLane) : []),
    show: (provider, since) =>
      ordered()
        .filter((lane) => lane.provider === provider)
        .map((lane) => detailOf(lane, since, deps)),
    changes: (since, until) => ledger.laneChanges({ since, until, limit: changesMax }).toReversed(),
  };
}

/** The views of a ledger that no guard writes now. */
export function storedLaneViews(
  ledger: LaneLedger & Pick<Ledger, 'incidents' | 'meta'>,
  deps: Pick<LaneViewDeps, 'missing'> & { readonly now: Millis },
): LaneViews {
  const { missing, now } = deps;
  return laneViews({
    lanes: () =>
      ledger.lanes().map(({ family, memory, provider, source }) => {
        const lane = decodeLane(memory, now);
        judgeLane(lane, now);
        return { source, family, provider, memory: lane };
      }),
    ledger,
    incidents: ledger.incidents,
    meta: ledger.meta,
    bulk: () => busiest(ledger.bulkDomains()),
    missing,
    unread: () => 'the guard is not running',
    now: () => now,
  });
}

/** What the ledger shows of the rules for bulk senders that a domain does not follow. */
export function bulkLacks(
  domain: string,
  ledger: Pick<Ledger, 'sendingDomains'>,
): readonly string[] {
  const all = ledger
    .sendingDomains(sendingMax)
    .filter((row) => row.domain === domain || row.domain.endsWith(`.${domain}`));
  const messages = all.reduce((sum, row) => sum + row.messages, 0);
  const signed = all.reduce((sum, row) => sum + row.signed, 0);
  if (messages === 0) return [];
  if (signed === 0) return ['no key signs its mail (DKIM)'];
  const unsigned = messages - signed;
  return unsigned / messages < 0.01 ? [] : [`${unsigned} of ${messages} messages were not signed`];
}

function badLane(lane: WatchedLane): readonly BadLane[] {
  const { state } = lane.memory;
  return state === 'slowed' || state === 'blocked' ? [{ ...keyOf(lane), state }] : [];
}

function place({ memory }: WatchedLane): number {
  return stateOrder.indexOf(memory.state);
}

function keyOf({ family, provider, source }: LaneKey): LaneKey {
  return { source, family, provider };
}

function standingOf(lane: WatchedLane, deps: LaneViewDeps): LaneStanding {
  const { decided, since, state, why } = lane.memory;
  const unread = deps.unread();
  const causedBy = isBad(lane) ? mostBadBy(lane.memory) : undefined;
  const { cure = '', link = '', reply = '', rule = '' } = decided ?? {};
  return {
    ...keyOf(lane),
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

function isBad({ memory }: WatchedLane): boolean {
  return memory.state === 'blocked' || memory.state === 'slowed';
}

/** Refused by IPv6, while the provider takes mail by IPv4 or is not asked. */
function refusesOnlyIpv6(lane: WatchedLane, all: readonly WatchedLane[]): boolean {
  if (lane.family !== 'ipv6' || lane.memory.state !== 'blocked') return false;
  const others = all.filter((one) => one.provider === lane.provider && one.family === 'ipv4');
  return others.every((one) => one.memory.state !== 'blocked');
}

function detailOf(lane: WatchedLane, since: Millis, deps: LaneViewDeps): LaneDetail {
  const { ledger, now } = deps;
  const key = keyOf(lane);
  return {
    standing: standingOf(lane, deps),
    changes: ledger.laneChanges({ lane: key, since, until: now(), limit: changesMax }),
    samples: ledger.laneSamples(key, since).map(sampleOf),
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

function summed(rows: readonly LaneSampleRow[], now: Millis): LaneSample {
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
  return sampleOf({ ...key, ...sum, at: (now - hourMs) as Millis, delays });
}

function bulkStanding(row: BulkRow, missing: readonly string[]): BulkStanding {
  const { busiestDay, domain, messagesADay, passedAt, provider } = row;
  const limitADay = bulkRule(provider)?.limitADay;
  return { domain, provider, messagesADay, busiestDay, limitADay, passedAt, missing };
}
