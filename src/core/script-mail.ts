/**
 * Types for mail from scripts: the message handed to the sendmail door, its submitter, and what the
 * register of scripts found. src/core/scripts/ decides.
 */

/**
 * How the script was found. fastcgi, cgi: the web server told the process. arguments: the
 * interpreter was started with it. hint: the file name is from PHP's X-PHP-Originating-Script, the
 * folder from the kernel.
 */
export const scriptSources = ['fastcgi', 'cgi', 'arguments', 'hint', 'none'] as const;
export type ScriptSource = (typeof scriptSources)[number];

/**
 * Who handed a message over. The uid is proven. A process of that uid said the rest: it separates
 * the scripts of one user, and proves nothing about another user.
 */
export type ScriptSubmitter = {
  readonly uid: number;
  /** The user's name; empty if there is no such user. */
  readonly user: string;
  readonly pid: number;
  readonly executable: string;
  readonly cwd: string;
  /** Absolute path; empty if no script is known. */
  readonly script: string;
  /** Owner of that file; undefined if it does not exist or may not be read. */
  readonly scriptOwner: number | undefined;
  readonly how: ScriptSource;
  /**
   * How the uid is proven. kernel: by the socket of the process. owner: by the owner of the file
   * that it left in the spool while Postern was not running.
   */
  readonly proven: 'kernel' | 'owner';
  readonly parents: readonly Ancestor[];
};

export type Ancestor = { readonly pid: number; readonly uid: number; readonly executable: string };

/** One header field, octets as Latin-1. The value is all behind the colon, line folds as LF. */
export type ScriptHeader = { readonly name: string; readonly value: string };

/** One message of a script. Recipients are those of the envelope: address keys, no duplicates. */
export type ScriptMail = {
  readonly submitter: ScriptSubmitter;
  /** The envelope sender the script asked for; empty if it asked for none. */
  readonly sender: string;
  readonly recipients: readonly string[];
  /** The header as the script wrote it, before any mail server changed it. */
  readonly header: readonly ScriptHeader[];
  /** The first 4 KB. */
  readonly bodyStart: Buffer;
};

/** What the register of scripts can have against a message. */
export const scriptSignals = [
  'script-unknown',
  'script-denied',
  'script-recipients',
  'script-sender',
  'script-rate',
  'script-many',
  'header-injection',
] as const;
export type ScriptSignal = (typeof scriptSignals)[number];

/** The first few of some addresses, and how many there are. */
export type SomeAddresses = { readonly first: readonly string[]; readonly count: number };

/** What each signal says. `rule` is the rule's id, `user` a name or `user number` and the uid. */
type ScriptFacts = {
  /** `script` is empty for mail of a user without a script. */
  readonly 'script-unknown': { readonly script: string; readonly user: string };
  readonly 'script-denied': { readonly rule: string };
  /** Recipients that the rule does not name; `owners` where it allows one visitor besides them. */
  readonly 'script-recipients': {
    readonly rule: string;
    readonly others: SomeAddresses;
    readonly owners?: SomeAddresses;
  };
  /** Senders that the rule does not name. An empty address is a From without one. */
  readonly 'script-sender': { readonly rule: string; readonly senders: SomeAddresses };
  readonly 'script-rate': {
    readonly rule: string;
    readonly sent: number;
    readonly allowed: number;
    readonly perMs: number;
  };
  /** More than `most` new scripts of a user in a day: all further ones are counted together. */
  readonly 'script-many': { readonly user: string; readonly most: number; readonly script: string };
  /** What is odd in the header, as core/scripts/header-injection.ts words it. */
  readonly 'header-injection': { readonly found: string };
};

export type ScriptReason = {
  [Signal in ScriptSignal]: { readonly signal: Signal } & ScriptFacts[Signal];
}[ScriptSignal];

export type ScriptFinding = {
  readonly verdict: 'pass' | 'hold';
  /** Why the message is held; empty if it is not. */
  readonly reasons: readonly ScriptReason[];
  /** All that is odd about the message, also if it is not held. */
  readonly findings: readonly ScriptReason[];
  /** The rule that applies; empty without one. */
  readonly rule: string;
};
