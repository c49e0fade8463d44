/**
 * What a scanner said of one message counts for its copies, for a while: of a thousand copies a few
 * are scanned. Copies that come while the first is being scanned wait for it. That a text is spam
 * counts wherever its links lead; that it is none, only for the same servers: else a thief would
 * send it first with an honest link.
 */

import type { ScanReport } from '../../core/scan/report.ts';
import type { CopyKey } from '../../formats/scan/copy-key.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { QueueAnswer } from './scanner-queue.ts';

/** Reports kept; twice as many at most: some 10 MB. */
const reportsMax = 5_000;
/** After so many copies one is scanned again: a report is not believed for ever. */
export const copiesMax = 100;

export type Asked = {
  readonly key: CopyKey;
  readonly now: number;
  readonly forMs: number;
  scan(done: (heard: QueueAnswer) => void): void;
  done(heard: QueueAnswer, how: 'scanned' | 'reused'): void;
};
type Entry = { readonly report: ScanReport; readonly at: number; copies: number };

export class ScanReuse {
  readonly #reports = new RecentMap<string, Entry>(reportsMax);
  /** Who waits for the scan of a copy. */
  readonly #underWay = new Map<string, Asked[]>();

  /** Answers at once by what is known, else with what a scan finds. */
  ask(one: Asked): void {
    if (this.#isKnown(one)) return;
    const exact = exactly(one.key);
    this.#join(this.#underWay.has(exact) ? exact : one.key.text, one);
  }

  #isKnown(one: Asked): boolean {
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

  /** Waits for the scan that is under way there, or begins it. */
  #join(place: string, one: Asked): void {
    const others = this.#underWay.get(place);
    if (others !== undefined) {
      others.push(one);
      return;
    }
    const waiting: Asked[] = [];
    this.#underWay.set(place, waiting);
    one.scan((heard) => {
      this.#underWay.delete(place);
      const isHeard = (key: CopyKey): boolean =>
        heard.kind !== 'report' || isSpam(heard.report) || key.servers === one.key.servers;
      const took = waiting.filter(({ key }) => isHeard(key));
      if (heard.kind === 'report') {
        const key = isSpam(heard.report) ? one.key.text : exactly(one.key);
        this.#reports.set(key, { report: heard.report, at: one.now, copies: took.length });
      }
      one.done(heard, 'scanned');
      for (const other of took) other.done(heard, 'reused');
      // Those with other links are scanned now, and wait no third time: here all have the same.
      for (const other of waiting) {
        if (!isHeard(other.key) && !this.#isKnown(other)) this.#join(exactly(other.key), other);
      }
    });
  }
}

function exactly({ text, servers }: CopyKey): string {
  return `${text} ${servers}`;
}

function isSpam({ score, required, virus }: ScanReport): boolean {
  return virus !== '' || (required > 0 && score >= required);
}
