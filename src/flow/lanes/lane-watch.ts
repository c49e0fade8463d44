/**
 * Watches how each provider treats our mail. Attempts of the mail log are counted on lanes; every
 * few seconds each lane is judged, and a change is written down and told once.
 *
 * Counts are written together with the place in the mail log up to which they go, so a restart
 * counts no attempt twice. The memory by which a lane is judged is written less often: after a kill
 * it may lack the last minute, or count the last lines twice.
 */
import {
  isBadState,
  isOfStrangers,
  isOtherLane,
  type LaneChange,
  type LaneKey,
  laneId,
  laneKey,
  otherProvider,
} from '../../core/deliverability/lane.ts';
import type { Submission } from '../../core/event.ts';
import type { Attempt } from '../../core/fate/attempt.ts';
import { type AnswerKind, answerKind } from '../../core/lanes/answers.ts';
import { judgeLane } from '../../core/lanes/judge.ts';
import { answersOfDay, type LaneMemory, newLane, noteAnswer } from '../../core/lanes/memory.ts';
import { decodeLane, encodeLane } from '../../core/lanes/stored.ts';
import { isToTell, setTold } from '../../core/lanes/telling.ts';
import type { ClassifiedReply, ReplyClassifier } from '../../core/replies/classified.ts';
import { hourMs, type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import type { LaneLedger, LaneRow, Lanes, LaneWrite } from '../../ports/lanes.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import type { BulkMissing } from './bulk-missing.ts';
import type { BulkSenders } from './bulk-senders.ts';
import { LaneCounts, type LaneOutcome } from './lane-counts.ts';
import { type LaneTold, namedMax } from './lane-notices.ts';
import { type LaneStandings, laneViews, type WatchedLane } from './lane-views.ts';

export type LaneWatchDeps = {
  readonly classifier: ReplyClassifier;
  /** Id of the provider that runs this mail host; undefined for one without an id. */
  readonly providerOf: (mxHost: string) => string | undefined;
  /** The domain that the owner of a host registered. */
  readonly organisationOf: (host: string) => string | undefined;
  readonly ledger: LaneLedger;
  readonly journal: {
    add: Journal['add'];
    readonly live: Pick<Journal['live'], 'incidents' | 'message' | 'meta'>;
  };
  readonly world: World;
  readonly told: LaneTold;
  readonly bulk: BulkSenders;
  readonly missing: BulkMissing;
};

export type LaneWatch = Lanes & {
  readonly standings: LaneStandings['standings'];
  /** A message was judged: its From domain counts for the rules for bulk senders. */
  judged(message: Submission): void;
  /**
   * Takes what was counted since the last call. The answer writes it, with the place in the mail
   * log up to which it goes.
   */
  cut(): (key: string, place: string) => void;
  /** Why the mail log is not read; undefined: it is read. */
  unread(why: string | undefined): void;
  /** The state of each lane. */
  states(): readonly LaneMemory['state'][];
  /** To be called every few seconds. */
  look(): void;
};

export const lanesLookEveryMs: number = 5 * secondMs;
/** Lanes in memory: those of providers with an id, and of the largest others. */
const lanesMax = 500;
const othersMax = 100;
/** A lane of another provider with fewer answers in a day may give its place to a new one. */
const smallMax = 3;
/** A lane is in memory for at least this long. */
const stayMs = hourMs;
/** Strangers choose what their servers answer: notices about them are this far apart. */
const othersGapMs = hourMs;
/** What changes within this time is told in one notice. */
const gatherMs = 15 * secondMs;
/** The memory of a lane without trouble is written at most this often. */
const saveEveryMs = minuteMs;
const loopback = /^(?:127\.|::1$)/;

type Lane = WatchedLane & {
  savedAt: Millis;
  /** Since when it is in memory. */
  readonly begunAt: Millis;
  isChanged: boolean;
  /** Bad replies came since it was written. */
  isUrgent: boolean;
  /** The state as written in the last change: unknown while the log is not read. */
  shown: LaneMemory['state'];
};

export function openLaneWatch(deps: LaneWatchDeps): LaneWatch {
  return new Watch(deps);
}

class Watch implements LaneWatch {
  readonly #deps: LaneWatchDeps;
  readonly #lanes = new Map<string, Lane>();
  readonly #counts = new LaneCounts();
  readonly list: Lanes['list'];
  readonly bad: Lanes['bad'];
  readonly show: Lanes['show'];
  readonly standings: LaneStandings['standings'];
  readonly changes: Lanes['changes'];
  #others = 0;
  #othersToldAt = 0 as Millis;
  #unread = '';
  #dueSince: Millis | undefined;

  constructor(deps: LaneWatchDeps) {
    this.#deps = deps;
    const now = deps.world.clock.now();
    const rows = deps.ledger
      .lanes()
      .toSorted(
        (one, other) => Number(isOtherLane(one)) - Number(isOtherLane(other)) || other.at - one.at,
      );
    for (const { at, family, memory, provider, source } of rows.slice(0, lanesMax)) {
      const lane = this.#add({ family, provider, source }, decodeLane(memory, now));
      if (lane === undefined) continue;
      lane.savedAt = at;
      const { toldAt } = lane.memory;
      if (isOfStrangers(lane) && toldAt > this.#othersToldAt) this.#othersToldAt = toldAt;
    }
    const views = laneViews({
      lanes: () => [...this.#lanes.values()],
      ledger: deps.ledger,
      incidents: (filter) => deps.journal.live.incidents(filter),
      meta: (key) => deps.journal.live.meta(key),
      bulk: () => deps.bulk.rows(),
      missing: deps.missing.now,
      unread: () => this.#unread,
      now: () => deps.world.clock.now(),
    });
    this.list = views.list;
    this.bad = views.bad;
    this.show = views.show;
    this.standings = views.standings;
    this.changes = views.changes;
  }

  judged(message: Submission): void {
    this.#deps.bulk.judged(message);
  }

  attempted(seen: Attempt): void {
    const now = this.#deps.world.clock.now();
    // What is dated ahead happened now at the latest.
    const attempt = seen.at > now ? { ...seen, at: now } : seen;
    const { at, isLocal, mxAddress, mxHost, outcome, reply } = attempt;
    if (isLocal || mxHost === '' || outcome === 'handed-on' || outcome === 'expired') return;
    if (loopback.test(mxAddress)) return;
    const lane = this.#laneOf(attempt);
    if (lane === undefined) return;
    if (outcome === 'sent') {
      this.#note(lane, 'taken', attempt, undefined);
      this.#deps.bulk.sent(attempt, lane.provider);
      return;
    }
    const { classifier } = this.#deps;
    const as = classifier.classify({ reply, mxHost, status: outcome });
    // Words of our own mail server, such as a connection that ended, are no answer.
    if (as.isOwnWords) return;
    this.#note(lane, answerKind(as, outcome), attempt, as);
    this.#counts.reply(laneKey(lane), classifier.shape(reply), at, reply, as);
  }

  cut(): (key: string, place: string) => void {
    if (this.#counts.isEmpty) return () => undefined;
    const now = this.#deps.world.clock.now();
    const { replies, samples } = this.#counts.take();
    const due = [...this.#lanes.values()].filter(
      (lane) => lane.isUrgent || (lane.isChanged && Math.abs(now - lane.savedAt) >= saveEveryMs),
    );
    const lanes = due.map((lane) => save(lane, now));
    const bulk = this.#deps.bulk.take();
    return (key, value) => {
      this.#write({ lanes, samples, replies, bulk, changes: [], place: { key, value } });
    };
  }

  unread(why: string | undefined): void {
    this.#unread = why ?? '';
  }

  states(): readonly LaneMemory['state'][] {
    return [...this.#lanes.values()].map(({ shown }) => shown);
  }

  look(): void {
    const now = this.#deps.world.clock.now();
    const changes: LaneChange[] = [];
    const lanes: LaneRow[] = [];
    const all = [...this.#lanes.values()];
    for (const lane of all) judgeLane(lane.memory, now, isOfStrangers(lane));
    const told = new Set(this.#toTell(all, now));
    for (const lane of all) {
      const to = this.#unread === '' ? lane.memory.state : 'unknown';
      if (to !== lane.shown) changes.push(this.#changed(lane, to, now));
      else if (!told.has(lane)) continue;
      lanes.push(save(lane, now));
    }
    if (told.size > 0) this.#deps.told.changed([...told]);
    this.#tellNear(now);
    this.#forget(now);
    if (lanes.length === 0) return;
    this.#write({ lanes, changes, samples: [], replies: [], bulk: [], place: undefined });
  }

  /** Tells of domains near to a number, once it is known what each of them lacks. */
  #tellNear(now: Millis): void {
    const { bulk, missing, told } = this.#deps;
    const near = bulk.near();
    missing.ask([...near.slice(0, namedMax), ...bulk.rows()]);
    if (near.length === 0) return;
    if (!near.slice(0, namedMax).every(({ domain }) => missing.isAsked(domain))) return;
    told.near(near);
    // A kill before it is written tells again, which is better than never.
    bulk.told(near, now);
  }

  /** Lanes of which the operator is told now: what changes within seconds is told together. */
  #toTell(all: readonly Lane[], now: Millis): readonly Lane[] {
    const due = all.filter((lane) => this.#unread === '' && this.#isToTell(lane, now));
    if (due.length === 0) this.#dueSince = undefined;
    else this.#dueSince ??= now;
    if (this.#dueSince === undefined || Math.abs(now - this.#dueSince) < gatherMs) return [];
    this.#dueSince = undefined;
    for (const lane of due) {
      setTold(lane.memory, now);
      if (isOfStrangers(lane)) this.#othersToldAt = now;
    }
    return due;
  }

  #isToTell(lane: Lane, now: Millis): boolean {
    if (!isToTell(lane.memory, now)) return false;
    return !isOfStrangers(lane) || Math.abs(now - this.#othersToldAt) >= othersGapMs;
  }

  #changed(lane: Lane, to: Lane['shown'], now: Millis): LaneChange {
    const { reply = '', rule = '' } = lane.memory.decided ?? {};
    const from = lane.shown;
    lane.shown = to;
    const { count, log } = this.#deps.world;
    count('postern_lane_changes_total', 1, to);
    const { family, provider, source } = lane;
    const why = this.#unread === '' ? lane.memory.why : this.#unread;
    log('info', 'lane.changed', { provider, family, source, from, to, why, rule });
    return { ...laneKey(lane), at: now, from, to, reply, rule };
  }

  #note(lane: Lane, kind: AnswerKind, attempt: Attempt, as: ClassifiedReply | undefined): void {
    const { at, outcome, reply } = attempt;
    const isBad = kind === 'blocked' || kind === 'slowed' || kind === 'part';
    const { cure = '', link = '', rule = '' } = as ?? {};
    const by = isBad ? this.#accountOf(attempt) : '';
    noteAnswer(lane.memory, kind, { at, by, words: { reply, rule, cure, link } });
    lane.isChanged = true;
    if (isBad) lane.isUrgent = true;
    const counted = outcome as LaneOutcome;
    this.#counts.add(laneKey(lane), counted, attempt);
    const provider = isOtherLane(lane) ? otherProvider : lane.provider;
    this.#deps.world.count('postern_lane_attempts_total', 1, `${provider} ${counted}`);
  }

  /** The account or script for which Postern judged the message, else what the log names. */
  #accountOf({ account, queueId }: Attempt): string {
    return this.#deps.journal.live.message(queueId)?.account ?? account ?? '';
  }

  #laneOf({ from, mxAddress, mxHost }: Attempt): Lane | undefined {
    const { organisationOf, providerOf } = this.#deps;
    const family = mxAddress.includes(':') ? 'ipv6' : 'ipv4';
    const id = providerOf(mxHost);
    const provider = id ?? organisationOf(mxHost) ?? otherProvider;
    const key = { source: from, family, provider } as const;
    const known = this.#lanes.get(laneId(key));
    if (known !== undefined) return known;
    const now = this.#deps.world.clock.now();
    return (
      this.#add(key, newLane(now)) ??
      this.#lanes.get(laneId({ ...key, provider: otherProvider })) ??
      this.#add({ ...key, provider: otherProvider }, newLane(now))
    );
  }

  /** Undefined: there is no room for one more of its kind. */
  #add(key: LaneKey, memory: LaneMemory): Lane | undefined {
    const isOther = isOtherLane(key);
    if (isOther && this.#others >= othersMax && !this.#makeRoom()) return undefined;
    if (this.#lanes.size >= lanesMax) return undefined;
    const lane: Lane = {
      ...key,
      memory,
      savedAt: 0 as Millis,
      begunAt: this.#deps.world.clock.now(),
      isChanged: false,
      isUrgent: false,
      shown: memory.state,
    };
    this.#lanes.set(laneId(key), lane);
    if (isOther) this.#others += 1;
    return lane;
  }

  #makeRoom(): boolean {
    const now = this.#deps.world.clock.now();
    for (const [name, lane] of this.#lanes) {
      if (!isOtherLane(lane) || answersOfDay(lane.memory, now) >= smallMax) continue;
      if (isBadState(lane.memory.state)) continue;
      // Else each new domain would take the place of the one before, and all would be written.
      if (Math.abs(now - lane.begunAt) < stayMs) continue;
      this.#lanes.delete(name);
      this.#others -= 1;
      return true;
    }
    return false;
  }

  /** Lanes that had no mail for a day and are not of a provider with an id. */
  #forget(now: Millis): void {
    for (const [name, lane] of this.#lanes) {
      if (!isOtherLane(lane) || lane.memory.state !== 'unknown') continue;
      if (answersOfDay(lane.memory, now) > 0) continue;
      this.#lanes.delete(name);
      this.#others -= 1;
    }
  }

  #write(row: LaneWrite): void {
    this.#deps.journal.add({ kind: 'lanes', row });
  }
}

function save(lane: Lane, now: Millis): LaneRow {
  lane.savedAt = now;
  lane.isChanged = false;
  lane.isUrgent = false;
  return { ...laneKey(lane), at: now, memory: encodeLane(lane.memory) };
}
