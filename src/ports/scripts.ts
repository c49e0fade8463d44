/** The register of scripts: its rows, and what doors and operators ask it. Types only. */
import type { Submission } from '../core/event.ts';
import type { ScriptSeen } from '../core/scripts/register.ts';
import type { ScriptMode, ScriptRule } from '../core/scripts/rules.ts';
import type { Millis } from '../lib/time.ts';

/** A rule as stored. A removed rule stays, so that older explanations can name it. */
export type ScriptRuleRow = ScriptRule & {
  readonly note: string;
  readonly by: string;
  readonly at: Millis;
  readonly removedAt: Millis | undefined;
};

/** The part of the ledger that keeps scripts and rules. All of them are in memory too. */
export type ScriptLedger = {
  scripts(): readonly ScriptSeen[];
  /** In the order in which they were made, removed rules included. */
  scriptRules(): readonly ScriptRuleRow[];
};

/** Compares a message of the sendmail door with the register, before the message is judged. */
export type ScriptJudge = (message: Submission) => Submission;

/** A script as the status page and the command line show it. */
export type ScriptView = ScriptSeen & {
  /** The rule for this script; empty without a rule. */
  readonly rule: string;
  readonly ruleText: string;
  /**
   * The command that makes a rule from what was seen; empty if too little was seen or it has one.
   */
  readonly suggestion: string;
};

export type ScriptListView = {
  readonly mode: ScriptMode;
  /** Newest first. */
  readonly scripts: readonly ScriptView[];
  readonly rules: readonly ScriptRuleRow[];
  /** How many scripts are known: more than are shown. */
  readonly known: number;
};

/** As AdminResult (admin.ts). */
export type RuleResult =
  | { readonly ok: true; readonly text: string; readonly count: number }
  | {
      readonly ok: false;
      readonly text: string;
      readonly hint?: string;
      readonly isUnknown?: true;
    };

export type NewRule = Omit<ScriptRule, 'id'>;

export type ScriptAdmin = {
  list(filter: { readonly like?: string; readonly limit: number }): ScriptListView;
  /** Adds a rule. It replaces a rule for the same path and user. */
  rule(wanted: NewRule, note: string, by: string): Promise<RuleResult>;
  /** Removes a rule, given by its name or path. */
  forget(which: string, by: string): Promise<RuleResult>;
  /** Removes an address of a person from what was seen of scripts. */
  forgetAddress(address: string): void;
  /** The web user who has this local connection; undefined if no web user does. */
  whose(end: SocketEnd): Promise<string | undefined>;
};

/** One end of a TCP connection. */
export type SocketEnd = { readonly address: string; readonly port: number };
/**
 * Who owns a socket. closed: its process closed it, so nobody can tell. unknown: the table of
 * sockets could not be read. elsewhere: this machine has no such socket.
 */
export type SocketOwner = { readonly uids: readonly number[] } | 'closed' | 'unknown' | 'elsewhere';

/** Finds the owners of this machine's sockets. */
export type SocketOwners = {
  /** Is this an address of this machine? */
  isHere(address: string): boolean;
  /** The owner of `end`, of its connection to `other` if that is given. Never rejects. */
  of(end: SocketEnd, other?: SocketEnd): Promise<SocketOwner>;
};
