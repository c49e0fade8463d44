/** Types between the scanners, the flow that asks them, and the door that reads a message. */
import type { Submission } from '../core/event.ts';
import type { ScannerName, ScanReport } from '../core/scan/report.ts';
import type { MessageStart } from './message.ts';

/** A scanner. Rejects if it is not there, answers nonsense, or misses the deadline. */
export type Scanner = {
  readonly name: ScannerName;
  /** The scanner sees at most this many octets of a message. */
  readonly octetsMax: number;
  /** Scans a message, or its beginning if it is long. Lines end with CRLF. */
  scan(octets: Buffer, deadlineMs: number): Promise<ScanReport>;
  close(): void;
};

/**
 * Reads one message that leaves, before it is judged. Memory is bounded, nothing throws, and only
 * `finish` waits.
 */
export type MessageScan = {
  /** Takes a field, as Latin-1. The value is all after the colon, with folds as LF. */
  header(name: string, value: string): void;
  /** Takes a part of the body; keep no reference to it. Answers whether more is needed. */
  body(bytes: Buffer, start: number, end: number): boolean;
  /**
   * Answers exactly once with the message and what was found: at once, or when the scanners have
   * answered or their time is over.
   */
  finish(message: Submission, done: (message: Submission) => void): void;
  /** Drops a message that was given up. */
  drop(): void;
};

/** Asked once for each message, when its headers begin. Undefined: it is not scanned. */
export type MessageScanning = { open(start: MessageStart): MessageScan | undefined };
