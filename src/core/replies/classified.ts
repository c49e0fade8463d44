/**
 * What a receiving server says of our mail in an SMTP reply, in our own words: what is held against
 * what, how bad it is, how long to wait, and what to do. Types and names only.
 */

/** What a reply is about. */
export const replyScopes = [
  'our-ip',
  'our-network',
  'our-domain',
  'authentication',
  'content',
  'rate',
  'recipient',
  'their-fault',
  'policy-of-recipient',
  'greylist',
  'size',
  'tls',
  'network',
] as const;
export type ReplyScope = (typeof replyScopes)[number];

/**
 * transient: passes in time; retry as usual. slowed: they take less or later than we offer.
 * blocked: they refuse until something changes on our side. permanent-for-this-recipient: this
 * message does not reach this recipient; others at the same provider are not affected.
 */
export const replySeverities = [
  'transient',
  'slowed',
  'blocked',
  'permanent-for-this-recipient',
] as const;
export type ReplySeverity = (typeof replySeverities)[number];

/** One answer, as the mail log has it. */
export type AnsweredReply = {
  /** The text in brackets behind `status=deferred` or `status=bounced`. */
  readonly reply: string;
  /** The host in `relay=`; empty if no host answered. */
  readonly mxHost: string;
  readonly status: 'deferred' | 'bounced';
};

export type ClassifiedReply = {
  /** Who runs the host that answered, such as `google`; `other` for one that is not listed. */
  readonly provider: string;
  /** The product or list whose words these are, where it is not the provider; else empty. */
  readonly filter: string;
  /** Undefined: no rule knows the reply, and its codes do not say what it is about. */
  readonly scope: ReplyScope | undefined;
  readonly severity: ReplySeverity | undefined;
  /** Minutes until the next try makes sense; `until-fixed`: only after the cure; `never`. */
  readonly wait: number | 'until-fixed' | 'never' | undefined;
  /** What the operator does, in one or two sentences; empty if there is nothing to do. */
  readonly cure: string;
  /** Where to go or to read; empty if there is no such page. */
  readonly link: string;
  /** Id of the rule; empty if none knows the reply: then its basic code alone decides the rest. */
  readonly rule: string;
  /**
   * The receiving side did not speak: words of our own mail server (no connection, no such host,
   * an earlier reply repeated). It says nothing of how a provider treats us.
   */
  readonly isOwnWords: boolean;
};

/** Classifies replies by the rules of Postern and of the operator. Pure; keeps recent answers. */
export type ReplyClassifier = {
  classify(answer: AnsweredReply): ClassifiedReply;
  /** The reply without what differs from one message to the next: equal for one kind of reply. */
  shape(reply: string): string;
};
