/**
 * Feeds a message from a file to a reader as the milter protocol does: field by field, then the
 * body in pieces. Lines that end with LF alone (files on Unix) get a CR. Memory use is limited by
 * the header.
 */

export type MessageSink = {
  header(name: string, value: string): void;
  body(bytes: Buffer, start: number, end: number): void;
};

export type MessageFeed = {
  /** The next piece, cut anywhere. */
  write(chunk: Buffer): void;
  /** Ends the message. */
  end(): void;
  /** The reason why the message cannot be read, as soon as it is known. */
  readonly fault: string | undefined;
};

/** The longest header, twenty times what Postfix allows for one field. */
const headerOctetsMax = 2_048_000;

const lf = 0x0a;
const cr = 0x0d;

export function openMessageFeed(sink: MessageSink): MessageFeed {
  return new Feed(sink);
}

class Feed implements MessageFeed {
  readonly #sink: MessageSink;
  #header: string | undefined = '';
  #afterCr = false;
  fault: string | undefined;

  constructor(sink: MessageSink) {
    this.#sink = sink;
  }

  write(chunk: Buffer): void {
    if (this.fault !== undefined) return;
    if (this.#header === undefined) {
      this.#body(chunk);
      return;
    }
    const held = this.#header.length;
    const text = this.#header + chunk.toString('latin1');
    // The empty line may begin in the previous piece.
    const blank = /^\r?\n|\n\r?\n/g;
    blank.lastIndex = Math.max(0, held - 2);
    const found = blank.exec(text);
    if (found === null) {
      this.#header = text;
      if (text.length > headerOctetsMax) {
        this.fault = `its header has more than ${headerOctetsMax} octets`;
      }
      return;
    }
    this.#header = undefined;
    this.#fields(text.slice(0, found.index === 0 ? 0 : found.index + 1));
    this.#body(Buffer.from(text.slice(found.index + found[0].length), 'latin1'));
  }

  end(): void {
    if (this.#header !== undefined && this.fault === undefined) this.#fields(this.#header);
    this.#header = undefined;
  }

  #fields(header: string): void {
    // mbox files have an extra line before the first field.
    const text = header.replace(/^From [^\n]*\n/, '').replace(/\r?\n$/, '');
    if (text === '') return;
    for (const field of text.split(/\r?\n(?![ \t])/)) {
      const colon = field.indexOf(':');
      if (colon <= 0) {
        this.fault ??= `its header has a line without a colon: ${shown(field)}`;
        return;
      }
      this.#sink.header(field.slice(0, colon), field.slice(colon + 1).replace(/\r?\n/g, '\r\n'));
    }
  }

  #body(chunk: Buffer): void {
    if (this.fault !== undefined || chunk.length === 0) return;
    const bytes = this.#withCr(chunk);
    this.#sink.body(bytes, 0, bytes.length);
  }

  #withCr(chunk: Buffer): Buffer {
    let missing = 0;
    for (let at = chunk.indexOf(lf); at >= 0; at = chunk.indexOf(lf, at + 1)) {
      if (!this.#followsCr(chunk, at)) missing++;
    }
    let whole = chunk;
    if (missing > 0) {
      whole = Buffer.allocUnsafe(chunk.length + missing);
      let used = 0;
      for (let at = 0; at < chunk.length; at++) {
        if (chunk[at] === lf && !this.#followsCr(chunk, at)) whole[used++] = cr;
        whole[used++] = chunk[at] ?? 0;
      }
    }
    this.#afterCr = chunk.at(-1) === cr;
    return whole;
  }

  #followsCr(chunk: Buffer, at: number): boolean {
    return at === 0 ? this.#afterCr : chunk[at - 1] === cr;
  }
}

function shown(line: string): string {
  return `"${line.slice(0, 40).replace(/[^ -~]/g, '?')}"`;
}
