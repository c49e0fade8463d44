/**
 * Turns a line of Postfix about the way of a message into the queue into a fact: who handed it in,
 * what Message-ID it has, which message it came from. Pure, never throws.
 *
 * Clients choose names and Message-IDs. So a line is read from the left, each field up to where
 * Postfix ended it.
 */

import { addressKey } from '../../formats/message/address.ts';
import { clientAddress } from '../../formats/postfix/client-address.ts';
import { accountNamed, type DefaultDomain } from '../account-name.ts';
import type { LogFact, QueueFact } from '../event.ts';
import { manners, mechanismOf } from './client-manners.ts';

const address = String.raw`[^\s,[\]]{1,300}\[([0-9A-Fa-f:.]{2,45}|unknown)\](?::\d+)?`;
const client = new RegExp(`^client=${address}`);
const pickedUp = /^uid=(\d{1,10}) from=<(.{0,400})>/;
const pickedUpAgain = /> orig_id=([0-9A-Za-z]{5,32})$/;
const named = /^(?:resent-)?message-id=(.{1,500})$/;
const behindLogin = /, (?:sasl_sender|orig_[a-z_]+)=/;
const originalId = /, orig_queue_id=([0-9A-Za-z]{5,32})(?:,|$)/;
const originalClient = new RegExp(`, orig_client=${address}`);
const away = /^warning: (?:connect to Milter service|milter) ([^\s,]{1,300}): /;
const loginField = ', sasl_username=';
const method = /^, sasl_method=([^,]{1,40})$/;
/** Right behind the client: it only says that somebody has logged in (XCLIENT LOGIN). */
const claimedLogin = ', sasl_method=XCLIENT,';

/** Of cleanup(8). `queueId` is empty for NOQUEUE; `text` is what stands behind. */
export function cleanupFact(queueId: string, text: string): QueueFact | undefined {
  if (queueId === '') return undefined;
  const messageId = named.exec(text)?.[1];
  return messageId === undefined ? undefined : { kind: 'named', queueId, messageId };
}

/** A milter that a receiving program could not ask. */
export function milterAway(program: string, text: string): QueueFact | undefined {
  const milter = isReceiving(program) ? away.exec(text)?.[1] : undefined;
  return milter === undefined ? undefined : { kind: 'milter-away', milter };
}

function isReceiving(program: string): boolean {
  return program === 'smtpd' || program === 'cleanup' || program === 'qmqpd';
}

/** Of smtpd(8) and qmqpd(8): the login, and the message. `text` begins with `client=`. */
export function smtpFacts(
  service: string,
  queueId: string,
  text: string,
  defaultDomain: DefaultDomain,
  tls: string | undefined,
): readonly LogFact[] {
  const from = client.exec(text);
  if (from === null) return [];
  const { auth, forwarded, login: name } = fieldsOf(text, from[0].length);
  const login = accountNamed(name, defaultDomain);
  const address = plainAddress(from[1]);
  const facts: LogFact[] = [];
  const how = login === undefined ? undefined : manners({ auth, tls });
  const isClaimed = text.startsWith(claimedLogin, from[0].length);
  if (login !== undefined && from[1] !== 'unknown' && !isClaimed) {
    const of = { account: login, client: address, ok: true, times: 1 } as const;
    facts.push({ kind: 'login', ...of, protocol: 'smtp', ...how });
  }
  if (queueId === '') {
    const isProxied = login !== undefined && service.endsWith('smtpd');
    if (isProxied) facts.push({ kind: 'proxied', client: address, login });
    return facts;
  }
  const previousId = forwarded === '' ? '' : (originalId.exec(forwarded)?.[1] ?? '');
  facts.push({
    kind: 'entered',
    queueId,
    service,
    client: address,
    firstClient: forwarded === '' ? '' : plainAddress(originalClient.exec(forwarded)?.[1]),
    login,
    ...how,
    uid: undefined,
    previousId: previousId === 'NOQUEUE' ? '' : previousId,
  });
  return facts;
}

/** Of pickup(8). */
export function pickupFact(service: string, id: string, text: string): QueueFact | undefined {
  if (id === '') return undefined;
  const [, uid, sender = ''] = pickedUp.exec(text) ?? [];
  if (uid === undefined) return undefined;
  return {
    kind: 'entered',
    queueId: id,
    service,
    client: '',
    firstClient: '',
    login: undefined,
    uid: Number(uid),
    sender: addressKey(sender),
    previousId: pickedUpAgain.exec(text)?.[1] ?? '',
  };
}

/**
 * The login, and the fields of XFORWARD. With a login these are not read: then a field of the
 * client (sasl_sender) stands in front of them.
 */
function fieldsOf(
  text: string,
  from: number,
): {
  readonly login: string;
  readonly auth: string | undefined;
  readonly forwarded: string;
} {
  const start = text.indexOf(loginField, from);
  if (start < 0) return { login: '', auth: undefined, forwarded: text.slice(from) };
  const rest = text.slice(start + loginField.length);
  const auth = mechanismOf(method.exec(text.slice(from, start))?.[1]);
  if (!rest.includes(', ')) return { login: rest, auth, forwarded: '' };
  const end = behindLogin.exec(rest)?.index ?? rest.length;
  return { login: rest.slice(0, end), auth, forwarded: '' };
}

function plainAddress(text: string | undefined): string {
  return text === undefined || text === 'unknown' ? '' : clientAddress(text);
}
