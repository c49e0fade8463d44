/**
 * What a person wants to know before deciding about an account: from where it sent, which subjects,
 * which recipients, when its owner last logged in. Texts of strangers are made printable. Pure.
 */
import { withoutControls } from '../../lib/peer-text.ts';
import { type Millis, minuteMs } from '../../lib/time.ts';
import type { SeenNetwork } from '../client/network.ts';
import { networkOf } from '../client/network.ts';
import type { ProviderAnswer } from './facts.ts';

/** What is listed of each kind; the counts say how many there are. */
const listedMax = 10;
const subjectsMax = 5;
const subjectLengthMax = 120;

/** A message that the account sent. Addresses and subject are empty where they are not kept. */
export type AccountSent = {
  readonly at: Millis;
  readonly client: string;
  readonly subject: string;
  readonly recipients: readonly string[];
  readonly recipientCount: number;
};

export type ClientSeen = {
  readonly address: string;
  /** /24 or /48; empty if it is no address: mail of a script. */
  readonly network: string;
  /** When the account was first seen from this network; undefined: not before the first sign. */
  readonly networkSince: Millis | undefined;
  readonly messages: number;
  readonly firstAt: Millis;
  readonly lastAt: Millis;
};

export type SentFacts = {
  readonly messages: number;
  /** Most messages first. */
  readonly clients: readonly ClientSeen[];
  readonly clientCount: number;
  readonly subjects: readonly { readonly subject: string; readonly messages: number }[];
  readonly subjectCount: number;
  /** The first that were written to. */
  readonly recipients: readonly string[];
  readonly recipientCount: number;
  /** Recipients whose address is not kept in clear text. */
  readonly unnamed: number;
  readonly domains: readonly { readonly domain: string; readonly recipients: number }[];
  readonly domainCount: number;
};

/** `address` is empty where only the network is known. */
export type LastLogin = {
  readonly at: Millis;
  readonly network: string;
  readonly address: string;
};

/** The word of the password audit about this account; never the password. */
export type PasswordWord = {
  readonly word: 'weak' | 'not guessed' | 'not tested';
  /** A sentence without its full stop. */
  readonly text: string;
  /** When the audit was that did not guess it. */
  readonly auditAt?: Millis;
};

export type AccountFacts = SentFacts & {
  /** The first sign, or a day ago without one: what is older is not among these facts. */
  readonly since: Millis;
  /** Before the first sign, from a network that was known then; undefined: none is known. */
  readonly lastLogin: LastLogin | undefined;
  readonly password: PasswordWord;
  /** What mail servers refused or put off of this mail; most frequent first. */
  readonly answers: readonly ProviderAnswer[];
  /** What is missing: sentences. */
  readonly remarks: readonly string[];
};

/** `networks`: those of the account's profile. */
export function sentFacts(
  sent: readonly AccountSent[],
  { networks, since }: { readonly networks: readonly SeenNetwork[]; readonly since: Millis },
): SentFacts {
  const mail = sent.toSorted((one, other) => one.at - other.at);
  const named = [...new Set(mail.flatMap(({ recipients }) => recipients))].map(printable);
  const recipientCount = mail.reduce((sum, one) => sum + one.recipientCount, 0);
  const clear = mail.reduce((sum, one) => sum + one.recipients.length, 0);
  const clients = clientsOf(mail, networks, since);
  const subjects = tally(mail.map(({ subject }) => printable(subject)));
  const domains = tally(named.map((address) => address.slice(address.lastIndexOf('@') + 1)));
  return {
    messages: mail.length,
    clients: clients.slice(0, listedMax),
    clientCount: clients.length,
    subjects: subjects.slice(0, subjectsMax).map(([subject, messages]) => ({ subject, messages })),
    subjectCount: subjects.length,
    recipients: named.slice(0, listedMax),
    recipientCount,
    unnamed: Math.max(0, recipientCount - clear),
    domains: domains.slice(0, listedMax).map(([domain, recipients]) => ({ domain, recipients })),
    domainCount: domains.length,
  };
}

function clientsOf(
  mail: readonly AccountSent[],
  networks: readonly SeenNetwork[],
  since: Millis,
): readonly ClientSeen[] {
  const clients = new Map<string, ClientSeen>();
  for (const { at, client } of mail) {
    if (client === '') continue;
    const address = printable(client);
    const seen = clients.get(address);
    if (seen !== undefined) {
      clients.set(address, { ...seen, messages: seen.messages + 1, lastAt: at });
      continue;
    }
    const network = networkOf(client);
    const first = networks.find((one) => one.network === network)?.first;
    const networkSince =
      first === undefined || first * minuteMs >= since ? undefined : ((first * minuteMs) as Millis);
    clients.set(address, { address, network, networkSince, messages: 1, firstAt: at, lastAt: at });
  }
  return [...clients.values()].sort((one, other) => other.messages - one.messages);
}

/** Each text with its count, most frequent first; empty texts are left out. */
function tally(texts: readonly string[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const text of texts) if (text !== '') counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one);
}

/** One line without marks that hide or turn text, cut at a length. */
function printable(text: string): string {
  const line = withoutControls(text, ' ').trim();
  return line.length > subjectLengthMax ? `${line.slice(0, subjectLengthMax - 1)}…` : line;
}

/**
 * The last time the account was seen from a network that it used before the first sign: most likely
 * its owner. `mail` gives the address, if some came from that network.
 */
export function lastLogin(
  networks: readonly SeenNetwork[],
  mail: readonly Pick<AccountSent, 'at' | 'client'>[],
  since: Millis,
): LastLogin | undefined {
  const known = networks.filter(({ first }) => first * minuteMs < since);
  const last = known.toSorted((one, other) => other.last - one.last)[0];
  if (last === undefined) return undefined;
  const from = mail
    .filter(({ client }) => networkOf(client) === last.network)
    .toSorted((one, other) => other.at - one.at)[0];
  const address = from === undefined ? '' : printable(from.client);
  return { at: (last.last * minuteMs) as Millis, network: last.network, address };
}
