/**
 * How many recipients a login may ask for from one network without sending a message to them. The
 * budget belongs to login and network together: who guessed a password cannot use up the budget of
 * the owner, who writes from elsewhere.
 */
import { RecentMap } from '../../lib/recent-map.ts';
import { hourMs, type Millis } from '../../lib/time.ts';

/**
 * Recipients an hour. A newsletter of 1,000 recipients may be aborted ten times an hour; a program
 * that only tries addresses stops here.
 */
export const askedPerHour = 10_000;
/** What is asked for beyond this is not added, so that asking is possible again within an hour. */
const levelMax = 2 * askedPerHour;
/** Logins and networks that are remembered; each has asked for recipients without a message. */
const holdersMax = 20_000;

type Level = { asked: number; at: Millis };

export class AskBudget {
  readonly #levels = new RecentMap<string, Level>(holdersMax);

  /** Adds recipients. Answers whether the budget was used up by them. */
  spend(holder: string, asked: number, now: Millis): boolean {
    if (asked === 0) return false;
    const level = this.#level(holder, now);
    const before = level?.asked ?? 0;
    const after = Math.min(before + asked, levelMax);
    if (level === undefined) this.#levels.set(holder, { asked: after, at: now });
    else level.asked = after;
    return before < askedPerHour && after >= askedPerHour;
  }

  isSpent(holder: string, now: Millis): boolean {
    return (this.#level(holder, now)?.asked ?? 0) >= askedPerHour;
  }

  /** What is left of what was asked for; it fades by the hour. */
  #level(holder: string, now: Millis): Level | undefined {
    const level = this.#levels.get(holder);
    if (level === undefined) return undefined;
    const passedMs = Math.max(0, now - level.at);
    level.asked = Math.max(0, level.asked - (passedMs * askedPerHour) / hourMs);
    level.at = now;
    return level;
  }
}
