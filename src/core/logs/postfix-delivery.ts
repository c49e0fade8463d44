/**
 * Turns Postfix's line about an attempt to deliver to one recipient into a fact. Pure, never
 * throws.
 *
 * Clients choose recipients, and remote servers choose replies. So a line is read from the left,
 * each field up to where Postfix ended it. Nothing is searched for in the whole line.
 */
import { addressKey } from '../../formats/message/address.ts';
import { clientAddress } from '../../formats/postfix/client-address.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { LogFact } from '../event.ts';

/** From `relay=` to the reply. Some Postfix versions add fields in between: conn_use=, tls=. */
const outcome = new RegExp(
  '^, relay=([^,]{1,400})((?:, [a-z_]+=[^,]{0,200}){0,8})' +
    String.raw`, dsn=([245]\.\d{1,3}\.\d{1,3}), status=(sent|deferred|bounced|SOFTBOUNCE) \(`,
);
/** Of an address that is only checked (address verification, `sendmail -bv`): nothing was sent. */
const probe = /^, relay=[^,]{1,400}(?:, [a-z_]+=[^,]{0,200}){0,8}, status=(?:un)?deliverable/;
const delay = /^(?:, conn_use=\d{1,9})?, delay=(\d{1,9}(?:\.\d{1,9})?)/;
const server = /^([^\s[\]]{1,300})\[([0-9A-Fa-f:.]{2,45})\](?::\d{1,5})?$/;
const here = /\[(?:127\.\d+\.\d+\.\d+|::1)\](?::\d+)?$/;
const requeued = /queued as ([0-9A-Za-z]{5,32})/;
/** How Exim, OpenSMTPD and Sendmail name the id that they gave. */
const otherIds = / OK id=([0-9A-Za-z-]{16,23})|^250 2\.0\.0 (\S{8,32}) Message accepted/;

/** `text` is the part behind the queue id. `known`: it is no attempt, and nothing is missed. */
export function deliveryFact(
  service: string,
  queueId: string,
  text: string,
): LogFact | 'known' | undefined {
  const to = addressAt(text, 'to=', 0);
  if (to === undefined) return undefined;
  const recipient = addressKey(to.path);
  const from = addressAt(text, ', orig_to=', to.end);
  const rest = text.slice(from?.end ?? to.end);
  const found = outcome.exec(rest);
  if (found === null) return probe.test(rest) ? 'known' : undefined;
  const [head, relay = '', fields = '', status = '', word = ''] = found;
  const reply = rest.endsWith(')') ? rest.slice(head.length, -1) : rest.slice(head.length);
  const isSent = word === 'sent';
  const next = isSent ? nextIdOf(reply) : '';
  const { isHere, mxAddress, mxHost } = relayOf(relay);
  return {
    kind: 'delivery',
    queueId,
    recipient,
    original: from === undefined ? recipient : addressKey(from.path),
    outcome: isSent ? 'sent' : word === 'bounced' ? 'bounced' : 'deferred',
    reply,
    requeuedAs: isHere && next !== '' ? (requeued.exec(reply)?.[1] ?? '') : '',
    service,
    relay: relay === 'none' ? 'none' : isHere ? 'here' : 'other',
    nextId: next,
    status,
    mxHost,
    mxAddress,
    from: '',
    delaySeconds: Number(delay.exec(fields)?.[1] ?? 0),
  };
}

type Relay = { readonly isHere: boolean; readonly mxHost: string; readonly mxAddress: string };

/** Mail goes to the same servers again and again. */
const relays = new RecentMap<string, Relay>(1_000);

function relayOf(text: string): Relay {
  const known = relays.get(text);
  if (known !== undefined) return known;
  const mx = server.exec(text);
  const relay: Relay = {
    isHere: here.test(text),
    mxHost: mx?.[1] ?? '',
    mxAddress: mx?.[2] === undefined ? '' : clientAddress(mx[2]),
  };
  relays.set(text, relay);
  return relay;
}

/** The id that the next server gave the message; empty if its reply does not name one. */
export function nextIdOf(reply: string): string {
  if (reply.includes('queued as ')) {
    const id = requeued.exec(reply)?.[1];
    if (id !== undefined) return id;
  }
  const found = otherIds.exec(reply);
  return found?.[1] ?? found?.[2] ?? '';
}

type Path = { readonly path: string; readonly end: number };

/** An address behind `name`, in brackets; Postfix before 2.0 wrote none. */
function addressAt(text: string, name: string, at: number): Path | undefined {
  if (!text.startsWith(name, at)) return undefined;
  const from = at + name.length;
  if (text.charCodeAt(from) === 0x3c) {
    const end = pathEnd(text, from + 1);
    return end < 0 ? undefined : { path: text.slice(from + 1, end), end: end + 1 };
  }
  const end = text.indexOf(', ', from);
  return end < 0 ? undefined : { path: text.slice(from, end), end };
}

/** Where the address ends: at the first `>,` outside quotes; -1 if it is missing. */
function pathEnd(text: string, from: number): number {
  const quick = text.indexOf('>,', from);
  const quote = text.indexOf('"', from);
  if (quote < 0 || quick < quote) {
    const backslash = text.indexOf('\\', from);
    if (backslash < 0 || quick < backslash) return quick;
  }
  let isQuoted = false;
  for (let at = from; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x5c) at++;
    else if (char === 0x22) isQuoted = !isQuoted;
    else if (char === 0x3e && !isQuoted && text.charCodeAt(at + 1) === 0x2c) return at;
  }
  return -1;
}
