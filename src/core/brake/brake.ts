/**
 * The brake on the gate itself. When more accounts are stopped within an hour than ever before,
 * Postern assumes that Postern is wrong: a scanner, the clock, the ledger, the DNS. While the brake
 * is on, no account is suspended, and a message is held only if two kinds of evidence agree. Fixed
 * ceilings hold as before.
 *
 *   off ──more stops than ever, or by hand──▶ on ──an hour as usual, or by hand──▶ off
 */
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import { activeAccounts, countSender, lastHour } from './activity.ts';
import {
  type BrakeMemory,
  dayOfStops,
  decodeMemory,
  type Episode,
  encodeMemory,
  newMemory,
} from './memory.ts';
import { commonKinds, inCommon } from './shared-causes.ts';
import type { EvidenceKind, Stop } from './stop.ts';

/** As many accounts are stopped within an hour on any server, or this share of those that send. */
const stoppedMin = 5;
const stoppedShare = 0.005;
/** The same of suspensions, within a day. */
const suspendedMin = 5;
const suspendedShare = 0.0005;
/** After a sign, or after a fault of ours, half of that is enough. */
const waryMin = 2;
const waryMs = { clock: hourMs, ledger: dayMs, fault: dayMs } as const;
/** An hour shows that all is well if this share of the accounts sends that did when it began. */
const calmActivity = 0.25;
/** A server on which nobody sends much: after this time it is over all the same. */
const calmMs = 3 * dayMs;
/**
 * The fault was ours if this share of all senders was stopped, or that share for nothing but what
 * others say of the mail: thieves have numbers or a client of their own. Else as many are usual
 * from now on.
 */
const faultShare = 0.2;
const saidShare = 0.1;
/** By an operator who says that the stops were right. */
const offMs = dayMs;
/** After hijacks that were real, more of them may be suspended at once. */
const suspendedLearned = 2;
const stopsMax = 2_000;
const suspendedMax = 200;
const signsMax = 8;
/** A ledger that nobody wrote to for this long is old, or Postern did not run. */
const ledgerAgeMs = dayMs;
const clockJumpMs = hourMs;
/** That Postern runs, and how many accounts send, is stored this often at least. */
const storedEveryMs = hourMs;
/** Mail that was held so long before the brake was on belongs to it. */
export const beforeMs: number = hourMs;

export type BrakeChange = { readonly kind: 'on' | 'off'; readonly episode: Episode };

export class Brake {
  readonly #memory: BrakeMemory;
  readonly #changed: (change: BrakeChange) => void;
  #isDirty = false;
  #hasTicked = false;
  /** When it was stored last, by `tick`. */
  #storedAt = 0 as Millis;

  /** `stored`: what `encode` gave before. */
  constructor(changed: (change: BrakeChange) => void, stored?: string) {
    this.#changed = changed;
    this.#memory = stored === undefined ? newMemory() : decodeMemory(stored);
  }

