/**
 * Who looks at one message as it goes by: the reader, whose edits go into it when it was judged,
 * and the scan, whose finding the judgement waits for.
 */
import type { Submission } from '../../core/event.ts';
import type {
  MessageReader,
  MessageReading,
  MessageStart,
  Submitter,
} from '../../ports/message.ts';
import type { MessageScan, MessageScanning } from '../../ports/scan.ts';

export class Readers {
  readonly #by: Submitter['by'] | undefined;
  readonly #reader: MessageReader | undefined;
  readonly #scan: MessageScan | undefined;

  /**
   * `readAs`: what the reader is shown instead of `start`. `reading` undefined: nobody wants to, or this mail server
   * lets nobody change headers.
   */
  constructor(
    start: MessageStart,
    of: {
      readonly readAs: MessageStart;
      readonly reading: MessageReading | undefined;
      readonly scanning: MessageScanning | undefined;
    },
  ) {
    this.#by = start.by;
    this.#reader = of.reading?.open(of.readAs);
    this.#scan = of.scanning?.open(start);
  }

  /** Somebody wants to hear of headers. */
  get any(): boolean {
    return this.#reader !== undefined || this.#scan !== undefined;
  }

  get reads(): boolean {
    return this.#reader !== undefined;
  }

  header(name: string, value: string): void {
    this.#reader?.header(name, value);
    this.#scan?.header(name, value);
  }

  /** Answers whether more of the body is of use. */
  body(bytes: Buffer, start: number, end: number): boolean {
    this.#reader?.body(bytes, start, end);
    const scanned = this.#scan?.body(bytes, start, end) === true;
    return scanned || this.#reader !== undefined;
  }

  /** Read as another's mail than it turned out to be: as if it had not been read. */
  readerOf(by: Submitter['by'] | undefined): MessageReader | undefined {
    return by === this.#by ? this.#reader : undefined;
  }

  /** The message with what the scan found, at once or later. */
  scanned(message: Submission, judge: (message: Submission) => void): void {
    if (this.#scan === undefined) judge(message);
    else this.#scan.finish(message, judge);
  }

  /** The message is over, or was given up. */
  drop(): void {
    this.#scan?.drop();
  }
}
