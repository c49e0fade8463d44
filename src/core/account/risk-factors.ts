/**
 * Risk factors of a message: an hour, a network or a From address that this account has not used
 * before, or a guessed login. Alone they are ordinary; they make mail to strangers weigh more.
 */

import { hash53 } from '../../lib/hash.ts';
import { dayMs, hourMs, minuteMs } from '../../lib/time.ts';
import { isAutomatic } from '../account-name.ts';
import { foreignAddress } from '../authors/finding.ts';
import type { EvidenceKind } from '../brake/stop.ts';
import { networkOf, networksAtOnce } from '../client/network.ts';
import { type ClientStanding, clientStanding, isTrusted } from '../client/standing.ts';
import type { MessageFacts } from '../event.ts';
import type { CountName } from '../reason.ts';
import { looksLikeSpam } from '../scan/likeness.ts';
import type { Scan } from '../scan/report.ts';
import type { AccountProfile } from './profile.ts';
import {
  boostMax,
  boosts,
  farHours,
  farMessagesMin,
  holdAt,
  hourMessagesMin,
  hourShare,
  manyFromsMin,
  secondKind,
  slotsOf,
  weakPassword,
  windowsMs,
} from './signals.ts';

export type RiskFactors = {
  readonly client: ClientStanding;
  /** Multiplies the evidence. */
  readonly boost: number;
  /** Evidence without any count. */
  readonly alone: number;
  /** A new network with a strange hour or a guessed login: hardly the owner. */
  readonly elsewhere: boolean;
  readonly hour: number;
  readonly hourUnusual: boolean;
  readonly newNetwork: string | undefined;
  /** What a new network multiplies the evidence by. */
  readonly networkBoost: number;
  readonly newIdentity: string | undefined;
  /** An address in the message that this account may not use, and has not used for a day. */
  readonly foreign: string | undefined;
  readonly breachFails: number;
  readonly networks: number;
  readonly networksUsual: number;
  /** What the number of networks adds to `alone`. */
  readonly networksAlone: number;
};

/** A guessed login stays evidence for a day. */
const breachMs = dayMs;
/** Networks at once that are ordinary for everybody: telephone, office, home, train. */
const networksFree = 4;
const networkAloneWeight = 0.25;
const breachAlone = 0.3;

/** The book entry of a From address. */
export function identityKey(address: string): string {
  return `from:${address}`;
}

export function riskFactors(
  profile: AccountProfile,
  message: MessageFacts,
  about: {
    readonly seed: number;
    readonly weak: boolean;
    readonly isOwnHost: (client: string) => boolean;
  },
): RiskFactors {
  const { seed, weak, isOwnHost } = about;
  const hour = Math.floor(message.at / hourMs) % 24;
  const messages = sum(profile.hours);
  const hourUnusual =
    messages >= hourMessagesMin && near(profile.hours, hour, 1) / messages < hourShare;
  const standing = clientStanding(profile, message, isOwnHost);
  // The owner may be up at night; the server's own programs run at any hour.
  let boost = hourUnusual && !isTrusted(standing.standing) ? boosts.hour : 1;
  let alone = 0;
  let newNetwork: string | undefined;
  let networks = 0;
  let networksAlone = 0;
  const { client = '' } = message;
  const network = networkOf(client);
  if (network !== '') {
    if (isOwnHost(client)) networks = 1;
    else {
      if (standing.isNewNetwork) {
        newNetwork = network;
        // Of an odd client, a count of its own says it; a program that moves about is ordinary.
        if (standing.standing === 'ordinary' || standing.program === '')
          boost *= networkBoost(weak);
      }
      networks = networksAtOnce(profile, network, message.at, isOwnHost);
    }
    const free = Math.max(networksFree, profile.usualNetworks + 1);
    networksAlone = networkAloneWeight * Math.max(0, networks - free);
    alone += networksAlone;
  }
  const newIdentity = unusedFrom(profile, message, seed);
  const foreign = foreignAuthor(profile, message, seed);
  // Nearly always both say the same about the same address.
  if (foreign !== undefined) boost *= boosts.foreign;
  else if (newIdentity !== undefined) boost *= boosts.identity;
  const breached = profile.breachFails > 0 && message.at - profile.breachAt < breachMs;
  if (breached) {
    boost *= boosts.breach;
    alone += breachAlone;
  }
  const farHour =
    messages >= farMessagesMin && near(profile.hours, hour, farHours) / messages < hourShare;
  return {
    client: standing,
    boost: Math.min(boost, boostMax),
    alone,
    elsewhere: newNetwork !== undefined && (hourUnusual || farHour || breached),
    hour,
    hourUnusual,
    newNetwork,
    networkBoost: networkBoost(weak),
    newIdentity: foreign === undefined ? newIdentity : undefined,
    foreign,
    breachFails: breached ? profile.breachFails : 0,
    networks,
    networksUsual: profile.usualNetworks,
    networksAlone,
  };
}

/**
 * What besides the numbers says that the sender is not the owner, or that the mail is not honest:
 * the counts among it, none for a circumstance. Undefined without any. A new network alone or an
 * unusual hour alone is ordinary: telephones change networks all day.
 */
