/** For tests: what scanners made of a message, a scan of SpamAssassin unless told otherwise. */
import type { Scan } from '../../src/core/scan/report.ts';

export function scriptedScan(score: number, more: Partial<Scan> = {}): Scan {
  return {
    by: 'spamassassin',
    score,
    required: 5,
    likeness: score / 5,
    rules: [{ name: 'URI_PHISH', points: score }],
    masked: [],
    virus: '',
    suspected: '',
    missing: [],
    tooBig: [],
    scans: 1,
    reused: 0,
    tookMs: 100,
    ...more,
  };
}
