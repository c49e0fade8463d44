/**
 * Turns a line of Postfix into a fact for the guard: a delivery to one recipient, or a good or
 * failed login. Pure, never throws.
 *
 * Clients choose recipients and logins, and remote servers choose replies. So a line is read from
 * the left, each field up to where Postfix ended it. Nothing is searched for in the whole line.
 */

import type { Account, DefaultDomain } from '../../core/account-name.ts';
import { accountOf } from '../../core/account-name.ts';
import type { LogFact } from '../../core/event.ts';
import { addressKey } from '../../formats/message/address.ts';
import { clientAddress } from '../../formats/postfix/client-address.ts';

const queueId = /^([0-9A-Za-z]{5,32}): /;
/** From `relay=` to the reply. Some Postfix versions add fields in between: conn_use=, tls=. */
const outcome = new RegExp(
  '^, relay=([^,]{1,400})(?:, [a-z_]+=[^,]{0,200}){0,8}' +
    String.raw`, dsn=[245]\.\d{1,3}\.\d{1,3}, status=(sent|deferred|bounced) \(`,
);
const requeued = /queued as ([0-9A-Za-z]{5,32})/;
const client = /^client=[^\s,[\]]{1,300}\[([0-9A-Fa-f:.]{2,45})\](?::\d+)?/;
const failed = new RegExp(
  String.raw`^warning: [^\s[\]]{1,300}\[([0-9A-Fa-f:.]{2,45})\](?::\d+)?` +
    String.raw`: SASL [\w-]{1,40} authentication failed: `,
);
/**
 * Failures that say nothing about a password: no check was possible (the words of Cyrus SASL and
 * Dovecot for that), the client broke SASL, or the mechanism is not offered.
 */
const noGuess = new RegExp(
  '^(?:connection lost|generic failure|invalid (?:base64|authentication)|no mechanism)|' +
    'mechanism not supported|temporar|not available|cannot connect|timed? ?out',
  'i',
);
const userField = ', sasl_username=';

/** Returns the fact, or undefined. `tag` is from syslog: `postfix/smtpd`, `postfix-out/smtp`. */
export function postfixFact(
  tag: string,
  text: string,
  times: number,
  defaultDomain: DefaultDomain,
): LogFact | undefined {
  if (!tag.includes('/')) return undefined;
  if (tag.endsWith('/smtpd')) {
    return text.startsWith('warning: ')
      ? failedLogin(text, times, defaultDomain)
      : goodLogin(text, defaultDomain);
  }
  return delivery(tag, text);
}

function delivery(tag: string, text: string): LogFact | undefined {
  const id = queueId.exec(text);
  if (id === null || !text.startsWith('to=<', id[0].length)) return undefined;
  const from = id[0].length + 4;
  let end = pathEnd(text, from);
  if (end < 0) return undefined;
  const recipient = addressKey(text.slice(from, end));
  let original = recipient;
  if (text.startsWith('>, orig_to=<', end)) {
    const start = end + 12;
    end = pathEnd(text, start);
    if (end < 0) return undefined;
    original = addressKey(text.slice(start, end));
  }
  const rest = text.slice(end + 1);
  const found = outcome.exec(rest);
  if (found === null) return undefined;
  const [head, relay = '', status = ''] = found;
  const reply = rest.slice(head.length).replace(/\)$/, '');
  const sent = status === 'sent';
  return {
    kind: 'delivery',
    queueId: id[1] ?? '',
    recipient,
    original,
    outcome: sent ? 'sent' : status === 'bounced' ? 'bounced' : 'deferred',
    reply,
    requeuedAs: sent && isLoopback(relay) ? (requeued.exec(reply)?.[1] ?? '') : '',
    service: tag,
    relay: relay === 'none' ? 'none' : isLoopback(relay) ? 'here' : 'other',
    nextId: sent ? (requeued.exec(reply)?.[1] ?? '') : '',
    ...{ status: '', mxHost: '', mxAddress: '', from: '', delaySeconds: 0 },
  };
}

/** Where the address ends: at the first `>,` outside quotes; -1 if it is missing. */
function pathEnd(text: string, from: number): number {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === '\\') at++;
    else if (char === '"') quoted = !quoted;
    else if (char === '>' && !quoted && text[at + 1] === ',') return at;
  }
  return -1;
}

/** True if the relay is on this machine: a filter returns mail under a new queue id. */
function isLoopback(relay: string): boolean {
  return /\[(?:127\.\d+\.\d+\.\d+|::1)\](?::\d+)?$/.test(relay);
}

function goodLogin(text: string, defaultDomain: DefaultDomain): LogFact | undefined {
  const id = queueId.exec(text);
  const where = id === null ? null : client.exec(text.slice(id[0].length));
  if (id === null || where === null) return undefined;
  const rest = text.slice(id[0].length + where[0].length);
  const start = rest.indexOf(userField);
  if (start < 0) return undefined;
  // The fields behind the login contain text of a client or an earlier hop.
  const user = rest.slice(start + userField.length).split(/, (?:sasl_sender|orig_[a-z_]+)=/, 1)[0];
  const account = named(user ?? '', defaultDomain);
  if (account === undefined) return undefined;
  return { kind: 'login', account, client: clientAddress(where[1] ?? ''), ok: true, times: 1 };
}

function failedLogin(
  text: string,
  times: number,
  defaultDomain: DefaultDomain,
): LogFact | undefined {
  const where = failed.exec(text);
  if (where === null) return undefined;
  const rest = text.slice(where[0].length);
  const start = rest.indexOf(userField);
  if (noGuess.test(start < 0 ? rest : rest.slice(0, start))) return undefined;
  const user = start < 0 ? '' : rest.slice(start + userField.length);
  // Postfix before 3.6 does not log the login. `(unavailable)` means that no password was checked.
  if (user === '(unavailable)') return undefined;
  const account = named(user, defaultDomain);
  return { kind: 'login', account, client: clientAddress(where[1] ?? ''), ok: false, times };
}

function named(user: string, defaultDomain: DefaultDomain): Account | undefined {
  return user.trim() === '' ? undefined : accountOf(user, defaultDomain);
}
