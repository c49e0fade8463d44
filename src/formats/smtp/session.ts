/**
 * SMTP on standard input (sendmail -bs), as far as programs use it to submit mail. It reads lines,
 * and returns replies and complete messages. It answers like Postfix. Pure.
 */

export type SmtpMessage = {
  readonly sender: string;
  readonly recipients: readonly string[];
  /** Whether the client declared 8-bit MIME. */
  readonly eightBit: boolean;
  readonly message: Buffer;
};
export type SmtpStep =
  | { readonly kind: 'reply'; readonly text: string }
  /** The message continues. */
  | { readonly kind: 'nothing' }
  /** A message to hand over; `done` then returns the reply. */
  | { readonly kind: 'message'; readonly message: SmtpMessage }
  | { readonly kind: 'end'; readonly text: string };

/** The most recipients of a message, which must fit on a command line. */
const recipientsMax = 1_000;
/** RFC 5321 section 4.5.3.1.4 requires 512 octets, but addresses with options may be longer. */
const commandLengthMax = 2_048;

export class SmtpSession {
  readonly #host: string;
  readonly #bytesMax: number;
  #sender: string | undefined;
  #eightBit = false;
  #recipients: string[] = [];
  /** The lines so far of the message that is being received. */
  #lines: Buffer[] | undefined;
  #bytes = 0;

  constructor(of: { readonly host: string; readonly messageBytesMax: number }) {
    this.#host = of.host;
    this.#bytesMax = of.messageBytesMax;
  }

  greeting(): string {
    return `220 ${this.#host} ESMTP Postfix`;
  }

  /** Reads a line, without its line end. */
  take(line: Buffer): SmtpStep {
    if (this.#lines !== undefined) return this.#data(line);
    if (line.length > commandLengthMax) return reply('500 5.5.2 Error: line too long');
    const text = line.toString('utf8');
    const [, verb = '', rest = ''] = /^(\S*)\s*(.*?)\s*$/s.exec(text) ?? [];
    switch (verb.toUpperCase()) {
      case 'HELO':
        return rest === '' ? reply('501 Syntax: HELO hostname') : this.#hello(`250 ${this.#host}`);
      case 'EHLO':
        return rest === '' ? reply('501 Syntax: EHLO hostname') : this.#hello(this.#extensions());
      case 'MAIL':
        return this.#mail(rest);
      case 'RCPT':
        return this.#rcpt(rest);
      case 'DATA':
        return this.#begin();
      case 'RSET':
        this.#reset();
        return reply('250 2.0.0 Ok');
      case 'NOOP':
        return reply('250 2.0.0 Ok');
      case 'VRFY':
        return reply(rest === '' ? '501 5.5.4 Syntax: VRFY address' : `252 2.0.0 ${rest}`);
      case 'QUIT':
        return { kind: 'end', text: '221 2.0.0 Bye' };
      case '':
        return reply('500 5.5.2 Error: bad syntax');
      default:
        return reply('500 5.5.2 Error: command not recognized');
    }
  }

  /** The reply for a message that was handed over, or could not be. */
  done(outcome: { readonly taken: string } | { readonly why: string }): string {
    return 'taken' in outcome
      ? `250 2.0.0 Ok: queued as ${outcome.taken}`
      : `451 4.3.0 Error: ${outcome.why}`;
  }

  #hello(text: string): SmtpStep {
    this.#reset();
    return reply(text);
  }

  #extensions(): string {
    const words = ['PIPELINING', `SIZE ${this.#bytesMax}`, 'VRFY', 'ENHANCEDSTATUSCODES'];
    return [`250-${this.#host}`, ...words.map((word) => `250-${word}`), '250 8BITMIME'].join(
      '\r\n',
    );
  }

  #mail(rest: string): SmtpStep {
    if (this.#sender !== undefined) return reply('503 5.5.1 Error: nested MAIL command');
    const parsed = path(rest, 'FROM');
    if (parsed === undefined) return reply('501 5.5.4 Syntax: MAIL FROM:<address>');
    let eightBit = false;
    for (const option of parsed.options) {
      const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(option) ?? [];
      const key = name.toUpperCase();
      if (key === 'SIZE' && Number(value) > this.#bytesMax) {
        return reply('552 5.3.4 Message size exceeds fixed limit');
      }
      if (key === 'BODY') eightBit = value.toUpperCase() === '8BITMIME';
      else if (key !== 'SIZE') return reply(`555 5.5.4 Unsupported option: ${option}`);
    }
    this.#sender = parsed.address;
    this.#eightBit = eightBit;
    return reply('250 2.1.0 Ok');
  }

  #rcpt(rest: string): SmtpStep {
    if (this.#sender === undefined) return reply('503 5.5.1 Error: need MAIL command');
    const parsed = path(rest, 'TO');
    if (parsed === undefined) return reply('501 5.5.4 Syntax: RCPT TO:<address>');
    const [option] = parsed.options;
    if (option !== undefined) return reply(`555 5.5.4 Unsupported option: ${option}`);
    if (parsed.address === '') return reply('501 5.1.3 Bad recipient address syntax');
    if (this.#recipients.length >= recipientsMax) {
      return reply('452 4.5.3 Error: too many recipients');
    }
    this.#recipients.push(parsed.address);
    return reply('250 2.1.5 Ok');
  }

  #begin(): SmtpStep {
    if (this.#recipients.length === 0) {
      const text = this.#sender === undefined ? '503 5.5.1 Error: need RCPT command' : noneValid;
      return reply(text);
    }
    this.#lines = [];
    this.#bytes = 0;
    return reply('354 End data with <CR><LF>.<CR><LF>');
  }

  #data(line: Buffer): SmtpStep {
    if (!(line.length === 1 && line[0] === 0x2e)) {
      const bare = line[0] === 0x2e ? line.subarray(1) : line;
      this.#bytes += bare.length + 1;
      // A message that is too large is read to its end but not kept.
      if (this.#bytes <= this.#bytesMax) this.#lines?.push(Buffer.from(bare), newLine);
      return { kind: 'nothing' };
    }
    const message = Buffer.concat(this.#lines ?? []);
    const whole: SmtpMessage = {
      sender: this.#sender ?? '',
      recipients: this.#recipients,
      eightBit: this.#eightBit,
      message,
    };
    const tooBig = this.#bytes > this.#bytesMax;
    this.#reset();
    return tooBig
      ? reply('552 5.3.4 Error: message file too big')
      : { kind: 'message', message: whole };
  }

  #reset(): void {
    this.#sender = undefined;
    this.#recipients = [];
    this.#eightBit = false;
    this.#lines = undefined;
  }
}

const newLine: Buffer = Buffer.from('\n');
const noneValid = '554 5.5.1 Error: no valid recipients';
const reply = (text: string): SmtpStep => ({ kind: 'reply', text });

/** Parses `FROM:<address> OPTION=VALUE …`; undefined for other text. */
function path(
  text: string,
  word: 'FROM' | 'TO',
): { readonly address: string; readonly options: readonly string[] } | undefined {
  const [, angled, bare, rest = ''] =
    new RegExp(
      `^${word}:\\s*(?:<((?:[^">\\\\]|\\\\.|"(?:[^"\\\\]|\\\\.)*")*)>|(\\S+))(.*)$`,
      'is',
    ).exec(text) ?? [];
  const address = angled ?? bare;
  if (address === undefined) return undefined;
  // A source route is ignored (RFC 5321 appendix C).
  const plain = address.replace(/^@[^:]*:/, '').trim();
  return { address: plain, options: rest.split(/\s+/).filter((option) => option !== '') };
}
