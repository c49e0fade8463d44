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

/** What a scanner would do with a message. It says more than the points. */
export type ScannerAction = {
  readonly name: string;
  readonly isSpam: boolean;
  /** The highest of the scanner's limits, which need not be that for spam; 0 if it has none. */
  readonly highest: number;
};

/** The answer of one scanner. */
export type ScanReport = {
  readonly scanner: ScannerName;
  readonly score: number;
  /**
   * Points from which the scanner calls a message spam; 0 if it gives no points, or does not say
   * where spam begins.
   */
  readonly required: number;
  /** For a scanner that says what it would do (rspamd). */
  readonly action?: ScannerAction;
  readonly rules: readonly RuleHit[];
  /** Name of what ClamAV found, a virus or only a sign of one; empty if nothing was found. */
  readonly virus: string;
};

/**
 * Why a scanner gave no report. `down`: not asked for a while, because it failed. `busy`: too many
 * messages wait. `late`: no answer in time. `large`: no memory to keep the message. `too-big`: the
 * message is longer than the scanner takes.
 */
export const silences = ['down', 'busy', 'late', 'failed', 'large', 'too-big'] as const;
export type Silence = (typeof silences)[number];

/** The combined result for one message: evidence for the guard, numbers for the statistics. */
export type Scan = {
  /** The scanner with the score that is highest compared with its limit; empty without points. */
  readonly by: ScannerName | '';
  /** Points, without those of masked rules. */
  readonly score: number;
  /** Points from which this scanner calls a message spam; 0 if it does not say. */
  readonly required: number;
  readonly action?: ScannerAction;
  /** How near the points are to spam: from 1 on the scanner calls the message spam. */
  readonly likeness: number;
  /** Rules that count, most points first. */
  readonly rules: readonly RuleHit[];
  /** Rules that say nothing about outgoing mail; their points are not in the score. */
  readonly masked: readonly RuleHit[];
  readonly virus: string;
  /** What ClamAV found that is evidence and no virus (scan.clamav_evidence); empty if nothing. */
  readonly suspected: string;
  /** Scanners that gave no report. */
  readonly missing: readonly ScannerName[];
  /** Scanners for which the message is too big: asking again would not help. */
  readonly tooBig: readonly ScannerName[];
  /** How many scanners scanned this message, and how many results of a copy were reused. */
  readonly scans: number;
  readonly reused: number;
  /** How long the message waited for the scanners, in milliseconds. */
  readonly tookMs: number;
};
