/**
 * A message that a script handed to the sendmail door, who handed it over, and what the register of
 * scripts found. Types only; src/core/scripts/ decides.
 */

/**
 * How the script was found. fastcgi, cgi: from what the web server told the process. arguments: it
 * is what the interpreter was started with. hint: its file name is from PHP's own
 * X-PHP-Originating-Script, its folder from the kernel.
 */
export const scriptSources = ['fastcgi', 'cgi', 'arguments', 'hint', 'none'] as const;
export type ScriptSource = (typeof scriptSources)[number];

/**
 * Who handed a message over. The uid is proven; the rest was said by a process of that uid, so that
 * it tells scripts of one user apart and can never speak for another user.
 */
export type ScriptSubmitter = {
  readonly uid: number;
  /** Its name; empty: no such user. */
  readonly user: string;
  readonly pid: number;
  readonly executable: string;
  readonly cwd: string;
  /** Absolute path; empty: no script is known. */
  readonly script: string;
  /** Owner of that file; undefined: there is no such file, or nobody may look. */
  readonly scriptOwner: number | undefined;
  readonly how: ScriptSource;
  /**
   * kernel: by the socket it spoke through. owner: by the owner of the file that it left while
   * nobody listened.
   */
  readonly proven: 'kernel' | 'owner';
  readonly parents: readonly Ancestor[];
};

export type Ancestor = { readonly pid: number; readonly uid: number; readonly executable: string };

/** One field: text is octets (Latin-1), a value all that stands behind the colon, folds as LF. */
export type ScriptHeader = { readonly name: string; readonly value: string };

/**
 * One message of a script. Recipients are address keys, without duplicates: those of the envelope.
 */
export type ScriptMail = {
  readonly submitter: ScriptSubmitter;
  /** Envelope sender as asked for; empty: none was. */
  readonly sender: string;
  readonly recipients: readonly string[];
  /** As the script wrote it, before any mail server changed it. */
  readonly header: readonly ScriptHeader[];
  /** The first 4 KB. */
  readonly bodyStart: Buffer;
};

/** Words in front of a reason's text, for programs. */
export const reasonCodes = [
  'script-unknown',
  'script-denied',
  'script-recipients',
  'script-sender',
  'script-rate',
  'script-many',
  'header-injection',
] as const;
export type ReasonCode = (typeof reasonCodes)[number];
export type ScriptReason = { readonly code: ReasonCode; readonly detail: string };

export type ScriptFinding = {
  readonly verdict: 'pass' | 'hold';
  /** Why it is held; empty: it is not. */
  readonly reasons: readonly ScriptReason[];
  /** All that is odd about it, also where that holds nothing. */
  readonly findings: readonly ScriptReason[];
  /** The rule that it came under; empty: none. */
  readonly rule: string;
};
