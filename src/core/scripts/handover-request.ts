/**
 * What postern-sendmail says of a message that it hands in, as text: to the door while somebody
 * listens, into a file of the spool while nobody does. A line with two lengths, JSON, the message
 * itself. Pure.
 */

import type { Result } from '../../lib/result.ts';
import type { Ancestor, ScriptSource } from '../script-mail.ts';

/** What is known of a process by looking at /proc. */
export type ProcessFacts = {
  readonly uid: number;
  readonly pid: number;
  /** Of the program that called sendmail, shells in between left out; empty: nobody may look. */
  readonly executable: string;
  readonly cwd: string;
  readonly script: string;
  readonly how: ScriptSource;
  readonly parents: readonly Ancestor[];
};

export type HandoverRequest = {
  /** When, and a name that no other message has: sorted, they are in order. */
  readonly id: string;
  /** Envelope sender; empty for the null sender. */
  readonly sender: string;
  /** -F, or NAME of the environment; undefined: as the user's entry says. */
  readonly fullName: string | undefined;
  /** Those of the command line. */
  readonly recipients: readonly string[];
  /** Those in the headers get it, too (-t). */
  readonly headerRecipients: boolean;
  /** Options for the mail server as they are. */
  readonly through: readonly string[];
  /** Lines end in CRLF. */
  readonly crlf: boolean;
  /** Value of X-PHP-Originating-Script; empty: it has none. */
  readonly phpScript: string;
  /** What the process says of itself: a claim of its user's. */
  readonly claim: ProcessFacts | undefined;
};

export const handoverId: RegExp = /^\d{13}-[0-9a-f]{32}$/;
/** Ten thousand recipients on a command line. So much of each connection is in memory. */
const requestBytesMax = 300_000;
/** The first line. */
export const firstLineBytesMax = 64;
const argumentsMax = 60_000;
/**
 * Of one word of a command line: Linux takes 128 KiB (MAX_ARG_STRLEN), and a character is three
 * octets at most.
 */
const wordLengthMax = 40_000;
/**
 * What goes to the mail server's sendmail as it is: each word one option, its value with it. Else
 * somebody's word would bring another option along (-vC/his/folder), or eat the `--` that stands
 * before the recipients.
 */
const throughWord = /^-(?:[Gv]|XV(?:[-+=]{2})?|[BNR].+)$/s;
const parentsMax = 32;
const pathLengthMax = 4_096;

export type FirstLine = { readonly requestBytes: number; readonly messageBytes: number };

/** Undefined: it has more recipients than go into one, or longer ones than any is. */
export function encodeHandoverRequest(
  request: HandoverRequest,
  messageBytes: number,
): Buffer | undefined {
  const { sender, fullName = '', recipients, through } = request;
  const words = [sender, fullName, ...recipients, ...through];
  if (words.some((word) => word.length > wordLengthMax)) return undefined;
  const json = Buffer.from(JSON.stringify(request));
  if (json.length > requestBytesMax) return undefined;
  return Buffer.concat([Buffer.from(`postern-sendmail 1 ${json.length} ${messageBytes}\n`), json]);
}

/** Of the line without its end; undefined: it is none. */
export function parseFirstLine(line: string): FirstLine | undefined {
  const [, request = '', message = ''] =
    /^postern-sendmail 1 (\d{1,7}) (\d{1,12})$/.exec(line) ?? [];
  if (request === '') return undefined;
  const requestBytes = Number(request);
  return requestBytes > requestBytesMax
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

/** Undefined where something in it is not as it should be. */
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
