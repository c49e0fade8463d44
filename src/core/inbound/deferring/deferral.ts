/**
 * Puts suspicious mail off with a 451, and lets it in when its sender tries again after its time.
 * Pure; what is remembered comes by interfaces.
 *
 *   first try ──▶ put off ──a try too early──▶ put off, the same time
 *                    ├── a try after its time ──▶ accepted; its sender is known from then on
 *                    └── no try; other mail of the sender on another day ──▶ accepted, and never
 *                        put off again: this sender does not try twice
 */
import { addressKey } from '../../../formats/message/address.ts';
import { hourMs, type Millis, minuteMs, secondMs } from '../../../lib/time.ts';
import type { InboundFacts } from '../greylist/facts.ts';
import type { Deferrals, InboundKnowledge } from '../greylist/knowledge.ts';
import { clientNetworkOf } from '../greylist/names.ts';

/** After this time without another try, a sender will not try again. */
const missedMs = 12 * hourMs;
const leastMs = minuteMs;
const mostMs = 15 * minuteMs;
/** Points at which the least time is given, and the time for each point more. */
const leastPoints = 6;
const pointMs = 90 * secondMs;

/** Of these follows who sends it, and which message it is. */
export type DeferredFacts = Pick<
  InboundFacts,
  'at' | 'client' | 'recipients' | 'sender' | 'signers' | 'spf' | 'spfDomain'
>;
export type DeferralBooks = {
  readonly knowledge: InboundKnowledge;
  /** Of the message, as people read about it. */
  readonly messages: Deferrals;
  /** Of its sender as a whole. */
  readonly senders: Deferrals;
};

/** The time from which on the message is accepted; undefined: now. */
export function deferUntil(
  facts: DeferredFacts,
  points: number,
  { knowledge, messages, senders }: DeferralBooks,
  organisationOf: (domain: string) => string | undefined,
): Millis | undefined {
  const { at } = facts;
  const who = whoSends(facts, organisationOf);
  if (knowledge.find('missed', who) !== undefined) return undefined;
  const key = messageKey(who, facts);
  const message = messages.find(key);
  const all = senders.find(who);
  const isReturn = message !== undefined && at >= message.until;
  const isMissed = all !== undefined && all.returnedAt === 0 && at - all.firstAt >= missedMs;
  if (isReturn || isMissed || (all?.returnedAt ?? 0) > 0) {
    if (message !== undefined && message.returnedAt === 0) {
      messages.put(key, { ...message, lastAt: at, tries: message.tries + 1, returnedAt: at });
    }
    // After one success the sender alone is known.
    if (all !== undefined && all.returnedAt === 0) {
      senders.put(who, { ...all, lastAt: at, tries: all.tries + 1, returnedAt: at });
    }
    knowledge.see('missed', who, at);
    return undefined;
  }
  const fresh = { firstAt: at, lastAt: at, tries: 1, returnedAt: 0 as Millis };
  const until = (at + delayMs(points)) as Millis;
  // A try that comes early changes nothing.
  const kept = message ?? { ...fresh, tries: 0, until };
  messages.put(key, { ...kept, lastAt: at, tries: kept.tries + 1 });
  if (all === undefined) senders.put(who, { ...fresh, until });
  return kept.until;
}

/**
 * Notes that mail arrived which was put off before, and for which something speaks by now: an
 * operator allowed its sender, or someone here has written to it.
 */
export function noteArrival(
  facts: DeferredFacts,
  messages: Deferrals,
  organisationOf: (domain: string) => string | undefined,
): void {
  const { at } = facts;
  const key = messageKey(whoSends(facts, organisationOf), facts);
  const found = messages.find(key);
  if (found === undefined || found.returnedAt !== 0) return;
  messages.put(key, { ...found, lastAt: at, tries: found.tries + 1, returnedAt: at });
}

const messageKey = (who: string, { recipients, sender }: DeferredFacts): string =>
  [who, addressKey(sender), addressKey(recipients[0] ?? '')].join(' ');

/** A domain that DKIM or SPF proved counts for all its servers; else the network of the client. */
function whoSends(
  { client, signers, spf, spfDomain }: DeferredFacts,
  organisationOf: (domain: string) => string | undefined,
): string {
  const proved = spf === 'pass' ? spfDomain : signers[0];
  const owner = proved === undefined ? undefined : organisationOf(proved);
  return owner ?? clientNetworkOf(client);
}

function delayMs(points: number): number {
  return Math.min(mostMs, leastMs + Math.max(0, points - leastPoints) * pointMs);
}
