/**
 * The program that runs as /usr/sbin/sendmail. It reads a message as sendmail(1) does and hands it
 * over to Postern's door, or writes it to the spool if Postern does not listen. Calls that bring no
 * message go to the mail server's own sendmail.
 *
 * `postern connect sendmail` makes one plain script from this file and those that it imports
 * (assemble.ts). So these files must not use packages, renamed imports, or the same top-level name
 * twice.
 */
import { readFileSync, readSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { encodeHandoverRequest, type HandoverRequest } from '../core/scripts/handover-request.ts';
import { fieldOf, headerRecipients, sendmailMessage } from '../formats/sendmail/message.ts';
import { type SendmailCall, sendmailCall } from '../formats/sendmail/options.ts';
import { type SmtpMessage, SmtpSession } from '../formats/smtp/session.ts';
import { processFacts } from '../partners/kernel/process-facts.ts';
import { spoolMessage } from './spool-message.ts';

/** Paths and limits that are written into the script. */
export type WrapperPaths = {
  readonly door: string;
  readonly spool: string;
  /** The mail server's own sendmail. */
  readonly real: string;
  readonly messageBytesMax: number;
  /** Host name of this machine, as its mail server uses it. */
  readonly host: string;
};

/** The exit code of Postfix's sendmail after any error. */
const tempFail = 75;
/** The door answers when the message is on the disk. */
const answerMs = 30_000;
/** The answer is one line. */
const answerBytesMax = 4_096;

type DoorAnswer = { readonly exit: number; readonly text: string };
type PreparedMessage = { readonly request: HandoverRequest; readonly message: Buffer };

export function runSendmail(place: WrapperPaths, args: readonly string[]): void {
  const call = sendmailCall(args);
  if (call.kind === 'message') {
    handOver(place, readMessage(place, call), (answer) => {
      if (answer.exit !== 0) fatal(answer.text, answer.exit);
      process.exit(0);
    });
  } else if (call.kind === 'smtp') speakSmtp(place);
  else process.execve?.(place.real, ['sendmail', ...args], process.env);
}

function readMessage(
  place: WrapperPaths,
  call: Extract<SendmailCall, { kind: 'message' }>,
): PreparedMessage {
  const input = readInput(place.messageBytesMax);
  const { start, end, crlf } = sendmailMessage(input, call);
  const message = input.subarray(start, end);
  // Recipients on the command line are enough (`sendmail -t ADDRESS`).
  if (call.recipients.length === 0 && headerRecipients(message).length === 0) {
    fatal('No recipient addresses found in message header');
  }
  const { sender = userName(), recipients, through, headerRecipients: inHeaders } = call;
  if (through.includes('-v')) {
    writeSync(1, `Mail Delivery Status Report will be mailed to <${sender}>.\n`);
  }
  const fullName = call.fullName ?? process.env['NAME'];
  const envelope = { sender, fullName, recipients, through, crlf, headerRecipients: inHeaders };
  return { request: handoverRequestOf(envelope, message), message };
}

function handoverRequestOf(
  envelope: Omit<HandoverRequest, 'id' | 'phpScript' | 'claim'>,
  message: Buffer,
): HandoverRequest {
  const phpScript = fieldOf(message, 'x-php-originating-script');
  return { ...envelope, id: newId(), phpScript, claim: processFacts(process.pid) };
}

/** Tells the door; when it is not there, or goes away before it has answered, the spool. */
function handOver(
  place: WrapperPaths,
  { request, message }: PreparedMessage,
  done: (answer: DoorAnswer) => void,
): void {
  const head = encodeHandoverRequest(request, message.length);
  if (head === undefined) {
    done({ exit: tempFail, text: 'too many recipients' });
    return;
  }
  const bytes = Buffer.concat([head, message]);
  let said = '';
  let over = false;
  const socket = connect({ path: place.door });
  const answer = (text: DoorAnswer): void => {
    over = true;
    socket.destroy();
    done(text);
  };
  const spool = (): void => {
    if (over) return;
    const fault = spoolMessage(place.spool, request.id, bytes);
    answer(fault === undefined ? { exit: 0, text: '' } : { exit: tempFail, text: fault });
  };
  socket.setTimeout(answerMs, spool);
  socket.on('error', spool);
  socket.on('close', spool);
  socket.on('data', (chunk) => {
    said += chunk.toString('utf8');
    const [, exit, text = ''] = /^(\d{1,3}) ([^\n]*)\n/.exec(said) ?? [];
    if (!over && exit !== undefined) answer({ exit: Number(exit), text });
    else if (said.length > answerBytesMax) spool();
  });
  socket.write(bytes);
}

/** sendmail -bs: hands each message over before answering it. */
function speakSmtp(place: WrapperPaths): void {
  const session = new SmtpSession(place);
  const say = (text: string): void => void writeSync(1, `${text}\r\n`);
  let held: Buffer = Buffer.alloc(0);
  const next = (): void => {
    for (;;) {
      const lineEnd = held.indexOf(0x0a);
      if (lineEnd < 0) break;
      const line = held.subarray(0, held[lineEnd - 1] === 0x0d ? lineEnd - 1 : lineEnd);
      held = held.subarray(lineEnd + 1);
      const step = session.take(line);
      if (step.kind === 'reply' || step.kind === 'end') say(step.text);
      if (step.kind === 'end') process.exit(0);
      if (step.kind === 'message') {
        smtpMessage(place, step.message, (text) => {
          say(text(session));
          next();
        });
        return;
      }
    }
    const more = Buffer.allocUnsafe(65_536);
    const read = readSome(more);
    // The client closed the connection; an incomplete message does not count.
    if (read === 0) process.exit(0);
    held = Buffer.concat([held, more.subarray(0, read)]);
    if (held.length > place.messageBytesMax + 65_536) process.exit(tempFail);
    setImmediate(next);
  };
  say(session.greeting());
  next();
}

function smtpMessage(
  place: WrapperPaths,
  { message, sender, recipients, eightBit }: SmtpMessage,
  done: (reply: (session: SmtpSession) => string) => void,
): void {
  const through = eightBit ? ['-B8BITMIME'] : [];
  const envelope = { sender, recipients, through, fullName: undefined };
  const request = handoverRequestOf({ ...envelope, crlf: false, headerRecipients: false }, message);
  handOver(place, { request, message }, ({ exit, text }) => {
    done((session) => session.done(exit === 0 ? { taken: request.id.slice(-12) } : { why: text }));
  });
}

/** Reads all of standard input, synchronously, because nothing else is to be done meanwhile. */
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
      // Standard input is non-blocking, so there may be more a moment later.
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
    // The user has no entry; the number is enough.
  }
  writeSync(2, `sendmail: fatal: ${who}(${process.getuid?.()}): ${text}\n`);
  process.exit(exit);
}
