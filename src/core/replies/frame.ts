/**
 * Takes apart the text in brackets behind `status=`: who spoke (a host or our mail server), which
 * words and codes, and in which step of the conversation. Time is linear in the text.
 */
import type { ReplyStep } from './rule.ts';

export type ReplyFrame = {
  /** theirs: a host answered. own: our mail server, a filter or a mailbox of ours. */
  readonly speaker: 'theirs' | 'own';
  /** An earlier reply, repeated for a message that was not tried. */
  readonly isEcho: boolean;
  /** The host that answered or was tried; empty if none is named. */
  readonly host: string;
  /** What was said, from its code on. */
  readonly text: string;
  /** `550`; empty without one. */
  readonly code: string;
  /** `5.1.1`; empty without one. */
  readonly enhanced: string;
  readonly step: ReplyStep | undefined;
};

/** Longer texts are cut: Postfix logs at most about 8,000 characters of a line. */
export const replyMax = 8192;

const echo = 'delivery temporarily suspended: ';
const stepWords: readonly (readonly [string, ReplyStep])[] = [
  ['RCPT', 'rcpt'],
  ['end of DATA', 'data'],
  ['DATA', 'data'],
  ['BDAT', 'data'],
  ['MAIL', 'mail'],
  ['EHLO', 'helo'],
  ['HELO', 'helo'],
  ['LHLO', 'helo'],
  ['STARTTLS', 'tls'],
  ['AUTH', 'auth'],
];

/** `mxHost` counts where the text names no host. */
export function readFrame(reply: string, mxHost: string): ReplyFrame {
  let rest = (reply.length > replyMax ? reply.slice(0, replyMax) : reply).trim();
  const isEcho = rest.startsWith(echo);
  if (isEcho) rest = rest.slice(echo.length);
  rest = withoutDsnType(rest);
  const said = rest.startsWith('host ') ? saidBy(rest) : undefined;
  if (said !== undefined) {
    const speaker = isOurs(said.host, said.address) ? 'own' : 'theirs';
    const host = speaker === 'own' ? '' : said.host;
    return { speaker, isEcho, host, ...spoken(said.text), step: said.step };
  }
  const bare = startsWithCode(rest);
  const host = namedHost(rest) || (mxHost === 'none' ? '' : mxHost);
  const speaker = bare && !isOurs(host, '') ? 'theirs' : 'own';
  const step = stepOf(rest).step;
  return { speaker, isEcho, host: isOurs(host, '') ? '' : host, ...spoken(rest), step };
}

/** `smtp; 550 …` of a delivery report says the same as `550 …`. */
function withoutDsnType(text: string): string {
  const type = /^(?:smtp|x-postfix|x-unix|lmtp); ?/i.exec(text);
  return type === null ? text : text.slice(type[0].length);
}

type Said = {
  readonly host: string;
  readonly address: string;
  readonly text: string;
  readonly step: ReplyStep | undefined;
};

/** `host NAME[ADDRESS] said: …` and `host NAME[ADDRESS] refused to talk to me: …`. */
function saidBy(text: string): Said | undefined {
  const open = text.indexOf('[');
  const close = text.indexOf(']', open);
  if (open < 0 || close < 0 || open > 300) return undefined;
  const host = text.slice('host '.length, open);
  const address = text.slice(open + 1, close);
  let after = text.slice(close + 1);
  // A port stands behind the address where it is not 25.
  after = after.replace(/^:\d{1,5}(?= )/, '');
  if (after.startsWith(' refused to talk to me: ')) {
    return { host, address, text: after.slice(24), step: 'greeting' };
  }
  if (!after.startsWith(' said: ')) return undefined;
  const { step, end } = stepOf(after);
  return { host, address, text: after.slice(7, end), step };
}

/** The step in `(in reply to RCPT TO command)`, and where that begins. */
function stepOf(text: string): { readonly step: ReplyStep | undefined; readonly end: number } {
  const end = text.lastIndexOf(' (in reply to ');
  if (end < 0) return { step: undefined, end: text.length };
  const word = text.slice(end + 14, end + 26);
  return { step: stepWords.find(([begin]) => word.startsWith(begin))?.[1], end };
}

/** Sockets and loopback addresses: a filter or a mailbox of this server. */
function isOurs(host: string, address: string): boolean {
  const where = address === '' ? host : address;
  return (
    where.startsWith('private/') ||
    where.startsWith('/') ||
    where.startsWith('127.') ||
    where === '::1' ||
    host === 'localhost'
  );
}

const hostBefore = [
  'connect to ',
  'lost connection with ',
  'conversation with ',
  'Cannot start TLS: handshake with ',
  'TLS is required, but host ',
  'TLS is required, but was not offered by host ',
  'SASL authentication failed; server ',
  'SASL authentication failed; cannot authenticate to server ',
];

/** The host that our mail server tried to talk with. */
function namedHost(text: string): string {
  for (const words of hostBefore) {
    if (!text.startsWith(words)) continue;
    const near = text.slice(words.length, words.length + 300);
    const end = near.search(/[[ :,]/);
    if (/^[^[ ]*\[(?:private\/|\/)/.test(near)) return '';
    return end < 0 ? '' : text.slice(words.length, words.length + end);
  }
  const at = /(?:offered by|by server|server|host) ([\w.-]{3,255})\[/.exec(text.slice(0, 600));
  return at?.[1] ?? '';
}

function startsWithCode(text: string): boolean {
  return /^[245]\d\d(?:[- ]|$)/.test(text);
}

/** The codes of a reply. A greeting may begin with 220 before the refusal. */
function spoken(text: string): Pick<ReplyFrame, 'text' | 'code' | 'enhanced'> {
  const codes = /^(?:220[- ]\S{0,100} )?(?:([245]\d\d)(?:[- ]|$))?(?:([245]\.\d{1,3}\.\d{1,3})\b)?/;
  const begin = codes.exec(text);
  return { text, code: begin?.[1] ?? '', enhanced: begin?.[2] ?? laterCode(text) };
}

/** `(#5.1.1)`, `- 5.7.1 [BL21]`, `X-Reason 5.2.2`: the first enhanced code anywhere. */
function laterCode(text: string): string {
  const found = /(?:^|[ #([])([245]\.\d{1,2}\.\d{1,3})(?=[ )\],:;]|\.?$|\. )/.exec(text);
  return found?.[1] ?? '';
}
