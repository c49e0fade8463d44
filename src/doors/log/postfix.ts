/**
 * What Postfix logs, one line → one fact of the guard: a recipient's delivery, a login, good or
 * bad. Pure, never throws.
 *
 * Much in a line is written by strangers: recipients and logins by clients, replies by remote
 * servers. So lines are read from the left, each field up to where Postfix itself ended it, and
 * nothing is searched for in the whole of a line.
 */

import type { Account } from '../../core/account-name.ts';
import { accountOf } from '../../core/account-name.ts';
import type { LogFact } from '../../core/event.ts';
import { addressKey } from '../../formats/message/address.ts';
import { clientAddress } from '../../formats/postfix/client-address.ts';

const queueId = /^([0-9A-Za-z]{5,32}): /;
/**
 * From `relay=` to the reply. Later versions put fields of their own in between: conn_use=, tls=.
 */
const outcome =
  /^, relay=([^,]{1,400})(?:, [a-z_]+=[^,]{0,200}){0,8}, dsn=[245]\.\d{1,3}\.\d{1,3}, status=(sent|deferred|bounced) \(/;
const requeued = /queued as ([0-9A-Za-z]{5,32})/;
const client = /^client=[^\s,[\]]{1,300}\[([0-9A-Fa-f:.]{2,45})\](?::\d+)?/;
const failed =
  /^warning: [^\s[\]]{1,300}\[([0-9A-Fa-f:.]{2,45})\](?::\d+)?: SASL [\w-]{1,40} authentication failed: /;
/** Failures that say nothing of a password: nobody could ask, or the client speaks badly. */
const noGuess = /^(?:connection lost|invalid (?:base64|authentication))|temporar|not available/i;
const userField = ', sasl_username=';

/** The fact, or undefined. `tag` is syslog's: `postfix/smtpd`, `postfix-out/smtp`. */
export function postfixFact(
  tag: string,
  text: string,
  times: number,
  defaultDomain: string,
): LogFact | undefined {
  if (!tag.includes('/')) return undefined;
  if (tag.endsWith('/smtpd')) {
    return text.startsWith('warning: ')
      ? failedLogin(text, times, defaultDomain)
      : goodLogin(text, defaultDomain);
  }
  return delivery(text);
}

function delivery(text: string): LogFact | undefined {
  const id = queueId.exec(text);
  if (id === null || !text.startsWith('to=<', id[0].length)) return undefined;
  const from = id[0].length + 4;
  let end = pathEnd(text, from);
  if (end < 0) return undefined;
  const recipient = addressKey(text.slice(from, end));
  if (text.startsWith('>, orig_to=<', end)) end = pathEnd(text, end + 12);
  if (end < 0) return undefined;
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
    outcome: sent ? 'sent' : status === 'bounced' ? 'bounced' : 'deferred',
    reply,
    requeuedAs: sent && isLoopback(relay) ? (requeued.exec(reply)?.[1] ?? '') : '',
  };
}

/**
 * To whom the sender wrote, of a line that postfixFact takes for a delivery: before aliases were
 * expanded.
 */
export function originalRecipient(text: string): string {
  const from = text.indexOf('to=<') + 4;
  const end = pathEnd(text, from);
  const second = '>, orig_to=<';
  if (end < 0) return '';
  if (!text.startsWith(second, end)) return addressKey(text.slice(from, end));
  const start = end + second.length;
  return addressKey(text.slice(start, pathEnd(text, start)));
}

/** Where the address ends: at the first `>` outside quotes that Postfix went on after. */
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

/** A filter on this machine that hands the message back under a new queue id. */
function isLoopback(relay: string): boolean {
  return /\[(?:127\.\d+\.\d+\.\d+|::1)\](?::\d+)?$/.test(relay);
}

function goodLogin(text: string, defaultDomain: string): LogFact | undefined {
  const id = queueId.exec(text);
  const where = id === null ? null : client.exec(text.slice(id[0].length));
  if (id === null || where === null) return undefined;
  const rest = text.slice(id[0].length + where[0].length);
  const start = rest.indexOf(userField);
  if (start < 0) return undefined;
  // The fields behind it carry what a client or an earlier hop said.
  const user = rest.slice(start + userField.length).split(/, (?:sasl_sender|orig_[a-z_]+)=/, 1)[0];
  const account = named(user ?? '', defaultDomain);
  if (account === undefined) return undefined;
  return { kind: 'login', account, client: clientAddress(where[1] ?? ''), ok: true, times: 1 };
}

function failedLogin(text: string, times: number, defaultDomain: string): LogFact | undefined {
  const where = failed.exec(text);
  if (where === null) return undefined;
  const rest = text.slice(where[0].length);
  const start = rest.indexOf(userField);
  if (noGuess.test(start < 0 ? rest : rest.slice(0, start))) return undefined;
  const user = start < 0 ? '' : rest.slice(start + userField.length);
  // Postfix before 3.6 does not say whose login it was. This one says that it could not ask
  // anybody.
  if (user === '(unavailable)') return undefined;
  const account = named(user, defaultDomain);
  return { kind: 'login', account, client: clientAddress(where[1] ?? ''), ok: false, times };
}

function named(user: string, defaultDomain: string): Account | undefined {
  return user.trim() === '' ? undefined : accountOf(user, defaultDomain);
}
