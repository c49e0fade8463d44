/**
 * Finds out who hands a message over: a login, a client that may relay, or this machine. Pure.
 */

import type { Account } from '../../core/account-name.ts';
import { accountOf, clientAccount, fromXtext, localAccount } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import { stringEnd } from '../../formats/milter/packet.ts';
import { clientAddress } from '../../formats/postfix/client-address.ts';
import type { MessageStart, Submitter } from '../../ports/message.ts';
import type { Macros } from './macros.ts';
import type { MilterOptions } from './options.ts';

/** The client of the SMTP session. */
export type ConnectedClient = {
  readonly address: string;
  /** 0 if it is not known. */
  readonly port: number;
  /** The mail server's end of the connection, if it told. */
  readonly server: Submission['server'];
  /** As the mail server verified it; else empty. */
  readonly name: string;
  readonly how: 'smtp' | 'local';
};

/** Octets kept of a client's name; names in the DNS are shorter. */
const nameBytesMax = 1_024;

export const noClient: ConnectedClient = {
  address: '',
  port: 0,
  server: undefined,
  name: '',
  how: 'smtp',
};

/** Reads the announcement of a connection. `macros`: those of the connection. */
export function connectedClient(
  bytes: Buffer,
  { start, end }: { readonly start: number; readonly end: number },
  macros: Macros,
  options: MilterOptions,
): ConnectedClient {
  const hostEnd = stringEnd(bytes, start, end);
  const family = bytes[hostEnd + 1];
  const port = hostEnd + 4 <= end ? bytes.readUInt16BE(hostEnd + 2) : 0;
  const known = hostEnd + 4 < end && (family === 0x34 || family === 0x36);
  const address = known
    ? clientAddress(bytes.toString('latin1', hostEnd + 4, stringEnd(bytes, hostEnd + 4, end)))
    : '';
  // For mail of sendmail(1) and qmqpd, Postfix emulates an SMTP session: from its own address,
  // without a port, and with a queue id that real sessions get only at the first recipient.
  const emulated = port === 0 && (address === '127.0.0.1' || address === '::1');
  const local =
    emulated || macros.queueIdAtConnect !== '' || options.localDaemons.has(macros.daemonName);
  // A client without a verified name is announced as `[192.0.2.1]`.
  const host =
    bytes[start] === 0x5b
      ? ''
      : bytes.toString('latin1', start, Math.min(hostEnd, start + nameBytesMax));
  const server = serverEnd(macros);
  return { address, port, server, name: host, how: local ? 'local' : 'smtp' };
}

function serverEnd({ daemonAddress, daemonPort }: Macros): Submission['server'] {
  const port = Number(daemonPort);
  if (daemonAddress === '' || !Number.isInteger(port) || port < 1) return undefined;
  return { address: clientAddress(daemonAddress), port };
}

/** The submitter, as far as it can be told now. A login, once known, stays. */
export function submitterOf(
  known: Submitter | undefined,
  about: {
    readonly macros: Macros;
    readonly client: ConnectedClient;
    readonly sender: string;
    readonly options: MilterOptions;
  },
): Submitter | undefined {
  if (known?.by === 'login') return known;
  const { macros, client, options } = about;
  if (macros.login !== '' && !isClaimed(macros, options)) {
    return submitter(loginAccount(macros.login, options), 'login', client.address);
  }
  if (client.how === 'local') return known ?? submitter(localAccount(about.sender), 'local', '');
  return known;
}

/** The client says that somebody has logged in, and is not believed: no password was checked. */
export function isClaimed(
  { authType, login }: Pick<Macros, 'authType' | 'login'>,
  { believesXclient }: Pick<MilterOptions, 'believesXclient'>,
): boolean {
  return login !== '' && authType === 'XCLIENT' && !believesXclient();
}

/**
 * The submitter of mail that leaves without a login: the client's address. Who claims a login may
 * claim any address and port, too: all such clients together are one account.
 */
export function relayingClient(client: ConnectedClient): Submitter {
  return submitter(clientAccount(client.address), 'client', client.address);
}

/** What readers learn about a message when its content begins. `sender`: as typed. */
export function messageStartOf(
  who: Submitter | undefined,
  of: {
    readonly client: ConnectedClient;
    readonly helo: string;
    readonly sender: string;
    readonly recipients: readonly string[];
    readonly badRecipients: number;
    readonly queueId: string;
  },
): MessageStart {
  const { client, helo, sender, recipients, badRecipients, queueId } = of;
  return {
    by: who?.by,
    account: who?.account,
    client: client.how === 'local' ? '' : client.address,
    clientName: client.name,
    helo,
    sender: sender.replace(/^<(.*)>$/s, '$1'),
    recipients,
    badRecipients,
    queueId,
  };
}

/**
 * The start as readers that edit see it. Mail of a client that is not known to be allowed to relay
 * is shown as mail that comes in: verified, never signed.
 */
export function readAs(start: MessageStart, { mayRelay }: MilterOptions): MessageStart {
  const stranger = start.by === 'client' && !mayRelay(start.client);
  return stranger ? { ...start, by: undefined, account: undefined } : start;
}

function loginAccount(login: string, { defaultDomain, xtextLogins }: MilterOptions): Account {
  return accountOf(xtextLogins ? fromXtext(login) : login, defaultDomain);
}

function submitter(account: Account, by: Submitter['by'], client: string): Submitter {
  return client === '' ? { account, by } : { account, by, client };
}
