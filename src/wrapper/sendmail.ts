/**
 * What runs as /usr/sbin/sendmail: reads a message as sendmail(1) does and hands it to Postern's door, or, where nobody
 * listens, into a file of the spool. What is no message goes to the mail server's own sendmail.
 *
 * `postern connect sendmail` makes one plain script of this file and those it imports (assemble.ts), so: no package, no
 * import that is renamed, no top-level name that another of these files has.
 */
import { readFileSync, readSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { type HandIn, printHandIn } from '../core/scripts/hand-in.ts';
import { fieldOf, headerRecipients, sendmailMessage } from '../mail/sendmail-message.ts';
import { sendmailCall } from '../mail/sendmail-options.ts';
import { processFacts } from '../partners/process-facts.ts';
import { spoolMessage } from './spool-message.ts';

/** Where things are; written into the script when it is made. */
export type Place = {
  readonly door: string;
  readonly spool: string;
  /** The mail server's own sendmail. */
  readonly real: string;
  readonly messageBytesMax: number;
};

/** Postfix's sendmail ends so whatever is wrong. */
const tempFail = 75;
/** The door answers when the message is on the disk. */
const answerMs = 30_000;
/** Of its answer: a line. */
const answerBytesMax = 4_096;

type Made = { readonly handIn: HandIn; readonly message: Buffer };

export function runSendmail(place: Place, args: readonly string[]): void {
  const call = sendmailCall(args);
  if (call.kind === 'message') {
    const input = readInput(place.messageBytesMax);
    const { start, end, crlf } = sendmailMessage(input, call);
    const message = input.subarray(start, end);
    if (call.headerRecipients && headerRecipients(message).length === 0) {
      fatal('No recipient addresses found in message header');
    }
    const { sender = userName(), fullName = process.env['NAME'], recipients, through } = call;
    if (through.includes('-v')) {
      writeSync(1, `Mail Delivery Status Report will be mailed to <${sender}>.\n`);
    }
    const claim = processFacts(process.pid);
    const handIn: HandIn = {
      ...{ id: newId(), sender, fullName, recipients, through, crlf, claim },
      headerRecipients: call.headerRecipients,
      phpScript: fieldOf(message, 'x-php-originating-script'),
    };
    handOver(place, { handIn, message });
    return;
  }
  process.execve?.(place.real, ['sendmail', ...args], process.env);
}

/** Tells the door; when it is not there, or goes away before it has answered, the spool. */
function handOver(place: Place, { handIn, message }: Made): void {
  const bytes = Buffer.concat([printHandIn(handIn, message.length), message]);
  let answer = '';
  let over = false;
  const socket = connect({ path: place.door });
  const spool = (): void => {
    if (over) return;
    over = true;
    socket.destroy();
    const fault = spoolMessage(place.spool, handIn.id, bytes);
    if (fault !== undefined) fatal(fault);
    process.exit(0);
  };
  socket.setTimeout(answerMs, spool);
  socket.on('error', spool);
  socket.on('close', spool);
  socket.on('data', (chunk) => {
    answer += chunk.toString('utf8');
    if (answer.length > answerBytesMax) spool();
    const [, exit, text] = /^(\d{1,3}) ([^\n]*)\n/.exec(answer) ?? [];
    if (over || exit === undefined) return;
    over = true;
    if (exit !== '0') fatal(text ?? '', Number(exit));
    process.exit(0);
  });
  socket.write(bytes);
}

/** All of standard input. It is read at once: whatever is written there is there soon, or never. */
function readInput(bytesMax: number): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  for (;;) {
    const part = Buffer.allocUnsafe(65_536);
    const read = readSome(part);
    if (read === 0) return Buffer.concat(parts, length);
    parts.push(part.subarray(0, read));
    length += read;
    if (length > bytesMax) fatal('message file too big');
  }
}

function readSome(part: Buffer): number {
  for (;;) {
    try {
      return readSync(0, part);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : '';
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN') fatal(`cannot read standard input: ${code}`);
      // Somebody made it non-blocking: a moment later there may be more.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

function newId(): string {
  const random = readFileSync('/proc/sys/kernel/random/uuid', 'latin1').replace(/[-\n]/g, '');
  return `${String(Date.now()).padStart(13, '0')}-${random}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return fatal(`unable to find login name for uid ${process.getuid?.()}`);
  }
}

function fatal(text: string, exit: number = tempFail): never {
  let who = '';
  try {
    who = userInfo().username;
  } catch {
    // It has no entry: its number says it.
  }
  writeSync(2, `sendmail: fatal: ${who}(${process.getuid?.()}): ${text}\n`);
  process.exit(exit);
}
