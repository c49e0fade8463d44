/**
 * How many scripts of a user were new within a day. Whoever wants many small allowances instead of
 * one names a new script for each message, or uploads one: beyond some, the new ones are counted
 * together, as mail of their user.
 */
import { dayMs, type Millis } from '../../lib/time.ts';

/** A person puts up a website, with a shop and some forms. */
export const newOfPersonMax = 20;
/** The user of a web server runs the scripts of all its websites: on the first day all are new. */
export const newOfServiceMax = 1_000;

export class NewScripts {
  readonly #times = new Map<number, Millis[]>();

  /** Those that are known already. */
  constructor(known: Iterable<{ readonly uid: number; readonly firstAt: Millis }>) {
    for (const { uid, firstAt } of known) this.#of(uid).push(firstAt);
    for (const times of this.#times.values()) times.sort((one, other) => one - other);
  }

  /** Is there room for one more? Then it is counted. */
  add(uid: number, at: Millis, most: number): boolean {
    const times = this.#of(uid);
    while (times[0] !== undefined && times[0] <= at - dayMs) times.shift();
    if (times.length >= most) return false;
    times.push(at);
    return true;
  }

  #of(uid: number): Millis[] {
    const times = this.#times.get(uid) ?? [];
    this.#times.set(uid, times);
    return times;
  }
}
