/**
 * Held mail of one account has a limit. Beyond it a message that would be held is put off: the
 * sender keeps it and tries again, until a person has decided about what waits.
 */
import type { MessageFacts } from '../event.ts';
import { type HeldSum, hasRoomFor, isFull } from '../verdict.ts';
import type { Judgement } from './judge.ts';
import type { AccountFlags, Policy } from './policy.ts';
import type { AccountProfile } from './profile.ts';

/** The judgement as it is; put off if the message would be held and too much is held already. */
export function withinHeldMax(
  judgement: Judgement,
  { sizeBytes = 0 }: Pick<MessageFacts, 'sizeBytes'>,
  { heldMax }: Pick<Policy, 'heldMax'>,
  flags: Pick<AccountFlags, 'held'>,
): Judgement {
  if (judgement.verdict !== 'hold') return judgement;
  const held = flags.held();
  if (hasRoomFor(sizeBytes, held, heldMax)) return judgement;
  return {
    ...judgement,
    verdict: 'delay',
    reasons: [heldFullReason(judgement, held, heldMax), ...judgement.reasons],
  };
}

/** What a suspended account is answered before there is a message; `hold`: it may go on. */
export function suspendedMay(
  { hijackedAt }: Pick<AccountProfile, 'hijackedAt'>,
  { heldMax, hijackedMail }: Pick<Policy, 'heldMax' | 'hijackedMail'>,
  held: () => HeldSum,
): 'hold' | 'delay' | 'refuse' {
  if (hijackedAt > 0 && hijackedMail === 'refuse') return 'refuse';
  return isFull(held(), heldMax) ? 'delay' : 'hold';
}

/** Is it put off because too much of its account is held? */
export function isPutOff({ verdict, reasons }: Pick<Judgement, 'verdict' | 'reasons'>): boolean {
  return verdict === 'delay' && reasons[0]?.signal === 'held-full';
}

/** It comes first, so it weighs as much as the strongest reason to hold the message. */
function heldFullReason(
  { reasons }: Judgement,
  { messages: saw, bytes }: HeldSum,
  { messages: usual, bytes: bytesMax }: HeldSum,
): Judgement['reasons'][number] {
  const weight = Math.max(1, reasons[0]?.weight ?? 1);
  return { signal: 'held-full', saw, usual, weight, bytes, bytesMax };
}
