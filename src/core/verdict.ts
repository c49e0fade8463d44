/** What the guard decides about a message, and the state of its account. */
export type VerdictKind = 'pass' | 'delay' | 'hold' | 'refuse';
export const accountStates = ['clear', 'watched', 'suspended'] as const;
export type AccountState = (typeof accountStates)[number];
