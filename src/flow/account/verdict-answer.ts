/** What a door is answered to a verdict. */
import type { Judgement } from '../../core/account/judge.ts';
import { holdReason, replyText } from '../../core/explain.ts';
import { isPutOff } from '../../core/verdict.ts';
import type { Answer, Submitter } from '../../ports/message.ts';

export const passAnswer: Answer = { kind: 'pass' };

export const ledgerDown: Answer = {
  kind: 'reply',
  code: 451,
  enhanced: '4.3.0',
  text: 'Mail system storage is not available; please try again later',
};

/**
 * The verdict that is carried out. Local mail is held where other mail is refused or delayed:
 * pickup(8) would repeat it without an end, under new queue ids. A script that speaks SMTP can be
 * told that too much of its mail is held.
 */
export function effective(
  judgement: Judgement,
  by: Submitter['by'],
  local: boolean,
): Judgement['verdict'] {
  const { verdict } = judgement;
  if (by !== 'local' && isPutOff(judgement)) return verdict;
  return local && verdict !== 'pass' ? 'hold' : verdict;
}

export function answerOf(
  kind: Judgement['verdict'],
  judgement: Judgement,
  contact: string,
): Answer {
  switch (kind) {
    case 'pass':
      return passAnswer;
    case 'hold':
      return { kind: 'hold', reason: holdReason(judgement.reasons) };
    default:
      return { kind: 'reply', ...replyText(kind, judgement.reasons, contact) };
  }
}
