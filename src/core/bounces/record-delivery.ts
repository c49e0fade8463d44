/**
 * Records in an account's profile what became of its mail: recipients that do not exist, and
 * replies that refuse its content or amount. A remote server can answer anything. So what one site
 * says counts as the root of its number, and it is told only about mail that nobody has called
 * honest: held mail of a false alarm gets all its replies when it is released.
 */
import { domainOf } from '../../formats/message/address.ts';
import { hash53 } from '../../lib/hash.ts';
import type { Millis } from '../../lib/time.ts';
import { type AccountProfile, dayOf } from '../account/profile.ts';
import {
  answeredWeight,
  answerWeights,
  oneDomainPower,
  otherSiteWeight,
  slots,
  slotsOf,
  windowsMs,
} from '../account/signals.ts';
import type { DeliverySeen, SenderAnswer } from '../event.ts';
import type { CountName } from '../reason.ts';
import { ownerDomain } from './owner-domain.ts';

const failedDomainsMax = 32;
const refusingSitesMax = 32;
/** What is left of one refusal after three days. */
const forgottenBelow = Math.exp(-1);

export function delivery(profile: AccountProfile, seen: DeliverySeen): void {
  const { sentAt = Number.POSITIVE_INFINITY } = seen;
  if (sentAt <= profile.vouchedAt) return;
  const weight = seen.wroteFirst === true ? answeredWeight : 1;
  if (seen.outcome === 'bounced' && isUnknownUser(seen.reply)) {
    const grown = growthOfDomain(profile, domainOf(seen.recipient), seen.at);
    add(profile, 'failed-recipients', seen.at, weight * grown);
    return;
  }
  if (seen.outcome === 'sent' || seen.answer === undefined) return;
  const { about, isProvider } = seen.answer;
  const grown = growthOfSite(profile, seen.answer, seen.at);
  const share = answerWeights[about] * (isProvider ? 1 : otherSiteWeight);
  add(profile, 'provider-replies', seen.at, weight * share * grown);
}

function add(profile: AccountProfile, count: CountName, at: Millis, added: number): void {
  advance(profile, at);
  const day = dayOf(profile, at);
  // Replies to an attack's mail arrive for days.
  if (profile.state === 'suspended') day.tainted = true;
  for (const slot of slotsOf[count]) {
    const sum = (profile.sums[slot] ?? 0) + added;
    profile.sums[slot] = sum;
    day.peaks[slot] = Math.max(day.peaks[slot] ?? 0, sum);
  }
}

/**
 * What one more unknown user of this domain adds, and counts it. Whoever owns a domain decides what
 * its server answers, so many of one domain are little evidence.
 */
function growthOfDomain(profile: AccountProfile, domain: string, at: Millis): number {
  const hash = hash53(ownerDomain(domain), 0);
  const others = profile.failedDomains.filter((one) => one.domain !== hash);
  const before = faded(
    profile.failedDomains.find((one) => one.domain === hash),
    at,
  );
  const sum = before + 1;
  profile.failedDomains = [...others, { domain: hash, sum, at }].slice(-failedDomainsMax);
  return sum ** oneDomainPower - before ** oneDomainPower;
}

/** The same for a site that refuses. One that is no large provider counts once in three days. */
function growthOfSite(profile: AccountProfile, answer: SenderAnswer, at: Millis): number {
  const hash = hash53(answer.site, 0);
  const others = profile.refusingSites.filter((one) => one.site !== hash);
  const last = profile.refusingSites.find((one) => one.site === hash);
  const before = faded(last, at);
  const sum = before + 1;
  const isContent = answer.about === 'content' && answer.isProvider;
  const contentAt = isContent ? at : (last?.contentAt ?? (0 as Millis));
  profile.refusingSites = [...others, { site: hash, sum, at, contentAt }].slice(-refusingSitesMax);
  if (!answer.isProvider) return before < forgottenBelow ? 1 : 0;
  return sum ** oneDomainPower - before ** oneDomainPower;
}

function faded(
  last: { readonly sum: number; readonly at: Millis } | undefined,
  at: Millis,
): number {
  if (last === undefined) return 0;
  return last.sum * Math.exp(-Math.max(0, at - last.at) / windowsMs[2]);
}

/** Makes the sums decay until `at`. */
function advance(profile: AccountProfile, at: Millis): void {
  if (at <= profile.at) return;
  for (let slot = 0; slot < slots.length; slot++) {
    const windowMs = windowsMs[slots[slot]?.window ?? 0];
    profile.sums[slot] = (profile.sums[slot] ?? 0) * Math.exp((profile.at - at) / windowMs);
  }
  profile.at = at;
}

/** The codes of RFC 3463 section 3.2 for an unknown user. */
const unknownUserCode = /(?<![\d.])5\.1\.(?:1|2|3|6|10)(?!\d|\.\d)/;
/** The words of servers that send no such code. */
const subject = '(?:user|recipient|mailbox|address|account)';
const unknownUserWords = new RegExp(
  `${subject}[^.;]{0,40}(?:unknown|not found|does ?n[o\x27]t exist|unavailable|disabled)|` +
    `(?:unknown|no such|invalid) ${subject}`,
  'i',
);

function isUnknownUser(reply: string): boolean {
  return unknownUserCode.test(reply) || unknownUserWords.test(reply);
}
