/** What the scan flow asks of the programs that scan mail. Types only. */
import type { ScannerName, ScanReport } from '../core/scan/report.ts';

/**
 * A scanner. Rejects if it cannot be reached, answers nonsense, or misses the deadline; with a
 * TooLargeError (core/scan/too-large.ts) if it does not take a message of this size.
 */
export type Scanner = {
  readonly name: ScannerName;
  /** Octets of a message that the scanner takes, at most. */
  readonly octetsMax: number;
  /** `octets` is the whole message, lines ending with CRLF, or its beginning. */
  scan(octets: Buffer, deadlineMs: number): Promise<ScanReport>;
  close(): void;
};
