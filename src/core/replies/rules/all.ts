/** All rules of Postern in the order in which they are asked; the first that fits decides. */
import type { ReplyRule } from '../rule.ts';
import { codeRules } from './common/codes.ts';
import { filterRules } from './common/filters.ts';
import { greylistRules, sizeRules, theirFaultRules, tlsRules } from './common/first.ts';
import { domainListRules, listRules } from './common/lists.ts';
import { ownRules } from './common/own.ts';
import { passingRules } from './common/passing.ts';
import { mailboxRules, relayRules, unknownMailboxRules } from './common/recipients.ts';
import { reputationRules } from './common/reputation.ts';
import { addressRules, authenticationRules, rateRules } from './common/senders.ts';
import { americanRules } from './providers/america.ts';
import { easternRules } from './providers/east.ts';
import { europeanRules } from './providers/europe.ts';
import { germanRules } from './providers/germany.ts';
import { googleRules } from './providers/google.ts';
import { hostingRules } from './providers/hosting.ts';
import { microsoftRules } from './providers/microsoft.ts';
import { outlookRules } from './providers/outlook.ts';
import { yahooRules } from './providers/yahoo.ts';

/** Rules of the operator (`own`) come before those of Postern. */
export function allReplyRules(own: readonly ReplyRule[]): readonly ReplyRule[] {
  return [...own, ...ourReplyRules];
}

export const ourReplyRules: readonly ReplyRule[] = [
  ...ownRules,
  ...googleRules,
  ...outlookRules,
  ...microsoftRules,
  ...yahooRules,
  ...americanRules,
  ...germanRules,
  ...europeanRules,
  ...easternRules,
  ...hostingRules,
  ...filterRules,
  ...greylistRules,
  ...passingRules,
  ...tlsRules,
  ...sizeRules,
  ...mailboxRules,
  ...relayRules,
  ...domainListRules,
  ...addressRules,
  ...authenticationRules,
  ...unknownMailboxRules,
  ...listRules,
  ...rateRules,
  ...reputationRules,
  ...theirFaultRules,
  ...codeRules,
];
