/**
 * Counts the new scripts of each user within a day. A thief could name or upload a new script for
 * each message, to get many small allowances instead of one. Beyond a limit, mail of new scripts
 * therefore counts as mail of their user.
 */
import { dayMs, type Millis } from '../../lib/time.ts';

/** New scripts a day of a person: enough to set up a website with a shop and some forms. */
export const newOfPersonMax = 20;
/** Those of a web server's user, who runs the scripts of all websites: at first all are new. */
export const newOfServiceMax = 1_000;

export class NewScripts {
  readonly #times = new Map<number, Millis[]>();

  /** `known`: scripts that the register has already. */
  constructor(known: Iterable<{ readonly uid: number; readonly firstAt: Millis }>) {
    for (const { uid, firstAt } of known) this.#of(uid).push(firstAt);
    for (const times of this.#times.values()) times.sort((one, other) => one - other);
  }

  /** Counts one more if there is room. Answers whether there was. */
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
