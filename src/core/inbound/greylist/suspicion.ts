/**
 * What speaks against a message, in points. The content filter's limit is ten points; so each point
 * says what a fact is worth beside it.
 */
import type { InboundFacts } from './facts.ts';
import type { JudgePolicy, Suspicion } from './judgement.ts';
import { heloFault, isMadeName, senderDomain } from './names.ts';
import type { SenderNames, SenderStanding } from './standing.ts';

export function suspicionsOf(
  facts: InboundFacts,
  names: SenderNames,
  standing: SenderStanding,
  answersUs: boolean,
  policy: JudgePolicy,
): readonly Suspicion[] {
  const found: Suspicion[] = [];
  const isKnown = standing.level !== 'strange' || standing.isKnownNetwork;
  const add = (name: string, points: number, text: string): void => {
    // Its machines looked like this when their mail was liked.
    if (!isKnown || (behaviours.has(name) && name !== 'dnsbl')) found.push({ name, points, text });
  };
  if (facts.dnsbl === true) add('dnsbl', 4, 'the client is on a list of spam senders');
  if (facts.badRecipients >= unknownMany) {
    add('unknown', 4, `${facts.badRecipients} of its recipients do not exist`);
  } else if (facts.badRecipients > 0) add('unknown', 2, 'a recipient does not exist');
  if (facts.clientName === '') {
    const none = facts.reverseName === '';
    const text = none ? 'the client has no name' : "the client's name does not resolve back";
    add('no-name', none ? 3 : 2, text);
  }
  if (isMadeName(facts.clientName || facts.reverseName, facts.client)) {
    add('made-name', 2, 'the name of the client looks like that of a line, not of a mail server');
  }
  const fault = heloFault(facts.helo, facts.client, policy.isOurs);
  if (fault !== undefined) add('helo', 1, `HELO: ${fault}`);
  spf(facts, names, policy, add);
  if (facts.sender === '' && facts.isProvenReturn === false && !answersUs) {
    add('unproven-return', 2, 'a bounce without proof that the original was ours');
  }
  if (!isKnown && facts.at > policy.learningUntil) {
    add('first-seen', 2, 'neither its domain nor its network is known for wanted mail');
  }
  if (standing.recentSpam > 1) add('wave', 5, 'this sender has sent spam in the last hours');
  else if (standing.recentSpam === 1) add('wave', 3, 'this sender has sent spam in the last hours');
  return found;
}

/** What a sender does; the others say only what it looks like. */
export const behaviours: ReadonlySet<string> = new Set([
  'dnsbl',
  'unknown',
  'wave',
  'unproven-return',
]);
/** Unknown recipients that no slip explains. */
const unknownMany = 3;

function spf(
  { spf, sender }: InboundFacts,
  { proved, provesSender }: SenderNames,
  { isOurs }: JudgePolicy,
  add: (name: string, points: number, text: string) => void,
): void {
  // A signature of another domain proves nothing about ours.
  if (sender !== '' && !provesSender && isOurs(senderDomain(sender))) {
    add('our-domain', 4, 'it claims to come from a domain of this server');
    return;
  }
  // Mail that was forwarded fails SPF; its DKIM signature remains good.
  if (proved.length > 0) return;
  if (spf === 'fail') add('spf', 3, 'SPF fails, and no good DKIM signature');
  else if (spf === 'softfail') add('spf', 2, 'SPF fails softly, and no good DKIM signature');
  else if (spf !== undefined && spf !== 'temperror') {
    add('spf', 1, 'neither SPF nor DKIM proves its domain');
  }
}
