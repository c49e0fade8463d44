/**
 * Decides how DKIM keys follow one another. From the keys, what DNS shows of them and the time, it
 * gives the changed keys, and the actions to carry out once the change is written down. Pure.
 *
 * What always holds: a key begins to sign only after DNS has shown it to a verifier at every
 * server, or at every server that answers for a day while the others are silent, or by order of the
 * operator. A record stays as long as a message signed with it may be in a queue. A key stops
 * signing for its successor only in the step in which the successor begins. A DNS server that does
 * not answer changes nothing. When the clock was set back, each wait begins again.
 */
import type { DkimAlgorithm } from '../../formats/dkim/signing-key.ts';
import { dayMs, type Millis, minuteMs } from '../../lib/time.ts';
import {
  type DkimKey,
  hasSigned,
  isOlder,
  isWaiting,
  type KeyState,
  keyName,
  type Sighting,
  sameLine,
} from './key.ts';
import { begun, entered } from './succession.ts';

export type RotationPolicy = {
  /** A successor is made when a key has signed for this long; 0: only by a command. */
  readonly everyMs: number;
  /** A record must have been everywhere at least this long before its key signs. */
  readonly settleMs: number;
  /** A record stays this long after its key last signed: as long as mail may be in any queue. */
  readonly withdrawAfterMs: number;
  /** A revoked record is removed after this long. */
  readonly removeAfterMs: number;
  /** Since when the oldest message is held here: it may leave any day, with its signature. */
  readonly heldSince: Millis | undefined;
};

/** What the operator is told about a key. */
export type KeyNews =
  /** The record must be published. */
  | 'publish'
  /** The record should have been published days ago, but DNS does not show it everywhere. */
  | 'stuck'
  | 'signing'
  /** A key that signed is missing from DNS. */
  | 'lost'
  /** The key no longer signs, but its record is gone too early. */
  | 'early'
  | 'revoke'
  | 'remove';

export type KeyAction =
  | { readonly kind: 'publish' | 'revoke' | 'remove' | 'delete-file'; readonly key: DkimKey }
  | {
      readonly kind: 'make';
      readonly domain: string;
      readonly algorithm: DkimAlgorithm;
      readonly bits: number;
      readonly use?: 'probation';
    }
  | { readonly kind: 'tell'; readonly news: KeyNews; readonly key: DkimKey };

export type RotationStep = {
  /** All keys as they are from now on. */
  readonly keys: readonly DkimKey[];
  /** The keys that changed: to be written before any action. */
  readonly changed: readonly DkimKey[];
  /** In order. Each may be done twice: what DNS does not show yet is asked for again next time. */
  readonly actions: readonly KeyAction[];
};

/**
 * A server that has been silent for this long does not stop a key that all others show. It is dead,
 * or receivers cannot reach it either, or its secondary zone has been refreshed long ago.
 */
export const silentAfterMs: number = dayMs;
/** At least two looks, so that a zone in the middle of a reload does not stop the signing. */
export const lostAfterMs: number = 5 * minuteMs;
/** If a record is not there after this time, it was forgotten or its server is down. */
export const stuckAfterMs: number = 2 * dayMs;
const tellAgainMs = 7 * dayMs;

const unasked: Sighting = { kind: 'unasked', cachedMs: 0, text: '' };

/** Runs one step. `sightings` by keyName; a key without one is not judged by DNS this time. */
export function step(
  before: readonly DkimKey[],
  sightings: ReadonlyMap<string, Sighting>,
  now: Millis,
  policy: RotationPolicy,
): RotationStep {
  const run = new Step(before, sightings, now, policy);
  for (const index of before.keys()) run.look(index);
  for (const index of before.keys()) run.begin(index);
  for (const index of before.keys()) run.fallBack(index);
  for (const index of before.keys()) run.end(index);
  run.schedule();
  return run.result();
}

