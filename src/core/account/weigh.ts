/**
 * The sums of a message and what they weigh: what it adds to each count, the account's decayed sums
 * with it, and the norm of their ratios to what is usual.
 */
import { domainOf } from '../../formats/message/address.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import { type ClientStanding, type Familiarity, isTrusted } from '../client/standing.ts';
import type { MessageFacts } from '../event.ts';
import { type CountName, countNames } from '../reason.ts';
import type { ServerBaseline } from './baseline.ts';
import { spamLike } from './content.ts';
import { type People, type RecipientCounts, weighRecipients } from './count-recipients.ts';
import type { Weighing } from './find-reasons.ts';
import { usual } from './learn.ts';
import { type AccountProfile, zeroSlots } from './profile.ts';
import {
  againWeight,
  clientWeights,
  isReply,
  knownSpamWeight,
  knownVolumeWeight,
  localWeight,
  norm,
  numberCounts,
  oddKnownWeight,
  rules,
  slots,
  slotsOf,
  strangerCopyWeight,
  windowsMs,
  youngDays,
  youthDays,
  youthWeight,
} from './signals.ts';

/** What one message adds to each count. */
export type Added = Readonly<Record<CountName, number>>;

export const addsNothing: Added = {
  strangers: 0,
  'new-recipients': 0,
  recipients: 0,
  messages: 0,
  'failed-recipients': 0,
  'same-body': 0,
  elsewhere: 0,
  'spam-like': 0,
  'new-local': 0,
  'provider-replies': 0,
  'odd-client': 0,
  reached: 0,
};

/**
 * A young account sends to a list: its readers can unsubscribe. It is judged by what it sends and
 * by what comes back, not by how many it reaches; the operator is told of that (telling.ts). A
 * script on its first day may just have been uploaded by a thief, so it does not begin a list then.
 */
export function mayBeList(
  { firstSeen }: AccountProfile,
  { account, at, traits }: MessageFacts,
  { isNewNetwork, standing }: ClientStanding,
): boolean {
  if (traits?.list !== true || isNewNetwork) return false;
  if (standing === 'odd' || standing === 'unknown') return false;
  const age = at - firstSeen;
  return age < youngDays * dayMs && (age >= dayMs || !account.startsWith('script:'));
}

export function isKnownBody(profile: AccountProfile, { fingerprint }: MessageFacts): boolean {
  return fingerprint !== undefined && profile.fingerprints.includes(fingerprint);
}

/**
 * From a new network comes a link to a domain that nobody here has sent before: what an attack on
 * the owner's own people shows, whose clean text says nothing. Scripts do not count, because
 * strangers fill in their forms, nor do links to the account's own domain.
 */
export function hasNewLink(
  { account, at, script, traits }: MessageFacts,
  { isNewNetwork, standing }: ClientStanding,
  people: Pick<People, 'isKnownLink'>,
): boolean {
  const { isKnownLink } = people;
  if (isKnownLink === undefined || script !== undefined) return false;
  if (!isNewNetwork || isTrusted(standing)) return false;
  const own = `.${domainOf(account)}`;
  const isNew = (link: string): boolean => !own.endsWith(`.${link}`) && !isKnownLink(link, at);
  return traits?.links?.some(isNew) === true;
}

/**
 * What the message adds. Recipients of an announced mailing add nothing to how many were reached;
 * content and client count as without it.
 */
export function tally(
  message: MessageFacts,
  {
    counts,
    unexpected,
  }: { readonly counts: RecipientCounts; readonly unexpected: RecipientCounts },
  seen: {
    readonly elsewhere: boolean;
    readonly client: ClientStanding;
    readonly isCopy: boolean;
    /** A copy with a new link, as hasNewLink says: people the account knows count too. */
    readonly isNewLink: boolean;
    /** A newsletter of an account that may begin one. */
    readonly isList: boolean;
    /** To the same readers as one of the last messages: nobody new is reached. */
    readonly isAgain: boolean;
  },
): Added {
  const { recipients, strangers: all } = weighRecipients(counts);
  const { strangers, newcomers } = weighRecipients(unexpected);
  const isOdd = seen.client.standing === 'odd';
  const known = counts.outside - counts.stranger - counts.lately - counts.knownHere;
  const odd = isOdd ? all + oddKnownWeight * (known + counts.local) : 0;
  const newLink = seen.isNewLink ? unexpected.outside + oddKnownWeight * counts.local : 0;
  const trusted = isTrusted(seen.client.standing);
  const knownReach = trusted ? 0 : knownVolumeWeight;
  const reached = isOdd ? recipients : recipients - (1 - knownReach) * known;
  const messages = counts.outside > 0 ? 1 : localWeight;
  const opens = seen.isList ? 0 : 1;
  return {
    strangers: opens * raised(strangers, rules.strangers.power),
    'new-recipients': opens * raised(newcomers, rules['new-recipients'].power),
    recipients,
    messages,
    'failed-recipients': 0,
    'same-body': seen.isCopy ? 1 : 0,
    elsewhere: seen.elsewhere ? raised(counts.outside, rules.elsewhere.power) : 0,
    'spam-like': spamLike(message.scan) * messages * (isOdd || newcomers > 0 ? 1 : knownSpamWeight),
    'new-local': raised(counts.newLocal, rules['new-local'].power),
    'provider-replies': 0,
    'odd-client': Math.max(odd, newLink),
    reached: opens * reached * (seen.isAgain ? againWeight : 1),
  };
}

