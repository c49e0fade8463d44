/**
 * An account whose password was guessed: what is remembered of it, and what to do. Never the
 * password. Pure.
 */
import type { Millis } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import { type CandidateKind, type StrengthClass, strengthText } from './strength.ts';

export type WeakPassword = {
  /** As the guard knows it. */
  readonly account: Account;
  /** As the source writes it. */
  readonly login: string;
  /** `shadow:/etc/shadow`. */
  readonly source: string;
  readonly scheme: string;
  readonly strength: StrengthClass;
  readonly by: CandidateKind;
  /** Found first. */
  readonly since: Millis;
  /** Set when an audit saw that the password was changed. */
  readonly changedAt: Millis | undefined;
  /** The owner was written to. */
  readonly toldAt: Millis | undefined;
};

/** What one audit came to, for doctor and the checklist. */
export type AuditSummary = {
  readonly at: Millis;
  readonly accounts: number;
  readonly weak: number;
  /** Lines that could not be read, and sources. */
  readonly faults: number;
  /** False: time was up before every candidate was tried. */
  readonly complete: boolean;
};

export function whatToDo(weak: Pick<WeakPassword, 'strength' | 'toldAt'>): string {
  if (weak.strength === 'no-password') return 'set a password, or lock the account';
  if (weak.toldAt === undefined) return 'have it changed: postern passwords notify, require-change';
  return 'its owner was told; have it changed: postern passwords require-change';
}

/** The sentence with which the guard explains that it is stricter. */
export function weakText(weak: Pick<WeakPassword, 'strength' | 'by'>): string {
  return `the audit found its password weak: ${strengthText(weak.strength, weak.by)}`;
}