  /** Counts a message. `before`: when its account has sent before; undefined: never. */
  sent(at: Millis, before: Millis | undefined): void {
    if (this.#memory.since === 0) this.#memory.since = at;
    countSender(this.#memory.activity, at, before);
  }

  get isOn(): boolean {
    return this.#memory.episode?.endedAt === 0;
  }

  /** When the brake came on; 0: it is off. */
  get since(): Millis {
    const { episode } = this.#memory;
    return episode?.endedAt === 0 ? episode.startedAt : (0 as Millis);
  }

  /**
   * An account would be held or suspended. Ask `isOn` only after that: the stop that pulls the
   * brake is the first that it applies to.
   */
  stopped(stop: Stop): void {
    const memory = this.#memory;
    const { at } = stop;
    this.#isDirty = true;
    // Evidence of before says nothing about now.
    const isNew = stop.isFresh && this.#keep(stop);
    if (this.isOn) return;
    const newly = isNew ? this.#newlyStopped(at) : 0;
    const suspended = this.#suspended(at, stop);
    if (at >= memory.offUntil && (newly > this.#bar(at) || suspended > this.#suspendedBar(at))) {
      this.#pull(at, 'guard', Math.max(newly, this.#newlyStopped(at)));
      return;
    }
    const day = dayOfStops(memory, at);
    day.stopped = Math.max(day.stopped, newly);
    day.suspended = Math.max(day.suspended, suspended);
    if (!stop.suspends) return;
    memory.suspensions.push({ account: stop.account, at, ...makerOf(stop) });
    if (memory.suspensions.length > suspendedMax) memory.suspensions.shift();
  }

  /** Ends it when an hour was as usual. Call it every minute. */
  review(at: Millis): void {
    const { episode } = this.#memory;
    if (episode === undefined || episode.endedAt > 0) return;
    // Accounts that were stopped long before say nothing new: hijacked ones go on for days.
    const stops = [...this.#memory.stops].filter(
      ([, { firstAt, lastAt }]) => lastAt > at - hourMs && firstAt > episode.startedAt - beforeMs,
    );
    const stopped = apart(stops);
    if (stopped > episode.stopped) {
      episode.stopped = stopped;
      this.#describe(
        episode,
        stops.map(([, stop]) => stop),
      );
    }
    if (stopped > episode.usual) episode.calmSince = 0 as Millis;
    else if (episode.calmSince === 0) episode.calmSince = at;
    this.#isDirty = true;
    if (episode.startedBy !== 'guard' || episode.calmSince === 0) return;
    if (at - episode.startedAt < hourMs) return;
    const active = lastHour(this.#memory.activity, at);
    const isTold = active >= Math.max(1, calmActivity * episode.active);
    if (isTold || at - episode.calmSince >= calmMs) this.#end(at, 'guard', true);
  }

  /** As `review`, with the clock of the machine: every minute, and once at the start. */
  tick(at: Millis): void {
    const memory = this.#memory;
    const passed = at - memory.tickedAt;
    if (memory.tickedAt > 0) {
      const isStart = !this.#hasTicked;
      const isJump = passed < -clockJumpMs || (!isStart && passed > clockJumpMs + minuteMs);
      if (isJump) this.#sign({ what: 'clock', at, byMs: passed });
      else if (isStart && passed > ledgerAgeMs) this.#sign({ what: 'ledger', at, byMs: passed });
    }
    this.#hasTicked = true;
    memory.tickedAt = at;
    // Else it would seem at the next start that Postern has not run since the last stop.
    if (Math.abs(at - this.#storedAt) >= storedEveryMs) {
      this.#storedAt = at;
      this.#isDirty = true;
    }
    this.review(at);
  }

  /** An operator pulls it: it is on until they say otherwise. */
  pullByHand(at: Millis, by: string): void {
    if (!this.isOn) this.#pull(at, by, this.#newlyStopped(at));
  }

  /**
   * An operator ends it. `right`: the stops are right, so accounts are suspended from now on, and
   * for a day the brake does not come on automatically.
   */
  endByHand(at: Millis, by: string, right: boolean): void {
    this.#memory.offUntil = (right ? at + offMs : 0) as Millis;
    this.#isDirty = true;
    if (this.isOn) this.#end(at, by, !right);
  }

  /**
   * Kinds of evidence that an account's sums have only from our own fault: those of the last
   * episode, if the account has not sent since its end. `before`: when the account sent last.
   */
  forgives(before: Millis): readonly EvidenceKind[] {
    const { episode } = this.#memory;
    if (episode === undefined || !episode.forgives) return none;
    const during = before >= episode.startedAt - beforeMs && before < episode.endedAt;
    return during ? episode.kinds.filter((kind) => kind === 'content' || kind === 'replies') : none;
  }

  /** What it remembers. Nobody else changes it. */
  get memory(): Readonly<BrakeMemory> {
    return this.#memory;
  }

  /** How many accounts may be newly stopped within an hour. */
  usual(at: Millis): number {
    return this.#bar(at);
  }

  /** What is to be stored; undefined if nothing has changed since the last call. */
  encode(): string | undefined {
    if (!this.#isDirty) return undefined;
    this.#isDirty = false;
    return encodeMemory(this.#memory);
  }

  /** Whether the account was not stopped in the day before. */
  #keep({ account, at, facts, kinds, maker }: Stop): boolean {
    const { stops } = this.#memory;
    const known = stops.get(account);
    const isNew = known === undefined || at - known.lastAt >= dayMs;
    // The last one stands last: the first ones are forgotten when there are too many.
    stops.delete(account);
    const firstAt = isNew ? at : known.firstAt;
    stops.set(account, { kinds, facts, firstAt, lastAt: at, ...makerOf({ maker }) });
    if (stops.size <= stopsMax) return isNew;
    const [oldest] = stops.keys();
    if (oldest !== undefined) stops.delete(oldest);
    return isNew;
  }

  #newlyStopped(at: Millis): number {
    return apart([...this.#memory.stops].filter(([, { firstAt }]) => firstAt > at - hourMs));
  }

  /** Accounts suspended within a day, with this one. */
  #suspended(at: Millis, { account, maker, suspends }: Stop): number {
    const memory = this.#memory;
    memory.suspensions = memory.suspensions.filter((one) => one.at > at - dayMs);
    const makers = new Set(memory.suspensions.map((one) => one.maker ?? one.account));
    return suspends ? makers.add(maker ?? account).size : 0;
  }

  #record(of: 'stopped' | 'suspended'): number {
    let highest = 0;
    for (const day of this.#memory.days) highest = Math.max(highest, day[of]);
    return highest;
  }

  #bar(at: Millis): number {
    const active = activeAccounts(this.#memory.activity);
    const most = Math.max(stoppedMin, stoppedShare * active, this.#record('stopped'));
    return this.#lowered(at, most);
  }

  #suspendedBar(at: Millis): number {
    const active = activeAccounts(this.#memory.activity);
    const most = Math.max(suspendedMin, suspendedShare * active, this.#record('suspended'));
    return this.#lowered(at, most);
  }

  #lowered(at: Millis, most: number): number {
    const { episode, signs } = this.#memory;
    const isWary =
      signs.some((sign) => Math.abs(at - sign.at) < waryMs[sign.what]) ||
      (episode?.forgives === true && at - episode.endedAt < waryMs.fault);
    return isWary ? Math.max(waryMin, Math.floor(most / 2)) : Math.floor(most);
  }

  #sign(sign: BrakeMemory['signs'][number]): void {
    const { signs } = this.#memory;
    signs.push(sign);
    if (signs.length > signsMax) signs.shift();
    this.#isDirty = true;
  }

  #pull(at: Millis, by: string, stopped: number): void {
    const memory = this.#memory;
    const { activity, stops } = memory;
    const episode: Episode = {
      startedAt: at,
      startedBy: by,
      endedAt: 0 as Millis,
      endedBy: '',
      active: Math.max(activity.now, activity.last),
      stopped,
      usual: this.#bar(at),
      common: [],
      kinds: [],
      calmSince: 0 as Millis,
      forgives: false,
      suspended: [...new Set(memory.suspensions.map(({ account }) => account))],
    };
    this.#describe(
      episode,
      [...stops.values()].filter(({ lastAt }) => lastAt > at - hourMs),
    );
    memory.episode = episode;
    memory.offUntil = 0 as Millis;
    this.#isDirty = true;
    this.#changed({ kind: 'on', episode });
  }

  #describe(episode: Episode, stops: readonly Pick<Stop, 'kinds' | 'facts'>[]): void {
    episode.common = inCommon(stops);
    episode.kinds = commonKinds(episode.common);
  }

  #end(at: Millis, by: string, wasFault: boolean): void {
    const { episode, stops } = this.#memory;
    if (episode === undefined) return;
    episode.endedAt = at;
    episode.endedBy = by;
    const [kind] = episode.kinds;
    const isSaid = episode.kinds.length === 1 && (kind === 'content' || kind === 'replies');
    const least = (isSaid ? saidShare : faultShare) * Math.max(1, episode.active);
    episode.forgives = wasFault && (by !== 'guard' || episode.stopped >= least);
    if (episode.forgives) {
      // If the fault is still there, the same accounts count as new.
      for (const [account, { firstAt }] of stops)
        if (firstAt > episode.startedAt - beforeMs) stops.delete(account);
    } else {
      const day = dayOfStops(this.#memory, at);
      day.stopped = Math.max(day.stopped, episode.stopped);
      day.suspended = Math.max(day.suspended, suspendedLearned * episode.suspended.length);
    }
    this.#isDirty = true;
    this.#changed({ kind: 'off', episode });
  }
}

const none: readonly EvidenceKind[] = [];

/** How many of these stops nobody could have made together. */
function apart(stops: readonly (readonly [Account, Pick<Stop, 'maker'>])[]): number {
  return new Set(stops.map(([account, { maker }]) => maker ?? account)).size;
}

function makerOf({ maker }: { readonly maker?: Account | undefined }): Pick<Stop, 'maker'> {
  return maker === undefined ? {} : { maker };
}

/** The accounts that were stopped within the hour before `at`, the last one first. */
export function stoppedAccounts(
  { stops }: Pick<BrakeMemory, 'stops'>,
  at: Millis,
): readonly Account[] {
  const all = [...stops].filter(([, { lastAt }]) => lastAt > at - hourMs);
  return all.map(([account]) => account).reverse();
}
