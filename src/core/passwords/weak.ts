/**
 * An account with a password that the audit guessed, and what to do about it. The password itself
 * is never kept. Pure.
 */
import type { Millis } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import { type CandidateKind, type StrengthClass, strengthText } from './strength.ts';

export type WeakPassword = {
  /** The name that the guard uses. */
  readonly account: Account;
  /** The name in the source. */
  readonly login: string;
  /** Such as `shadow:/etc/shadow`. */
  readonly source: string;
  readonly scheme: string;
  readonly strength: StrengthClass;
  readonly by: CandidateKind;
  /** When it was first guessed. */
  readonly since: Millis;
  /** When an audit saw that the password was changed. */
  readonly changedAt: Millis | undefined;
  /** When the owner got a mail. */
  readonly toldAt: Millis | undefined;
};

/** The result of one audit in numbers, for doctor and the checklist. */
export type AuditSummary = {
  readonly at: Millis;
  readonly accounts: number;
  readonly weak: number;
  /** Lines and sources that could not be read. */
  readonly faults: number;
  /** False if the audit ended before every candidate was tried. */
  readonly complete: boolean;
};

export function whatToDo(weak: Pick<WeakPassword, 'strength' | 'toldAt'>): string {
  if (weak.strength === 'no-password') return 'set a password, or lock the account';
  if (weak.toldAt === undefined) return 'have it changed: postern passwords notify, require-change';
  return 'the owner was told; have it changed: postern passwords require-change';
}

/** The reason that the guard gives for being stricter with the account. */
export function weakText(weak: Pick<WeakPassword, 'strength' | 'by'>): string {
  return `the password audit found the password weak: ${strengthText(weak.strength, weak.by)}`;
}
