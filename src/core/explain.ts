/**
 * Verdicts in words: the sentence for log, page and command line; the SMTP reply for the sender;
 * the reason that Postfix keeps with a held message. Made here once.
 */
import type { Reason, VerdictKind } from './verdict.ts';

/** Postfix cuts a quarantine reason at this length. */
const holdReasonMax = 100;

/** All reasons as one line. */
export function sentence(reasons: readonly Reason[]): string {
  return reasons.map((reason) => reason.text).join('; ');
}

/** What Postfix logs and `postqueue` shows for a held message: ASCII, at most 100 characters. */
export function holdReason(reasons: readonly Reason[]): string {
  const text = `postern: ${reasons[0]?.text ?? 'held'}`;
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, holdReasonMax);
}

/** An SMTP reply's parts. */
export type ReplyText = { readonly code: number; readonly enhanced: string; readonly text: string };

/**
 * What the sending client reads. Says whom to call, and nothing of how the guard counts unless it
 * is a plain limit.
 */
export function replyText(
  verdict: Exclude<VerdictKind, 'pass' | 'hold'>,
  reasons: readonly Reason[],
  contact: string,
): ReplyText {
  const first = reasons[0];
  if (verdict === 'delay') {
    const why = first?.signal === 'ceiling' ? first.text : 'too much mail at once';
    return { code: 451, enhanced: '4.7.1', text: `${why}; please try again later` };
  }
  if (first?.signal === 'ceiling') {
    return { code: 550, enhanced: '5.7.1', text: `${first.text}; ask ${contact}` };
  }
  return suspendedReply(contact);
}

/** For every command of a suspended account. */
export function suspendedReply(contact: string): ReplyText {
  return {
    code: 550,
    enhanced: '5.7.1',
    text: `Sending from this account is stopped because it may be in the hands of others. Please contact ${contact}`,
  };
}
