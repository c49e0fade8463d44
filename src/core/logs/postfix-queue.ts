/**
 * Turns a line of Postfix about the way of a message into the queue into a fact: who handed it in,
 * what Message-ID it has, which message it came from. Pure, never throws.
 *
 * Clients choose names and Message-IDs. So a line is read from the left, each field up to where
 * Postfix ended it.
 */

import { addressKey } from '../../formats/message/address.ts';
import { clientAddress } from '../../formats/postfix/client-address.ts';
import type { Account, DefaultDomain } from '../account-name.ts';
import { accountOf } from '../account-name.ts';
import type { QueueFact } from '../event.ts';

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

/** Returns the fact, or undefined. `queueId` is empty for NOQUEUE; `text` is what stands behind. */
export function queueFact(
  tag: string,
  queueId: string,
  text: string,
  defaultDomain: DefaultDomain,
): QueueFact | undefined {
  const program = tag.slice(tag.lastIndexOf('/') + 1);
  if (queueId === '') return program === 'smtpd' ? proxied(text, defaultDomain) : undefined;
  switch (program) {
    case 'smtpd':
    case 'qmqpd':
      return bySmtp(tag, queueId, text, defaultDomain);
    case 'pickup':
      return byPickup(tag, queueId, text);
    case 'cleanup': {
      const messageId = named.exec(text)?.[1];
      return messageId === undefined ? undefined : { kind: 'named', queueId, messageId };
    }
    default:
      return undefined;
  }
}

/** A milter that a receiving program could not ask. */
export function milterAway(program: string, text: string): QueueFact | undefined {
  const milter = isReceiving(program) ? away.exec(text)?.[1] : undefined;
  return milter === undefined ? undefined : { kind: 'milter-away', milter };
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
