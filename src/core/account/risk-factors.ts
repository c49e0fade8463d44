/**
 * RiskFactors of a message that change what its numbers mean: an hour, a network or a From
 * address that this account never used, a login that was guessed. Alone they are ordinary life;
 * with strangers in the To field they are not.
 */

import { hash53 } from '../../lib/hash.ts';
import { dayMs, hourMs, minuteMs } from '../../lib/time.ts';
import type { Submission } from '../event.ts';
import { networkOf, networkStanding, networksAtOnce } from './network.ts';
import type { AccountProfile } from './profile.ts';
import {
  boostMax,
  boosts,
  farHours,
  farMessagesMin,
  hourMessagesMin,
  hourShare,
  weakPassword,
} from './signals.ts';

export type RiskFactors = {
  /** Multiplies the evidence. */
  readonly boost: number;
  /** Evidence by itself. */
  readonly alone: number;
  /** A new network, and besides a strange hour or a guessed login: this is hardly the owner. */
  readonly elsewhere: boolean;
  readonly hour: number;
  readonly hourUnusual: boolean;
  readonly networkNew: string;
  /** What a new network multiplies the evidence by. */
  readonly networkBoost: number;
  readonly identityNew: string;
  readonly breachFails: number;
  readonly networks: number;
  readonly networksUsual: number;
  /** What the networks at once are by themselves. */
  readonly networksAlone: number;
};

/** A guess that hit stays evidence for a day. */
const breachMs = dayMs;
/** Networks at once that anybody may use: telephone, office, home, train. */
const networksFree = 4;
const networkAloneWeight = 0.25;
const breachAlone = 0.3;

/** The book entry of a From address. */
export function identityKey(address: string): string {
  return `from:${address}`;
}

export function riskFactors(
  profile: AccountProfile,
  message: Submission,
  { seed, weak }: { readonly seed: number; readonly weak: boolean },
): RiskFactors {
  const hour = Math.floor(message.at / hourMs) % 24;
  const messages = sum(profile.hours);
  const hourUnusual =
    messages >= hourMessagesMin && near(profile.hours, hour, 1) / messages < hourShare;
  let boost = hourUnusual ? boosts.hour : 1;
  let alone = 0;
  let networkNew = '';
  let networks = 0;
  let networksAlone = 0;
  const network = message.client === undefined ? '' : networkOf(message.client);
  if (network !== '') {
    if (networkStanding(profile, network, message.at) === 'new') {
      networkNew = network;
      boost *= networkBoost(weak);
    }
    networks = networksAtOnce(profile, network, message.at);
    const free = Math.max(networksFree, profile.usualNetworks + 1);
    networksAlone = networkAloneWeight * Math.max(0, networks - free);
    alone += networksAlone;
  }
  const identityNew = newIdentity(profile, message, seed);
  if (identityNew !== '') boost *= boosts.identity;
  const breached = profile.breachFails > 0 && message.at - profile.breachAt < breachMs;
  if (breached) {
    boost *= boosts.breach;
    alone += breachAlone;
  }
  const farHour =
    messages >= farMessagesMin && near(profile.hours, hour, farHours) / messages < hourShare;
  return {
    boost: Math.min(boost, boostMax),
    alone,
    elsewhere: networkNew !== '' && (hourUnusual || farHour || breached),
    hour,
    hourUnusual,
    networkNew,
    networkBoost: networkBoost(weak),
    identityNew,
    breachFails: breached ? profile.breachFails : 0,
    networks,
    networksUsual: profile.usualNetworks,
    networksAlone,
  };
}

/** Where a password is weak, a new network is more likely somebody else's. */
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
 * A From address that is neither the login nor one it has used for a day. Empty when there is
 * nothing odd.
 */
function newIdentity(profile: AccountProfile, message: Submission, seed: number): string {
  const from = message.headerFrom;
  if (from === undefined || from === '' || from === message.account) return '';
  const known = profile.book.get(hash53(identityKey(from), seed));
  const ripe = (message.at - dayMs) / minuteMs;
  if (known !== undefined && known <= ripe) return '';
  // An account without a ripe profile has no usual identity.
  return profile.firstSeen <= message.at - dayMs ? from : '';
}
