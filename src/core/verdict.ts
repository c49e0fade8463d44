/**
 * What the guard says of a message, and why. Reasons are data with numbers; the sentence is made
 * once, in explain.ts.
 */
export type VerdictKind = 'pass' | 'delay' | 'hold' | 'refuse';
export const accountStates = ['clear', 'watched', 'suspended'] as const;
export type AccountState = (typeof accountStates)[number];

/**
 * One piece of evidence: its signal's name, the sentence people read, and the numbers behind it.
 */
export type Reason = {
  readonly signal: string;
  readonly text: string;
  /** What was seen, in the signal's own unit. */
  readonly saw: number;
  /** What is usual for this account, or the limit that was set. */
  readonly usual: number;
  /** How much it weighs: 1 holds a message by itself. */
  readonly weight: number;
};
