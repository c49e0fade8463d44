/**
 * What a scanner said of one message counts for its copies, for a while: of a thousand copies a few are scanned. Copies
 * that come while the first is being scanned wait for it.
 */
import type { ScanReport } from '../core/scan/report.ts';
import { RecentMap } from '../lib/recent-map.ts';
import type { Heard } from './scan-line.ts';

/** Reports kept; twice as many at most: some 10 MB. */
const reportsMax = 5_000;
/** After so many copies one is scanned again: a report is not believed for ever. */
export const copiesMax = 100;

type Entry = { readonly report: ScanReport; readonly at: number; copies: number };
type Done = (heard: Heard, how: 'scanned' | 'reused') => void;

export class ScanReuse {
  readonly #reports = new RecentMap<string, Entry>(reportsMax);
  /** Who waits for the scan of a copy. */
  readonly #underWay = new Map<string, Done[]>();

  /** Answers at once by what is known, else with what `scan` finds. `forMs` 0: every message is scanned. */
  ask(
    key: string,
    when: { readonly now: number; readonly forMs: number },
    scan: (done: (heard: Heard) => void) => void,
    done: Done,
  ): void {
    const known = this.#reports.get(key);
    const age = known === undefined ? 0 : when.now - known.at;
    if (known !== undefined && age >= 0 && age < when.forMs && known.copies < copiesMax) {
      known.copies++;
      done({ kind: 'report', report: known.report }, 'reused');
      return;
    }
    if (when.forMs === 0) {
      scan((heard) => done(heard, 'scanned'));
      return;
    }
    const others = this.#underWay.get(key);
    if (others !== undefined) {
      others.push(done);
      return;
    }
    const waiting: Done[] = [];
    this.#underWay.set(key, waiting);
    scan((heard) => {
      this.#underWay.delete(key);
      if (heard.kind === 'report') {
        const entry = { report: heard.report, at: when.now, copies: waiting.length };
        this.#reports.set(key, entry);
      }
      done(heard, 'scanned');
      for (const other of waiting) other(heard, 'reused');
    });
  }
}