/** Keys that nothing waits for are looked at this often; all others at each step. */
const quietLookMs = 60 * minuteMs;

/** The keys whose records should be looked at now. */
export function toAsk(keys: readonly DkimKey[], now: Millis): readonly DkimKey[] {
  const lost = keys.filter(({ lostSince }) => lostSince !== undefined);
  return keys.filter((key) => {
    if (key.state === 'gone') return false;
    // It may have to sign again in this step, which needs a look at it in this step.
    const wanted =
      key.state === 'retiring' && key.returns && lost.some((one) => sameLine(one, key));
    const calm =
      (key.sight === 'everywhere' && (key.state === 'signing' || key.state === 'retiring')) ||
      (key.sight === 'revoked' && key.state === 'revoked');
    if (wanted || !calm || key.sightAt === undefined || key.sightAt > now) return true;
    return now - key.sightAt >= quietLookMs;
  });
}

class Step {
  readonly #before: readonly DkimKey[];
  readonly #keys: DkimKey[];
  readonly #sightings: ReadonlyMap<string, Sighting>;
  readonly #now: Millis;
  readonly #policy: RotationPolicy;
  readonly #actions: KeyAction[] = [];

  constructor(
    before: readonly DkimKey[],
    sightings: ReadonlyMap<string, Sighting>,
    now: Millis,
    policy: RotationPolicy,
  ) {
    this.#before = before;
    this.#keys = before.map((key) => (key.state === 'gone' ? key : notAhead(key, now)));
    this.#sightings = sightings;
    this.#now = now;
    this.#policy = policy;
  }

