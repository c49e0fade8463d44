/** Turns settings into the values that the parts of the guard take. */

import type { Policy } from '../core/account/policy.ts';
import type { ReportServer } from '../core/incidents/report.ts';
import type { SigningRules } from '../core/signing/choose.ts';
import { addressKey } from '../formats/message/address.ts';
import { asciiDomain } from '../formats/message/author-domains.ts';
import { ownHosts } from '../formats/postfix/own-hosts.ts';
import type { SocketAddress } from '../lib/listener.ts';
import { type Config, usualContact } from './schema.ts';

/** Of `inet:HOST:PORT` or `unix:/PATH`, which the schema has checked; undefined for `off`. */
export function whereOf(address: string, mode: number): SocketAddress | undefined {
  if (address.startsWith('unix:')) return { path: address.slice(5), mode };
  const inet = /^inet:(?:\[(.+)\]|([^:]+)):(\d+)$/i.exec(address);
  if (inet === null) return undefined;
  return { host: inet[1] ?? inet[2] ?? '', port: Number(inet[3]) };
}

/**
 * The fixed ceilings, how scan results count, how much may be held, and which hosts are this
 * server's. `machine` is the addresses of this machine.
 */
export function policyOf(
  { accounts, ceilings, scan, suspension, webmail }: Config,
  machine: readonly string[],
): Policy {
  return {
    messageRecipientsMax: ceilings.message_recipients,
    accountRecipientsPerHour: ceilings.account_recipients_per_hour,
    accountRecipientsPerDay: ceilings.account_recipients_per_day,
    serverRecipientsPerHour: ceilings.server_recipients_per_hour,
    scanHoldScore: scan.hold_score,
    unscanned: scan.when_down,
    isOwnHost: ownHosts([...accounts.own_hosts, ...webmail.hosts, ...machine]),
    heldMax: {
      messages: suspension.held_messages_max,
      bytes: suspension.held_megabytes_max * 1_000_000,
    },
    hijackedMail: suspension.later_mail,
  };
}

/** The mail server that takes Postern's own mail, and the sender of that mail. */
export function mailServerOf(
  { notices }: Config,
  host: string,
): { readonly host: string; readonly port: number; readonly from: string } {
  const [server = '127.0.0.1', port = '25'] = notices.mail_server.split(':');
  const from = notices.mail_from === '' ? `postern@${host}` : addressKey(notices.mail_from);
  return { host: server, port: Number(port), from };
}

/** What a report of an incident says of this server. A contact that nobody set is left out. */
export function reportServerOf(
  { contact, identity }: Config,
  machine: { readonly host: string; readonly addresses: readonly string[] },
): ReportServer {
  const addresses = identity.addresses.length > 0 ? identity.addresses : machine.addresses;
  return {
    host: identity.host === '' ? machine.host : identity.host,
    contact: contact === usualContact ? '' : contact,
    addresses: addresses.map((address) => ({ address, names: undefined })),
  };
}

/** Which domain's key signs which From domain, in A-labels (RFC 5890) as in messages. */
export function signingRulesOf({ signing }: Config): SigningRules {
  const name = (text: string): string =>
    text.startsWith('*.') ? `*.${asciiDomain(text.slice(2)) ?? ''}` : (asciiDomain(text) ?? '');
  const domains = Object.entries(signing.domains).map(
    ([from, signer]) => [name(from), signer === 'off' ? 'off' : name(signer)] as const,
  );
  return { domains: new Map(domains), identity: name(signing.identity) };
}
