/**
 * Judges a bounce: why each recipient did not get the message. First the words of the
 * receiving server, then the rules for replies, then status codes, then the bounce as a whole.
 */
import type { Bounce, BouncedRecipient } from '../../formats/bounces/bounce.ts';
import type { ClassifiedReply, ReplyClassifier, ReplyScope } from '../replies/classified.ts';
import { aboutCauses, type BounceCause } from './cause.ts';
import { causeOfStatus, vagueCauseOfStatus } from './status-cause.ts';
import { bareWords, certainCause, probableCause } from './words.ts';

export type JudgedRecipient = {
  /** Address key; empty if the message does not say it. */
  readonly recipient: string;
  readonly cause: BounceCause;
  readonly scope: ReplyScope | '';
  /** Enhanced status code; empty without one. */
  readonly status: string;
  /** Reply code of SMTP; empty without one. */
  readonly code: string;
  readonly cure: string;
};

type Classifier = Pick<ReplyClassifier, 'classify'>;

export function judgeBounce(bounce: Bounce, classifier: Classifier): readonly JudgedRecipient[] {
  return bounce.recipients.map((one) => judgeOne(bounce, one, classifier));
}

function judgeOne(bounce: Bounce, one: BouncedRecipient, classifier: Classifier): JudgedRecipient {
  const { code, recipient, status } = one;
  const found = replyOf(one, classifier);
  const cause = causeOf(bounce, one, found);
  const usual = aboutCauses[cause];
  // The rule knows more than the cause only if both mean the same.
  const fits = found?.scope !== undefined && causesOfScope[found.scope].includes(cause);
  const scope = fits ? (found.scope ?? usual.scope) : usual.scope;
  const cure = fits && found.cure !== '' ? found.cure : usual.cure;
  return { recipient, cause, scope, status, code, cure };
}

/** What the rules for replies say; undefined if none fits, or no reply is quoted. */
function replyOf(one: BouncedRecipient, classifier: Classifier): ClassifiedReply | undefined {
  const reply = one.diagnostic;
  if (reply === '') return undefined;
  const status = one.action === 'delayed' ? 'deferred' : 'bounced';
  const found = classifier.classify({ reply, mxHost: one.remoteHost, status });
  return found.rule === '' || found.scope === undefined ? undefined : found;
}

/** The causes that go with a scope; the first one if nothing says which. */
const causesOfScope: Readonly<Record<ReplyScope, readonly [BounceCause, ...BounceCause[]]>> = {
  'our-ip': ['blocked'],
  'our-network': ['blocked'],
  'our-domain': ['blocked', 'policy'],
  authentication: ['unauthenticated', 'relay-denied'],
  content: ['spam-content', 'policy'],
  rate: ['rate'],
  recipient: ['recipient-unknown', 'recipient-disabled', 'mailbox-full', 'rate'],
  'their-fault': ['system', 'expired', 'network', 'mailbox-full', 'relay-denied'],
  'policy-of-recipient': ['policy', 'relay-denied', 'spam-content', 'recipient-disabled'],
  greylist: ['greylisted'],
  size: ['too-big'],
  tls: ['network', 'policy'],
  network: ['network', 'expired', 'host-unknown'],
};

function causeOf(
  bounce: Bounce,
  one: BouncedRecipient,
  found: ClassifiedReply | undefined,
): BounceCause {
  if (bounce.kind === 'complaint') return bounce.feedback === 'not-spam' ? 'other' : 'complaint';
  if (bounce.kind === 'auto-reply') return 'auto-reply';
  const diagnostic = bareWords(one.diagnostic);
  const words = bareWords(one.words);
  const byStatus = causeOfStatus(one.status);
  const own = ownCause(certainCause(diagnostic) ?? certainCause(words), byStatus, one);
  // The bounce as a whole is about this recipient only if it is the only one.
  const isOnly = bounce.recipients.length === 1;
  const whole = isOnly ? bareWords(bounce.words) : '';
  const subject = isOnly ? bareWords(bounce.subject) : '';
  return (
    own ??
    causeOfRule(found, byStatus) ??
    byStatus ??
    probableCause(`${diagnostic} ${stageOf(one.words)}`) ??
    certainCause(whole) ??
    certainCause(subject) ??
    probableCause(words) ??
    (/^(?:delayed|expired)$/.test(one.action) ? 'expired' : undefined) ??
    vagueCauseOfStatus(one.status) ??
    'other'
  );
}

/** The cause that a rule for replies leaves open is decided by the status code. */
function causeOfRule(
  found: ClassifiedReply | undefined,
  byStatus: BounceCause | undefined,
): BounceCause | undefined {
  if (found?.scope === undefined || found.rule.startsWith(codesOnly)) return undefined;
  const causes = causesOfScope[found.scope];
  return byStatus !== undefined && causes.includes(byStatus) ? byStatus : causes[0];
}

/** Rules that look at nothing but codes: ours know as much. */
const codesOnly = 'code/';

/** The cause that words say, read together with the status code and the stage of the session. */
function ownCause(
  said: BounceCause | undefined,
  byStatus: BounceCause | undefined,
  one: BouncedRecipient,
): BounceCause | undefined {
  // `5.1.1 inactive address`: the address is not there any more.
  if (said === 'recipient-disabled' && byStatus === 'recipient-unknown') return byStatus;
  const isOfSender = /(?:after|in reply to) (?:pipelined )?mail from/i.test(one.words);
  const isUnknown = said === 'recipient-unknown' || said === 'host-unknown';
  return isOfSender && isUnknown ? 'policy' : said;
}

/** Where in the session the server refused, if the words say so. */
function stageOf(words: string): string {
  return (
    /refused to talk to me|(?:after|in reply to) (?:ehlo|helo|initial connection)/i.exec(
      words,
    )?.[0] ?? ''
  );
}
