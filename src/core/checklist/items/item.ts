/**
 * One measure of the checklist: what it is good for, whether it is in place, what it takes, and
 * the command that puts it in place. Pure.
 */
import type { Millis } from '../../../lib/time.ts';

/**
 * `broken` was in place or is half in place and does harm; `missing` was never there; `unknown`
 * could not be found out; `not needed` has its reason in `found`.
 */
export type ItemState = 'done' | 'missing' | 'broken' | 'unknown' | 'not needed';
export type Effort = 'minutes' | 'hours' | 'days';
export type Cost = 'free' | 'money';

export type ChecklistItem = {
  /** Stable, `signing.published`. */
  readonly id: string;
  /** What is in place when it is done, as a sentence without a full stop. */
  readonly title: string;
  readonly state: ItemState;
  readonly effort: Effort;
  readonly cost: Cost;
  /** What it prevents, in one sentence. */
  readonly effect: string;
  /** Who requires it of senders, `Gmail`; empty if it is only wise. */
  readonly requiredBy: readonly string[];
  /** What was found, with names and numbers. */
  readonly found: string;
  /** What to do, in words; empty where there is nothing to do. */
  readonly fix: string;
  /** The command that moves this item and nothing else; empty where no command can. */
  readonly command: string;
  /** Items before this one: their commands may move this one too, or it is not known before. */
  readonly follows?: readonly string[];
  /** When it breaks if nobody does anything, and what breaks (`key s1 of example.org`). */
  readonly due?: { readonly at: Millis; readonly what: string };
};
