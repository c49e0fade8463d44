/** Between those who scan mail, the flow that asks them, and the door that reads it. Types only. */

import type { Submission } from '../core/event.ts';
import type { ScannerName, ScanReport } from '../core/scan/report.ts';
import type { MessageStart } from './message.ts';

/** A scanner. Rejects when it is not there, answers nonsense, or not within the deadline. */
export type Scanner = {
  readonly name: ScannerName;
  /** Octets of a message that it wants to see, at most. */
  readonly octetsMax: number;
  /** `octets` is the whole message, lines ending with CRLF, or its beginning. */
  scan(octets: Buffer, deadlineMs: number): Promise<ScanReport>;
  close(): void;
};

/**
 * Reads one message that leaves, before it is judged. Memory is bounded, nothing throws, nothing
 * waits but `finish`.
 */
export type MessageScan = {
  /** Octets (Latin-1); a value is all that stands behind the colon, folds as LF. */
  header(name: string, value: string): void;
  /** The bytes are only lent. Answers whether more of the body is of use. */
  body(bytes: Buffer, start: number, end: number): boolean;
  /**
   * The message with what was found, exactly once: at once, or when the scanners have answered or
   * their time is over.
   */
  finish(message: Submission, done: (message: Submission) => void): void;
  /** The message was given up. */
  drop(): void;
};

/** Asked once a message, when its headers begin; undefined: this one is not scanned. */
export type MessageScanning = { open(start: MessageStart): MessageScan | undefined };
