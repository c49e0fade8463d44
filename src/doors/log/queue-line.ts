/**
 * Turns a line of Postfix about the way of a message into the queue into a fact: who handed it in,
 * what Message-ID it has, which message it came from. Pure, never throws.
 *
 * Clients choose names and Message-IDs. So a line is read from the left, each field up to where
 * Postfix ended it.
 */
import type { Account, DefaultDomain } from '../../core/account-name.ts';
import { accountOf } from '../../core/account-name.ts';
import type { QueueFact } from '../../core/event.ts';
import { addressKey } from '../../formats/message/address.ts';
import { clientAddress } from '../../formats/postfix/client-address.ts';

const queueId = /^([0-9A-Za-z]{5,32}): /;
const address = String.raw`[^\s,[\]]{1,300}\[([0-9A-Fa-f:.]{2,45}|unknown)\](?::\d+)?`;
const client = new RegExp(`^client=${address}`);
const pickedUp = /^uid=(\d{1,10}) from=<(.{0,400})>/;
const pickedUpAgain = /> orig_id=([0-9A-Za-z]{5,32})$/;
const named = /^(?:resent-)?message-id=(.{1,500})$/;
const behindLogin = /, (?:sasl_sender|orig_queue_id|orig_client)=/;
const originalId = /, orig_queue_id=([0-9A-Za-z]{5,32})(?:,|$)/;
const originalClient = new RegExp(`, orig_client=${address}`);
const away = /^warning: (?:connect to Milter service|milter) ([^\s,]{1,300}): /;
const loginField = ', sasl_username=';

/** Returns the fact, or undefined. `tag` is from syslog: `postfix/pickup`. */
export function queueFact(
  tag: string,
  text: string,
  defaultDomain: DefaultDomain,
): QueueFact | undefined {
  const program = tag.slice(tag.lastIndexOf('/') + 1);
  if (program === tag) return undefined;
  const milter = away.exec(text)?.[1];
  if (milter !== undefined) {
    return isReceiving(program) ? { kind: 'milter-away', milter } : undefined;
  }
  const rest = (id: string): string => text.slice(id.length + 2);
  if (program === 'smtpd' && text.startsWith('NOQUEUE: client=')) {
    return proxied(rest('NOQUEUE'), defaultDomain);
  }
  const id = queueId.exec(text)?.[1];
  if (id === undefined) return undefined;
  switch (program) {
    case 'smtpd':
    case 'qmqpd':
      return bySmtp(tag, id, rest(id), defaultDomain);
    case 'pickup':
      return byPickup(tag, id, rest(id));
    case 'cleanup': {
      const messageId = named.exec(rest(id))?.[1];
      return messageId === undefined ? undefined : { kind: 'named', queueId: id, messageId };
    }
    default:
      return undefined;
  }
}

function isReceiving(program: string): boolean {
  return program === 'smtpd' || program === 'cleanup' || program === 'qmqpd';
}

function bySmtp(
  service: string,
  id: string,
  text: string,
  defaultDomain: DefaultDomain,
): QueueFact | undefined {
  const from = client.exec(text);
  if (from === null) return undefined;
  const { forwarded, login } = fieldsOf(text.slice(from[0].length));
  const previousId = originalId.exec(forwarded)?.[1] ?? '';
  return {
    kind: 'entered',
    queueId: id,
    service,
    client: plainAddress(from[1]),
    firstClient: plainAddress(originalClient.exec(forwarded)?.[1]),
    login: accountNamed(login, defaultDomain),
    uid: undefined,
    previousId: previousId === 'NOQUEUE' ? '' : previousId,
  };
}

function byPickup(service: string, id: string, text: string): QueueFact | undefined {
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

function proxied(text: string, defaultDomain: DefaultDomain): QueueFact | undefined {
  const from = client.exec(text);
  if (from === null) return undefined;
  const login = accountNamed(fieldsOf(text.slice(from[0].length)).login, defaultDomain);
  const address = plainAddress(from[1]);
  return login === undefined ? undefined : { kind: 'proxied', client: address, login };
}

/**
 * The login, and the fields of XFORWARD. With a login these are not read: then a field of the
 * client (sasl_sender) stands in front of them.
 */
function fieldsOf(text: string): { readonly login: string; readonly forwarded: string } {
  const start = text.indexOf(loginField);
  if (start < 0) return { login: '', forwarded: text };
  const rest = text.slice(start + loginField.length);
  return { login: rest.slice(0, behindLogin.exec(rest)?.index ?? rest.length), forwarded: '' };
}

function accountNamed(login: string, defaultDomain: DefaultDomain): Account | undefined {
  return login.trim() === '' ? undefined : accountOf(login, defaultDomain);
}

function plainAddress(text: string | undefined): string {
  return text === undefined || text === 'unknown' ? '' : clientAddress(text);
}
