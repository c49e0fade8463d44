/**
 * What postern-sendmail says about a message that it hands over, as text. It goes to the sendmail
 * door, or into a file of the spool if nobody listens. A line with two lengths, then JSON, then the
 * message. Pure.
 */
import type { Result } from '../../lib/result.ts';
import type { Ancestor, ScriptSource } from '../script-mail.ts';

/** What /proc says about a process. */
export type ProcessFacts = {
  readonly uid: number;
  readonly pid: number;
  /** The program that called sendmail, without shells in between; empty if we may not look. */
  readonly executable: string;
  readonly cwd: string;
  readonly script: string;
  readonly how: ScriptSource;
  readonly parents: readonly Ancestor[];
};

export type HandoverRequest = {
  /** The time and a unique name. Sorted ids are in the order of time. */
  readonly id: string;
  /** Envelope sender; empty for the null sender. */
  readonly sender: string;
  /** From -F, or NAME of the environment. Undefined: as the user's entry says. */
  readonly fullName: string | undefined;
  /** Recipients on the command line. */
  readonly recipients: readonly string[];
  /** Recipients in the headers also get the message (-t). */
  readonly headerRecipients: boolean;
  /** Options that go to the mail server unchanged. */
  readonly through: readonly string[];
  /** Lines end in CRLF. */
  readonly crlf: boolean;
  /** Value of X-PHP-Originating-Script; empty if the message has none. */
  readonly phpScript: string;
  /** What the process says about itself: its user could make it up. */
  readonly claim: ProcessFacts | undefined;
};

/**
 * What one user may leave in the spool: as many messages as the sendmail door lets wait.
 * postern-sendmail leaves no more, and the guard takes no more from there.
 */
export const spoolFilesMax = 1_000;
export const spoolBytesMax = 200_000_000;

export const handoverId: RegExp = /^\d{13}-[0-9a-f]{32}$/;
/** Bytes of a request, kept in memory for each connection: room for 10,000 recipients. */
export const handoverBytesMax = 300_000;
/** Bytes of the first line. */
export const firstLineBytesMax = 64;
const argumentsMax = 60_000;
/**
 * Characters of one word. Linux takes 128 KiB for a word of a command line (MAX_ARG_STRLEN), and a
 * UTF-16 character takes at most three octets.
 */
const wordLengthMax = 40_000;
/**
 * Options that go to the mail server's sendmail unchanged: each word is one option with its value.
 * Otherwise a word could bring another option along (-vC/some/folder), or swallow the `--` before
 * the recipients.
 */
const throughWord = /^-(?:[Gv]|XV(?:[-+=]{2})?|[BNR].+)$/s;
const parentsMax = 32;
const pathLengthMax = 4_096;

export type FirstLine = { readonly requestBytes: number; readonly messageBytes: number };

/** First line and JSON of a request; undefined if it has too many or too long recipients. */
export function encodeHandoverRequest(
  request: HandoverRequest,
  messageBytes: number,
): Buffer | undefined {
  const { sender, fullName = '', recipients, through } = request;
  const words = [sender, fullName, ...recipients, ...through];
  if (words.some((word) => word.length > wordLengthMax)) return undefined;
  const json = Buffer.from(JSON.stringify(request));
  if (json.length > handoverBytesMax) return undefined;
  return Buffer.concat([Buffer.from(`postern-sendmail 1 ${json.length} ${messageBytes}\n`), json]);
}

/** Reads the first line, without its end; undefined if it is another line. */
export function parseFirstLine(line: string): FirstLine | undefined {
  const [, request = '', message = ''] =
    /^postern-sendmail 1 (\d{1,7}) (\d{1,12})$/.exec(line) ?? [];
  if (request === '') return undefined;
  const requestBytes = Number(request);
  return requestBytes > handoverBytesMax
    ? undefined
    : { requestBytes, messageBytes: Number(message) };
}

export function parseHandoverRequest(text: string): Result<HandoverRequest, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, error: 'not JSON' };
  }
  if (!isObject(value)) return { ok: false, error: 'no object' };
  const { id, sender, fullName, recipients, through, phpScript, claim } = value;
  if (typeof id !== 'string' || !handoverId.test(id)) return { ok: false, error: 'no id' };
  if (!isWord(sender)) return { ok: false, error: 'no sender' };
  if (fullName !== undefined && !isWord(fullName)) return { ok: false, error: 'fullName' };
  if (!isList(recipients) || recipients.includes('')) return { ok: false, error: 'recipients' };
  if (!isList(through) || !through.every((word) => throughWord.test(word))) {
    return { ok: false, error: 'through' };
  }
  const headerRecipients = value['headerRecipients'] === true;
  if (recipients.length === 0 && !headerRecipients) return { ok: false, error: 'to nobody' };
  const crlf = value['crlf'] === true;
  const said = parseFacts(claim);
  const hint = isPath(phpScript) ? phpScript : '';
  return {
    ok: true,
    value: {
      id,
      sender,
      fullName,
      recipients,
      headerRecipients,
      through,
      crlf,
      phpScript: hint,
      claim: said,
    },
  };
}

/** Reads facts of a process; undefined if a part is missing or wrong. */
export function parseFacts(value: unknown): ProcessFacts | undefined {
  if (!isObject(value)) return undefined;
  const { uid, pid, executable, cwd, script, how, parents } = value;
  if (!isNumber(uid) || !isNumber(pid)) return undefined;
  if (!isPath(executable) || !isPath(cwd) || !isPath(script)) return undefined;
  if (!Array.isArray(parents) || parents.length > parentsMax) return undefined;
  const ancestors = parents.map(parseAncestor).filter((one) => one !== undefined);
  return {
    uid,
    pid,
    executable,
    cwd,
    script,
    how: sources.find((one) => one === how) ?? 'none',
    parents: ancestors,
  };
}

const sources: readonly ScriptSource[] = ['fastcgi', 'cgi', 'arguments', 'hint', 'none'];

function parseAncestor(value: unknown): Ancestor | undefined {
  if (!isObject(value)) return undefined;
  const { pid, uid, executable } = value;
  if (!isNumber(pid) || !isNumber(uid) || !isPath(executable)) return undefined;
  return { pid, uid, executable };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
const isText = (value: unknown): value is string =>
  typeof value === 'string' && !value.includes('\0');
const isWord = (value: unknown): value is string => isText(value) && value.length <= wordLengthMax;
const isPath = (value: unknown): value is string => isText(value) && value.length <= pathLengthMax;
const isNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length <= argumentsMax && value.every(isWord);
