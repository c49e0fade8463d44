/** The parts that one audit works with, and what it has measured and found. Types only. */
import type { PasswordFinding } from '../../core/passwords/audit-report.ts';
import type { Millis } from '../../lib/time.ts';
import type { CandidatePlan } from '../candidates/candidates.ts';
import type { John } from '../john/john.ts';
import type { PrivateFolder } from '../sandbox/private-folder.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Workers } from '../workers/workers.ts';
import type { TriedStore } from './tried-store.ts';
import type { Worklist } from './worklist.ts';

export type AuditDeps = {
  readonly john: John;
  readonly sandbox: Sandbox;
  readonly folder: PrivateFolder;
  readonly workers: Workers;
  readonly worklist: Worklist;
  readonly triedStore: TriedStore;
  readonly plans: readonly CandidatePlan[];
  readonly processors: number;
  readonly now: () => Millis;
  /** Aborted when time is up or the operator stops the audit. */
  readonly signal: AbortSignal;
  readonly found: (found: readonly PasswordFinding[]) => void;
  readonly progress: (progress: AuditProgress) => void;
  /** Called when John did not load all hashes of a scheme; `count`: how many were not tried. */
  readonly refused: (scheme: string, count: number) => void;
};

export type AuditProgress = {
  readonly leg: string;
  /** Candidates tried so far, and candidates a second. */
  readonly tried: number;
  readonly perSecond: number;
  readonly secondsLeft: number;
  readonly weak: number;
};

/** The dependencies, and what was measured and found since the audit began. */
export type AuditState = AuditDeps & {
  /** Candidates a second by group, on all processors together. */
  readonly speeds: Map<string, number>;
  /** Ids of the accounts that were guessed. */
  readonly guessed: Set<number>;
};
