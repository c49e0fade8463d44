/** What the guard decides about a message, the state of its account, and what may be held. */
export type VerdictKind = 'pass' | 'delay' | 'hold' | 'refuse';
/** What became of a message at the door. `discard`: accepted, and delivered to nobody. */
export type DoorVerdict = VerdictKind | 'discard';
export const accountStates = ['clear', 'watched', 'suspended'] as const;
export type AccountState = (typeof accountStates)[number];

/** Messages of one account that are held and wait for a decision, and their bytes. */
export type HeldSum = { readonly messages: number; readonly bytes: number };

export const nothingHeld: HeldSum = { messages: 0, bytes: 0 };

/** Held mail has a limit for each account unless the operator sets another. */
export const usualHeldMax: HeldSum = { messages: 100, bytes: 50_000_000 };

/**
 * May one more message of an account be held? One that alone is larger than the limit may be, if
 * nothing else waits: it would never fit.
 */
export function hasRoomFor(bytes: number, held: HeldSum, max: HeldSum): boolean {
  if (held.messages >= max.messages) return false;
  return held.messages === 0 || held.bytes + bytes <= max.bytes;
}

/** Is the limit reached, whatever comes next? */
export function isHeldFull(held: HeldSum, max: HeldSum): boolean {
  return !hasRoomFor(1, held, max);
}

/** Is a message put off because too much of its account is held? */
export function isPutOff(judged: {
  readonly verdict: VerdictKind;
  readonly reasons: readonly { readonly signal: string }[];
}): boolean {
  return judged.verdict === 'delay' && judged.reasons[0]?.signal === 'held-full';
}