/** What this many in one message count for. */
function raised(here: number, power: number): number {
  return here > 1 ? here ** power : here;
}

/**
 * The account's sums, decayed until `at`, plus what is added. If the clock was set back, nothing
 * decays.
 */
export function summed(profile: AccountProfile, at: number, adds: Added): number[] {
  const passedMs = Math.max(at - profile.at, 0);
  const [short, middle, long] = windowsMs;
  const keptShort = Math.exp(-passedMs / short);
  const keptMiddle = Math.exp(-passedMs / middle);
  const keptLong = Math.exp(-passedMs / long);
  const before = profile.sums;
  const sums = zeroSlots.slice();
  let slot = 0;
  for (const count of countNames) {
    const added = adds[count];
    sums[slot] = (before[slot] ?? 0) * keptShort + added;
    sums[slot + 1] = (before[slot + 1] ?? 0) * keptMiddle + added;
    sums[slot + 2] = (before[slot + 2] ?? 0) * keptLong + added;
    slot += 3;
  }
  return sums;
}

/** Read once: this loop runs for every message. */
const slotWeights: readonly number[] = slots.map(({ rule }) => rule.weight);
export const plainly: Weighing = { trust: 1, copies: 1 };
const [firstCopies = 0, , lastCopies = 0] = slotsOf['same-body'];

/** As weightFactor: this one runs for each slot of each message. */
function slotFactor(slot: number, { copies, trust }: Weighing): number {
  if (slot >= firstCopies && slot <= lastCopies) return copies;
  return isNumber[slot] === true ? trust : 1;
}

/** What the numbers and copies of this message weigh. */
export function weighingOf(
  profile: AccountProfile,
  at: Millis,
  client: ClientStanding,
  about: { readonly weak: boolean; readonly isList: boolean; readonly strangers: number },
): Weighing {
  const { isList, strangers, weak } = about;
  return {
    trust: weak ? 1 : clientWeights[client.standing] * youth(profile, at, client),
    copies: isList ? 0 : copyWeight(client.standing, strangers),
  };
}

/** One text to many is ordinary from the own client; of strangers, their number says it. */
function copyWeight(standing: Familiarity, strangers: number): number {
  if (isTrusted(standing)) return 0;
  return strangers > 0 ? strangerCopyWeight : 1;
}

const isNumber: readonly boolean[] = slots.map(({ count }) => numberCounts.has(count));

/** In an account's first days everybody is a stranger to it, and it has no other client yet. */
function youth(
  { firstSeen }: AccountProfile,
  at: Millis,
  { isNewNetwork, isNewProgram, standing }: ClientStanding,
): number {
  if (at - firstSeen >= youthDays * dayMs || standing === 'odd' || standing === 'unknown') return 1;
  return isNewNetwork || isNewProgram ? 1 : youthWeight;
}

const [firstSpam = 0, , lastSpam = 0] = slotsOf['spam-like'];
const [firstRefused = 0] = slotsOf['provider-replies'];

/** The norm of the ratios of all slots, and what the second kind of evidence needs of them. */
export type Weights = {
  readonly all: number;
  /** Without the replies to what was sent: strangers cause those too. */
  readonly sent: number;
  /** Of the numbers alone, without the client and the content. */
  readonly numbers: number;
  /** The highest ratio of unknown users, of refusals, and of messages that look like spam. */
  readonly dead: number;
  readonly refused: number;
  readonly spam: number;
};

export function weigh(
  profile: AccountProfile,
  baseline: ServerBaseline,
  sums: readonly number[],
  weighing: Weighing,
): Weights {
  let sent = 0;
  let numbers = 0;
  let replies = 0;
  let dead = 0;
  let refused = 0;
  let spam = 0;
  for (let slot = 0; slot < sums.length; slot++) {
    const sum = sums[slot] ?? 0;
    if (sum === 0) continue;
    const factor = slotFactor(slot, weighing);
    const ratio = ((slotWeights[slot] ?? 0) * factor * sum) / usual(profile, baseline, sums, slot);
    const square = ratio * ratio;
    const power = square * square * square;
    if (isReply(slot)) {
      replies += power;
      if (slot < firstRefused) dead = Math.max(dead, ratio);
      else refused = Math.max(refused, ratio);
    } else {
      sent += power;
      if (isNumber[slot] === true) numbers += power;
      if (slot >= firstSpam && slot <= lastSpam) spam = Math.max(spam, ratio);
    }
  }
  const all = sent + replies;
  if (all === 0) return noWeights;
  return {
    all: all ** (1 / norm),
    sent: sent ** (1 / norm),
    numbers: numbers ** (1 / norm),
    dead,
    refused,
    spam,
  };
}

const noWeights: Weights = { all: 0, sent: 0, numbers: 0, dead: 0, refused: 0, spam: 0 };
