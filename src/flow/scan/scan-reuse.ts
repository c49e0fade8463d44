/**
 * Reuses a scan result for copies of the message for a while, so that of a thousand copies a few
 * are scanned. Copies that come during the first scan wait for its result. A result that says spam
 * counts wherever the links lead. A result that says no spam counts only for links to the same
 * servers: else a thief would send the text first with an honest link.
 */
import { callsSpam } from '../../core/scan/likeness.ts';
import type { ScanReport } from '../../core/scan/report.ts';
import type { CopyKey } from '../../formats/scan/copy-key.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { QueueAnswer } from './scanner-queue.ts';

/** Reports kept; at times twice as many, which is about 10 MB. */
const reportsMax = 5_000;
/** Copies for which one report counts; then one is scanned again. */
export const copiesMax = 100;

export type ReuseRequest = {
  readonly key: CopyKey;
  readonly now: number;
  readonly forMs: number;
  scan(done: (heard: QueueAnswer) => void): void;
  done(heard: QueueAnswer, how: 'scanned' | 'reused'): void;
};
type Entry = { readonly report: ScanReport; readonly at: number; copies: number };

export class ScanReuse {
  readonly #reports = new RecentMap<string, Entry>(reportsMax);
  /** Requests that wait for the scan of a copy. */
  readonly #underWay = new Map<string, ReuseRequest[]>();

  /** Answers at once with a known report, else with the result of a scan. */
  ask(one: ReuseRequest): void {
    if (this.#isKnown(one)) return;
    const exact = exactly(one.key);
    this.#join(this.#underWay.has(exact) ? exact : one.key.text, one);
  }

  #isKnown(one: ReuseRequest): boolean {
    for (const key of [one.key.text, exactly(one.key)]) {
      const known = this.#reports.get(key);
      const age = known === undefined ? 0 : one.now - known.at;
      if (known === undefined || age < 0 || age >= one.forMs) continue;
      if (known.copies >= copiesMax) continue;
      known.copies++;
      one.done({ kind: 'report', report: known.report }, 'reused');
      return true;
    }
    return false;
  }

  /** Waits for the scan that is under way for this key, or begins it. */
  #join(place: string, one: ReuseRequest): void {
    const others = this.#underWay.get(place);
    if (others !== undefined) {
      others.push(one);
      return;
    }
    const waiting: ReuseRequest[] = [];
    this.#underWay.set(place, waiting);
    one.scan((heard) => {
      this.#underWay.delete(place);
      const isHeard = (key: CopyKey): boolean =>
        heard.kind !== 'report' || callsSpam(heard.report) || key.servers === one.key.servers;
      const took = waiting.filter(({ key }) => isHeard(key));
      if (heard.kind === 'report') {
        const key = callsSpam(heard.report) ? one.key.text : exactly(one.key);
        this.#reports.set(key, { report: heard.report, at: one.now, copies: took.length });
      }
      one.done(heard, 'scanned');
      for (const other of took) other.done(heard, 'reused');
      // Requests with other links are scanned now, under a key with their links: so they wait no
      // third time.
      for (const other of waiting) {
        if (!isHeard(other.key) && !this.#isKnown(other)) this.#join(exactly(other.key), other);
      }
    });
  }
}

function exactly({ text, servers }: CopyKey): string {
  return `${text} ${servers}`;
}
