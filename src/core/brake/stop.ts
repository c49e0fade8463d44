/**
 * What the brake keeps of a stop: an account whose message the guard would hold, or which it would
 * suspend, with the kinds of evidence and whatever other stops may share.
 */
import type { Millis } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import type { Submission } from '../event.ts';

/** Evidence of one kind has one cause: a scanner that is wrong makes all content suspect. */
export const evidenceKinds = ['numbers', 'content', 'client', 'replies'] as const;
export type EvidenceKind = (typeof evidenceKinds)[number];

/** What stops may share, besides the kind of their evidence. */
export type StopFact = {
  readonly what: 'rule' | 'network' | 'program' | 'link' | 'body';
  readonly value: string;
};

export type Stop = {
  readonly account: Account;
  /**
   * Who makes accounts like this one as they like: a user of this machine, by new scripts and
   * senders. However many of theirs are stopped, that is one. Absent: nobody.
   */
  readonly maker?: Account;
  readonly at: Millis;
  readonly kinds: readonly EvidenceKind[];
  readonly facts: readonly StopFact[];
  /** Whether the guard would suspend the account now. */
  readonly suspends: boolean;
  /** This message adds to the evidence; what was there before would not be seen again. */
  readonly isFresh: boolean;
};

/** Facts of one kind that are kept of a stop, and characters of one. */
const rulesMax = 8;
const linksMax = 4;
const valueMax = 120;

/** `network`: that of its client, empty without one. */
export function stopFacts(message: Submission, network: string): readonly StopFact[] {
  const { fingerprint = '', scan, traits } = message;
  const facts: StopFact[] = [];
  const add = (what: StopFact['what'], value: string | undefined): void => {
    if (value !== undefined && value !== '') facts.push({ what, value: value.slice(0, valueMax) });
  };
  const rules = (scan?.rules ?? []).filter(({ points }) => points > 0);
  for (const { name } of rules.slice(0, rulesMax)) add('rule', name);
  if (scan !== undefined) add('rule', scan.virus === '' ? scan.suspected : scan.virus);
  add('network', network);
  add('program', traits?.mailer);
  for (const link of (traits?.links ?? []).slice(0, linksMax)) add('link', link);
  add('body', fingerprint);
  return facts;
}