export function secondKinds(
  factors: RiskFactors,
  sums: readonly number[],
  {
    dead,
    numbers,
    refused,
    refusers,
    spam,
  }: {
    /** What the numbers alone weigh: who the client is must be a kind of its own. */
    readonly numbers: number;
    readonly dead: number;
    readonly refused: number;
    readonly refusers: number;
    readonly spam: number;
  },
): readonly CountName[] | undefined {
  const counts: CountName[] = [];
  if (dead >= holdAt) counts.push('failed-recipients');
  if (refused >= holdAt && refusers >= secondKind.providers) counts.push('provider-replies');
  if (spam >= holdAt || spamShare(sums) >= secondKind.spamShare) counts.push('spam-like');
  const stranger =
    numbers >= holdAt &&
    (factors.elsewhere ||
      factors.breachFails > 0 ||
      factors.newIdentity !== undefined ||
      factors.foreign !== undefined ||
      factors.networksAlone >= secondKind.networks * networkAloneWeight);
  return stranger || counts.length > 0 ? counts : undefined;
}

/**
 * The kinds of evidence that are each strong enough without the others. Under the brake two of them
 * must agree. A new network alone is one here: it is no number, no content and no reply.
 */
export function agreeingKinds(
  factors: RiskFactors,
  sums: readonly number[],
  scan: Scan | undefined,
  weights: {
    readonly numbers: number;
    readonly dead: number;
    readonly refused: number;
    readonly spam: number;
  },
): readonly EvidenceKind[] {
  const kinds: EvidenceKind[] = [];
  if (weights.numbers >= holdAt) kinds.push('numbers');
  const isSpam = scan !== undefined && looksLikeSpam(scan);
  if (isSpam || weights.spam >= holdAt || spamShare(sums) >= secondKind.spamShare)
    kinds.push('content');
  const isOther =
    factors.client.standing === 'odd' ||
    factors.newNetwork !== undefined ||
    factors.breachFails > 0 ||
    factors.newIdentity !== undefined ||
    factors.foreign !== undefined ||
    factors.networksAlone > 0;
  if (isOther) kinds.push('client');
  if (weights.dead >= holdAt || weights.refused >= holdAt) kinds.push('replies');
  return kinds;
}

/** How many large providers have refused the content in the last hours. */
export function providersThatRefuse({ refusingSites }: AccountProfile, at: number): number {
  return refusingSites.filter(({ contentAt }) => contentAt > at - windowsMs[1]).length;
}

/** How much of the mail of the last half hour looks like spam: one message by chance is little. */
function spamShare(sums: readonly number[]): number {
  const messages = sums[slotsOf.messages[0] ?? 0] ?? 0;
  return messages === 0 ? 0 : (sums[slotsOf['spam-like'][0] ?? 0] ?? 0) / messages;
}

/** With a weak password, a new network is more likely an attacker's. */
function networkBoost(weak: boolean): number {
  return weak ? boosts.network * weakPassword.network : boosts.network;
}

function sum(hours: readonly number[]): number {
  let messages = 0;
  for (let i = 0; i < 24; i++) messages += hours[i] ?? 0;
  return messages;
}

/** Messages that left at most `away` hours from this one. */
function near(hours: readonly number[], hour: number, away: number): number {
  let messages = 0;
  for (let i = hour - away; i <= hour + away; i++) messages += hours[(i + 24) % 24] ?? 0;
  return messages;
}

/**
 * The From address, if it is neither the login nor one that the account has used for a day;
 * undefined otherwise.
 */
function unusedFrom(
  profile: AccountProfile,
  message: MessageFacts,
  seed: number,
): string | undefined {
  const from = message.headerFrom;
  if (from === undefined || from === '' || from === message.account) return undefined;
  if (sendsForOthers(profile, message) || isUsualFrom(profile, message, from, seed))
    return undefined;
  return from;
}

/**
 * An address that a login may not use, unless it has used it for a day: then its owner does, and
 * only has not declared it. Hosts and scripts write as others until somebody declares that.
 */
function foreignAuthor(
  profile: AccountProfile,
  message: MessageFacts,
  seed: number,
): string | undefined {
  const address = foreignAddress(message.authors);
  if (address === undefined || notLogin.test(message.account)) return undefined;
  if (sendsForOthers(profile, message)) return undefined;
  return isUsualFrom(profile, message, address, seed) ? undefined : address;
}

const notLogin = /^(?:client|local|script|user):/;

/**
 * In the names of others; the number fades a little between busy days. Or it is younger than a day:
 * then it has no usual identity.
 */
function sendsForOthers(
  { firstSeen, usualNewFroms }: AccountProfile,
  { account, at }: MessageFacts,
): boolean {
  return isAutomatic(account) || usualNewFroms > manyFromsMin - 1 || firstSeen > at - dayMs;
}

/** Whether the account has used this From address for more than a day. */
export function isUsualFrom(
  { book }: Pick<AccountProfile, 'book'>,
  { at }: Pick<MessageFacts, 'at'>,
  from: string,
  seed: number,
): boolean {
  const known = book.get(hash53(identityKey(from), seed));
  return known !== undefined && known <= (at - dayMs) / minuteMs;
}
