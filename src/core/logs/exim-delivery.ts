/** Turns Exim's lines about one recipient (`=>`, `->`, `**`, `==`) into facts. Never throws. */
import { addressKey } from '../../formats/message/address.ts';
import { clientAddress } from '../../formats/postfix/client-address.ts';
import { delaySeconds, isHere } from './delivery-words.ts';
import { nextIdOf } from './postfix-delivery.ts';
import { type LineFacts, noFacts } from './postfix-line.ts';

const outcomes = {
  '=>': 'sent',
  '->': 'sent',
  '>>': 'sent',
  '**': 'bounced',
  '==': 'deferred',
} as const;
type Mark = keyof typeof outcomes;

const server = / H=([^\s[\]]{1,255}) \[([0-9A-Fa-f:.]{2,45})\](?::\d{1,5})?/;
const ownAddress = / I=\[([0-9A-Fa-f:.]{2,45})\]/;
const confirmed = / C="((?:[^"\\]|\\.){0,2000})"/;
const certificate = / DN="[^"]{0,400}"/;
const lmtp = / T=\S{0,60}lmtp/i;
const seconds = / QT=(?:(\d{1,5})d)?(?:(\d{1,3})h)?(?:(\d{1,3})m)?(?:(\d{1,9}(?:\.\d{1,9})?)s)?/;
const defer = / defer \((-?\d{1,5})\)(?: H=[^\s[\]]{1,255} \[[^\s\]]{1,45}\](?::\d{1,5})?)?:? ?/;
const enhanced = /(?:^|[\s:-])([245]\.\d{1,3}\.\d{1,3})(?= |$)/;
/** The host was not asked: it is not time yet (Exim's error numbers -51 to -53). */
const notTried: ReadonlySet<string> = new Set(['-51', '-52', '-53']);

/** `other`: the line is not about a recipient. `text` is the part behind the id. */
export function exchangeFacts(queueId: string, text: string): LineFacts | 'other' {
  const mark = text.slice(0, 2);
  if (text.charCodeAt(2) !== 0x20) return 'other';
  if (mark === '*>') return noFacts; // an operator's test run
  if (!isMark(mark)) return 'other';
  const who = addressesOf(text.slice(3), outcomes[mark] !== 'sent');
  if (who === undefined) return undefined;
  const fields = text.slice(3 + who.end);
  const outcome = outcomes[mark];
  const put = outcome === 'deferred' ? defer.exec(fields) : null;
  if (put !== null && notTried.has(put[1] ?? '')) return noFacts;
  const mx = server.exec(fields);
  const reply = replyOf(fields, mark, put);
  const own = ownAddress.exec(fields)?.[1];
  const isOwn = isHere(mx?.[2] ?? '');
  const isLocal = mx === null && outcome === 'sent';
  const nextId = outcome === 'sent' ? nextIdOf(reply) : '';
  return [
    {
      kind: 'delivery',
      queueId,
      recipient: who.recipient,
      original: who.original,
      outcome,
      reply,
      requeuedAs: isOwn ? nextId : '',
      service: lmtp.test(fields) ? 'exim/lmtp' : isLocal ? 'exim/local' : 'exim/smtp',
      relay: mx === null && outcome !== 'sent' ? 'none' : isOwn ? 'here' : 'other',
      nextId,
      status: enhanced.exec(reply)?.[1] ?? '',
      mxHost: mx?.[1] ?? '',
      mxAddress: mx?.[2] === undefined ? '' : clientAddress(mx[2]),
      from: own === undefined ? '' : clientAddress(own),
      delaySeconds: delaySeconds(seconds.exec(fields)),
    },
  ];
}

function isMark(mark: string): mark is Mark {
  return Object.hasOwn(outcomes, mark);
}

type Who = { readonly recipient: string; readonly original: string; readonly end: number };

/** `joe <joe@here.test>`: a mailbox and the address; `a@b <list@c>`: the address and its alias. */
function addressesOf(text: string, mayEndInColon: boolean): Who | undefined {
  const end = addressEnd(text, mayEndInColon);
  if (end === 0) return undefined;
  const first = text.slice(0, end);
  if (text.charCodeAt(end + 1) !== 0x3c) {
    const key = addressKey(first);
    return { recipient: key, original: key, end };
  }
  const close = text.indexOf('>', end);
  if (close < 0) return undefined;
  const original = addressKey(text.slice(end + 2, close));
  const recipient = first.includes('@') ? addressKey(first) : original;
  return { recipient, original, end: close + 1 };
}

/** Where the address at the start ends: at a blank, or a colon, outside quotes. */
export function addressEnd(text: string, mayEndInColon: boolean): number {
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x5c) at++;
    else if (char === 0x22) isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (char === 0x20 || (char === 0x3a && mayEndInColon)) return at;
  }
  return text.length;
}

function replyOf(fields: string, mark: Mark, put: RegExpExecArray | null): string {
  if (put !== null) return fields.slice(put.index + put[0].length);
  if (outcomes[mark] === 'sent') {
    return (confirmed.exec(fields)?.[1] ?? '').replace(/\\(.)/g, '$1');
  }
  // The reply stands behind the first colon that ends a field; ports have no blank behind them.
  const rest = fields.replace(certificate, '');
  const colon = rest.indexOf(': ');
  return colon < 0 ? rest.trim() : rest.slice(colon + 2);
}
