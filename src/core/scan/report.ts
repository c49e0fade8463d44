/** The reports of scanners on a message, and their combination. Types only. */
import type { RuleHit } from '../../formats/scan/rule.ts';

/**
 * The scanners, in the order in which reasons name them. SpamAssassin and rspamd give points,
 * ClamAV finds viruses.
 */
export const scannerNames = ['spamassassin', 'rspamd', 'clamav'] as const;
export type ScannerName = (typeof scannerNames)[number];

/** The names that people read. */
export const scannerTitles: Readonly<Record<ScannerName, string>> = {
  spamassassin: 'SpamAssassin',
  rspamd: 'rspamd',
  clamav: 'ClamAV',
};

/** The answer of one scanner. */
export type ScanReport = {
  readonly scanner: ScannerName;
  readonly score: number;
  /** Points from which the scanner calls a message spam; 0 if it gives no points. */
  readonly required: number;
  readonly rules: readonly RuleHit[];
  /** Name of the virus; empty if nothing was found. */
  readonly virus: string;
};

/**
 * Why a scanner gave no report. `down`: not asked for a while, because it failed. `busy`: too many
 * messages wait. `late`: no answer in time. `large`: no memory to keep the message.
 */
export const silences = ['down', 'busy', 'late', 'failed', 'large'] as const;
export type Silence = (typeof silences)[number];

/** The combined result for one message: evidence for the guard, numbers for the statistics. */
export type Scan = {
  /** The scanner with the score that is highest compared with its limit; empty without points. */
  readonly by: ScannerName | '';
  /** Points, without those of masked rules. */
  readonly score: number;
  readonly required: number;
  /** `score` divided by `required`: from 1 on the scanner calls the message spam. */
  readonly likeness: number;
  /** Rules that count, most points first. */
  readonly rules: readonly RuleHit[];
  /** Rules that say nothing about outgoing mail; their points are not in the score. */
  readonly masked: readonly RuleHit[];
  readonly virus: string;
  /** Scanners that gave no report. */
  readonly missing: readonly ScannerName[];
  /** How many scanners scanned this message, and how many results of a copy were reused. */
  readonly scans: number;
  readonly reused: number;
  /** How long the message waited for the scanners, in milliseconds. */
  readonly tookMs: number;
};
