/** What scanners say of a message, and what is made of it: data only. */
import type { RuleHit } from '../../formats/scan/rule.ts';

/**
 * spamassassin and rspamd give points, clamav knows viruses. The order is the one in which reasons
 * name them.
 */
export const scannerNames = ['spamassassin', 'rspamd', 'clamav'] as const;
export type ScannerName = (typeof scannerNames)[number];

/** As people read them. */
export const scannerTitles: Readonly<Record<ScannerName, string>> = {
  spamassassin: 'SpamAssassin',
  rspamd: 'rspamd',
  clamav: 'ClamAV',
};

/** What one scanner said. */
export type ScanReport = {
  readonly scanner: ScannerName;
  readonly score: number;
  /** From here on the scanner itself calls it spam. 0: it gives no points. */
  readonly required: number;
  readonly rules: readonly RuleHit[];
  /** Name of what was found; empty: nothing. */
  readonly virus: string;
};

/**
 * Why a scanner said nothing. down: it was left alone after failing. busy: too many wait. large: no
 * room to keep it.
 */
export const silences = ['down', 'busy', 'late', 'failed', 'large'] as const;
export type Silence = (typeof silences)[number];

/** What scanning made of one message: evidence for the guard, and numbers for the statistics. */
export type Scan = {
  /** The scanner whose score is the highest by its own measure; empty: none gave points. */
  readonly by: ScannerName | '';
  /** Points without those of masked rules. */
  readonly score: number;
  readonly required: number;
  /** `score` by `required`: from 1 on the scanner calls it spam. */
  readonly likeness: number;
  /** Those that count, most points first. */
  readonly rules: readonly RuleHit[];
  /** Rules that say nothing about mail that leaves here; their points are not in the score. */
  readonly masked: readonly RuleHit[];
  readonly virus: string;
  /** Scanners that said nothing. */
  readonly missing: readonly ScannerName[];
  /** Scans that were made for this message, and how many took what was said of a copy. */
  readonly scans: number;
  readonly reused: number;
  /** How long it waited for them. */
  readonly tookMs: number;
};
