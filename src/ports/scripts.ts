/** The register of scripts: what it keeps, and what doors and admin ask of it. Types only. */
import type { Submission } from '../core/event.ts';
import type { ScriptSeen } from '../core/scripts/register.ts';
import type { ScriptMode, ScriptRule } from '../core/scripts/rules.ts';
import type { Millis } from '../lib/time.ts';

/** A rule as stored. One that was taken back stays, so that what is told of it can be looked up. */
export type ScriptRuleRow = ScriptRule & {
  readonly note: string;
  readonly by: string;
  readonly at: Millis;
  readonly removedAt: Millis | undefined;
};

/** The part of the ledger that keeps them; all are in memory too. */
export type ScriptLedger = {
  scripts(): readonly ScriptSeen[];
  /** In the order in which they were made, those taken back included. */
  scriptRules(): readonly ScriptRuleRow[];
};

/** Before a message is judged: what came by the sendmail door is compared with the register. */
export type ScriptJudge = (message: Submission) => Submission;

/** A script as page and command line show it. */
export type ScriptView = ScriptSeen & {
  /** The rule that it comes under; empty: none. */
  readonly rule: string;
  readonly ruleText: string;
  /**
   * The command that would make a rule of what was seen; empty: too little was seen, or there is
   * one.
   */
  readonly suggestion: string;
};

export type ScriptListView = {
  readonly mode: ScriptMode;
  /** Newest first. */
  readonly scripts: readonly ScriptView[];
  readonly rules: readonly ScriptRuleRow[];
  /** More than are shown. */
  readonly known: number;
};

/** As Done of ports-desk.ts. */
export type RuleResult =
  | { readonly ok: true; readonly text: string; readonly count: number }
  | { readonly ok: false; readonly text: string; readonly hint?: string };

export type NewRule = Omit<ScriptRule, 'id'>;

export type ScriptAdmin = {
  list(filter: { readonly like?: string; readonly limit: number }): ScriptListView;
  /** A rule of the same path and user is replaced. */
  rule(wanted: NewRule, note: string, by: string): Promise<RuleResult>;
  /** By the rule's name, or by its path. */
  forget(which: string, by: string): Promise<RuleResult>;
  /** The web user whose connection from this machine to itself that is; undefined: none's. */
  whose(end: SocketEnd): Promise<string | undefined>;
};

/** One end of a TCP connection. */
export type SocketEnd = { readonly address: string; readonly port: number };
/**
 * closed: by its process, so that nobody can tell any more. unknown: the table of sockets could not
 * be read. elsewhere: there is no such socket here.
 */
export type SocketOwner = { readonly uids: readonly number[] } | 'closed' | 'unknown' | 'elsewhere';

/** Whose sockets of this machine are. */
export type SocketOwners = {
  /** Is it an address of this machine? */
  isHere(address: string): boolean;
  /** Never rejects. */
  of(end: SocketEnd): Promise<SocketOwner>;
};