  /** Notes what DNS shows. A signing key that is missing there stops signing. */
  look(index: number): void {
    let key = this.#at(index);
    const sight = this.#sight(key);
    if (key.state === 'gone') return;
    if (sight.kind !== 'unasked') key = noted(key, sight, this.#now);
    if (key.state === 'made') key = this.#published(key);
    else if (key.state === 'published' && this.#isShown(key, sight)) {
      key = entered(key, 'seen', this.#now);
    } else if (key.state === 'seen' && (isAbsent(sight) || isPartly(sight))) {
      key = entered(key, 'published', this.#now);
    }
    if (key.state === 'signing') key = this.#watched(key, sight);
    this.#keys[index] = key;
    if (this.#before[index]?.state !== 'made' && isMissed(key, sight)) this.#do('publish', key);
    if (key.state === 'published') this.#tellAgain(index, 'stuck', stuckAfterMs);
    if (key.state === 'retiring' && (sight.kind === 'nowhere' || sight.kind === 'other')) {
      this.#tellAgain(index, 'early', 0);
    }
  }

  /** A key that has been shown for long enough takes over from the key before it. */
  begin(index: number): void {
    const key = this.#at(index);
    if (key.state !== 'seen' || !this.#isShown(key, this.#sight(key))) return;
    const waitMs =
      key.absentAt === undefined
        ? 0
        : Math.max(this.#policy.settleMs, key.cachedMs, this.#sight(key).cachedMs);
    if (this.#now - (key.times.seen ?? this.#now) < waitMs) return;
    for (const [at, one] of begun(this.#keys, key, this.#now).entries()) this.#keys[at] = one;
    this.#actions.push({ kind: 'tell', news: 'signing', key: this.#at(index) });
  }

  /**
   * If no key signs because one was lost, the key before it signs again: in the first step in which
   * it is shown.
   */
  fallBack(index: number): void {
    const lost = this.#at(index);
    if (lost.lostSince === undefined || lost.state === 'signing') return;
    const line = [...this.#keys.entries()].filter(([, key]) => sameLine(key, lost));
    if (!line.some(([, { state }]) => state === 'signing')) {
      const [back] = line
        .filter(([, key]) => key.state === 'retiring' && key.returns)
        .filter(([, key]) => this.#isShown(key, this.#sight(key)))
        .sort(([, one], [, other]) => (isOlder(one, other) ? 1 : -1));
      if (back === undefined) return;
      this.#keys[back[0]] = entered(back[1], 'signing', this.#now);
    }
    this.#keys[index] = { ...lost, lostSince: undefined };
  }

  /** Takes a key from retiring to revoked, and from revoked to gone. */
  end(index: number): void {
    const key = this.#at(index);
    if (key.state === 'retiring' && this.#isUnneeded(key)) {
      this.#keys[index] = this.#revoked(key);
      return;
    }
    // Again and again until it is written that the file is deleted: the disk may refuse.
    if (key.state === 'gone' && key.file !== '') this.#do('delete-file', key);
    if (key.state !== 'revoked') return;
    const sight = this.#sight(key);
    if (sight.kind === 'nowhere') {
      const gone = entered(key, 'gone', this.#now);
      this.#keys[index] = gone;
      this.#do('delete-file', gone);
      return;
    }
    const age = this.#now - (key.times.revoked ?? this.#now);
    const due = !hasSigned(key) || age >= this.#policy.removeAfterMs;
    if (sight.kind === 'unasked') return;
    if (due) this.#do('remove', key);
    else if (sight.kind !== 'revoked') this.#do('revoke', key);
    // The operator may have been told already when the key was retired.
    if (sight.kind === 'unknown') return;
    if (due) this.#tellAgain(index, 'remove', 0);
    else if (sight.kind !== 'revoked') this.#tellAgain(index, 'revoke', 0);
  }

  schedule(): void {
    if (this.#policy.everyMs === 0) return;
    for (const key of this.#keys) {
      const age = this.#now - (key.times.signing ?? this.#now);
      if (key.state !== 'signing' || key.use !== undefined || age < this.#policy.everyMs) continue;
      if (this.#keys.some((other) => sameLine(other, key) && isWaiting(other))) continue;
      const { domain, algorithm, bits } = key;
      this.#actions.push({ kind: 'make', domain, algorithm, bits });
    }
  }

  result(): RotationStep {
    const changed = this.#keys.filter((key, index) => !isSame(key, this.#before[index]));
    return { keys: this.#keys, changed, actions: this.#actions };
  }

  #at(index: number): DkimKey {
    const key = this.#keys[index];
    if (key === undefined) throw new RangeError('a step looks only at keys that it was given');
    return key;
  }

  #sight(key: DkimKey): Sighting {
    return this.#sightings.get(keyName(key)) ?? unasked;
  }

  #do(kind: 'publish' | 'revoke' | 'remove' | 'delete-file', key: DkimKey): void {
    this.#actions.push({ kind, key });
  }

  #published(key: DkimKey): DkimKey {
    const told = key.toldAt ?? this.#now;
    const published = entered({ ...key, toldAt: told }, 'published', this.#now);
    this.#do('publish', published);
    if (key.toldAt === undefined) {
      this.#actions.push({ kind: 'tell', news: 'publish', key: published });
    }
    return published;
  }

  /** Does DNS show the key well enough to sign with it? */
  #isShown({ answeringSince }: DkimKey, { kind }: Sighting): boolean {
    if (kind === 'everywhere') return true;
    if (kind !== 'answering' || answeringSince === undefined) return false;
    return this.#now - answeringSince >= silentAfterMs;
  }

  /** Is a signing key still in DNS? If not for long enough, it stops signing. */
  #watched(key: DkimKey, sight: Sighting): DkimKey {
    if (sight.kind === 'everywhere') return { ...key, lostSince: undefined, byOrder: false };
    if (key.byOrder) return key;
    if (sight.kind === 'partly' || sight.kind === 'answering') {
      return { ...key, lostSince: undefined };
    }
    if (!isAbsent(sight)) return key;
    const since = key.lostSince ?? this.#now;
    if (this.#now - since < lostAfterMs) return { ...key, lostSince: since };
    const state: KeyState = sight.kind === 'revoked' ? 'revoked' : 'published';
    const lost = entered({ ...key, toldAt: this.#now }, state, this.#now);
    this.#actions.push({ kind: 'tell', news: 'lost', key: lost });
    return lost;
  }

  /** Can no message signed with it be in a queue, and is it not needed to fall back on? */
  #isUnneeded(key: DkimKey): boolean {
    const since = key.times.retiring ?? this.#now;
    if (this.#now - since < this.#policy.withdrawAfterMs) return false;
    const { heldSince } = this.#policy;
    if (heldSince !== undefined && heldSince <= since) return false;
    const followed = this.#keys.some((one) => sameLine(one, key) && one.state === 'signing');
    return followed || !key.returns;
  }

  #revoked(key: DkimKey): DkimKey {
    const revoked = entered({ ...key, toldAt: this.#now }, 'revoked', this.#now);
    this.#do('revoke', revoked);
    this.#actions.push({ kind: 'tell', news: 'revoke', key: revoked });
    return revoked;
  }

  /** Tells the same news about a key at most once in `tellAgainMs`. */
  #tellAgain(index: number, news: KeyNews, afterMs: number): void {
    const key = this.#at(index);
    const since = key.times[key.state] ?? this.#now;
    const quiet = key.toldAt !== undefined && this.#now - key.toldAt < tellAgainMs;
    const first = news === 'stuck' && (key.toldAt ?? since) <= since;
    if (this.#now - since < afterMs || (quiet && !first)) return;
    const told = { ...key, toldAt: this.#now };
    this.#keys[index] = told;
    this.#actions.push({ kind: 'tell', news, key: told });
  }
}

/** Must its record be sent (again)? That is harmless if it is there already. */
function isMissed(key: DkimKey, { kind }: Sighting): boolean {
  if (key.state === 'revoked' || key.state === 'gone') return false;
  if (kind === 'nowhere' || kind === 'partly') return true;
  // A false alarm restores a revoked probation key.
  if (kind === 'revoked' && key.use === 'probation') return true;
  return kind === 'unknown' && key.state === 'published' && key.absentAt !== undefined;
}

/** Did all servers answer, and does none show the key? */
function isAbsent({ kind }: Sighting): boolean {
  return kind === 'nowhere' || kind === 'other' || kind === 'revoked';
}

/** Does a server that answers lack the key, and may another one show it? */
function isPartly({ kind, isLacking }: Sighting): boolean {
  return kind === 'partly' || isLacking === true;
}

function noted(key: DkimKey, sight: Sighting, now: Millis): DkimKey {
  const { kind, text } = sight;
  const isUnknown = kind === 'unknown' && !isPartly(sight);
  const answeringSince =
    kind === 'answering' ? (key.answeringSince ?? now) : isUnknown ? key.answeringSince : undefined;
  const seen = { ...key, sight: kind, sightAt: now, sightText: text, answeringSince };
  if (kind === 'everywhere' || kind === 'answering' || isUnknown) return seen;
  const cachedMs = key.state === 'signing' ? key.cachedMs : sight.cachedMs;
  return { ...seen, absentAt: now, cachedMs };
}

/**
 * The key without times in the future: the clock was set back, so each wait begins again. `made`
 * stays, as it only says which key is older.
 */
function notAhead(key: DkimKey, now: Millis): DkimKey {
  const past = (at: Millis | undefined): Millis | undefined =>
    at !== undefined && at > now ? now : at;
  const times = Object.fromEntries(
    Object.entries(key.times).map(([state, at]) => [state, state === 'made' ? at : past(at)]),
  ) as DkimKey['times'];
  return {
    ...key,
    times,
    absentAt: past(key.absentAt),
    lostSince: past(key.lostSince),
    answeringSince: past(key.answeringSince),
    toldAt: past(key.toldAt),
  };
}

function isSame(one: DkimKey, other: DkimKey | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
