/** The ledger's rows of a message that was judged. */
import { contentSignals } from '../../core/account/content.ts';
import type { Judgement } from '../../core/account/judge.ts';
import type { Submission } from '../../core/event.ts';
import { scriptSignals } from '../../core/script-mail.ts';
import { describeSubmitter } from '../../core/scripts/submitter.ts';
import type { HeldRow, MessageRow, StoryRow } from '../../ports/ledger.ts';

/** Recipients that a story names: enough to recognise a message, never the whole list. */
const sampleMax = 5;

/** The row by which the mail log and `explain` find the message. */
export function messageRow(message: Submission, verdict: MessageRow['verdict']): MessageRow {
  const { authors } = message;
  return {
    queueId: message.id,
    at: message.at,
    account: message.account,
    verdict,
    recipients: message.outside.length + message.local.length,
    client: cameFrom(message),
    sender: message.sender ?? '',
    messageId: message.messageId ?? '',
    ...(authors?.unsigned === undefined
      ? undefined
      : { unsigned: { why: authors.unsigned, author: authors.author } }),
  };
}

/** What operators read about a message that was stopped. */
export function storyRow(
  message: Submission,
  judgement: Judgement,
  observed: boolean,
  newId: () => string,
): StoryRow {
  return {
    id: message.id === '' ? newId() : message.id,
    at: message.at,
    account: message.account,
    verdict: judgement.verdict,
    state: judgement.state,
    observed,
    recipients: message.outside.length + message.local.length,
    sample: [...message.outside, ...message.local].slice(0, sampleMax),
    client: cameFrom(message),
    subject: message.subject ?? '',
    reasons: judgement.reasons,
  };
}

function whyHeld(signal: string): HeldRow['why'] {
  if (contentSignals.has(signal)) return 'content';
  if (signal === 'foreign-author') return 'foreign';
  return scriptSignals.some((one) => one === signal) ? 'rule' : 'verdict';
}

/**
 * The client's address, with the webmail behind which it was; for mail handed over on this machine,
 * the program that did it.
 */
function cameFrom({ client, handed, webmail }: Submission): string {
  if (client !== undefined && webmail !== undefined) return `${client} (webmail ${webmail})`;
  return client ?? (handed === undefined ? '' : describeSubmitter(handed.submitter));
}

/** The row of a message that goes on hold. */
export function heldRow(message: Submission, { reasons }: Judgement): HeldRow {
  return {
    queueId: message.id,
    at: message.at,
    account: message.account,
    recipients: message.outside.length + message.local.length,
    bytes: message.sizeBytes ?? 0,
    why: whyHeld(reasons[0]?.signal ?? ''),
    state: 'held',
    changedAt: message.at,
    by: 'guard',
  };
}
