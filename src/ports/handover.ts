/**
 * Types between the sendmail door, what hands its mail to the mail server, and the milter door that
 * meets it again.
 */

import type { ScriptMail, ScriptSubmitter } from '../core/script-mail.ts';
import type { HandoverRequest, ProcessFacts } from '../core/scripts/handover-request.ts';
import type { Millis } from '../lib/time.ts';

/** By the kernel's word (SO_PEERCRED). */
export type Peer = {
  readonly pid: number;
  readonly uid: number;
  /** When that process was started (process-facts.ts): its number may be another's later. */
  readonly startedAt: number | undefined;
};

/** What postern-sendmail ends with, and says. */
export type SendmailExit = { readonly exit: number; readonly text: string };

/** A message on its way into a file; given up unless it is finished. */
export type HandoverDraft = {
  /** The bytes are only lent. Throws when the disk does not take them. */
  write(bytes: Buffer): void;
  /** On the disk, or why not. Calls back exactly once. */
  finish(done: (fault: Error | undefined) => void): void;
  drop(): void;
};

/** The sendmail door's flow. */
export type HandoverHandler = {
  /** Before the message itself. */
  open(peer: Peer, request: HandoverRequest): MessageIntake;
};
export type MessageIntake =
  /** Without an answer it is to go to the spool: our own disk does not take it. */
  | { readonly kind: 'refused'; readonly answer: SendmailExit | undefined }
  | {
      readonly kind: 'taken';
      write(bytes: Buffer): void;
      finish(answer: (answer: SendmailExit | undefined) => void): void;
      drop(): void;
    };

/** A message that waits to be handed to the mail server, without the message itself. */
export type WaitingMail = {
  /**
   * User id and id: no other message has it. It is the token by which the milter door knows it
   * again.
   */
  readonly token: string;
  readonly at: Millis;
  readonly submitter: ScriptSubmitter;
  readonly request: Omit<HandoverRequest, 'claim'>;
};

/** What a script wrote, as far as rules look at it. */
export type WrittenMail = Pick<ScriptMail, 'header' | 'bodyStart'>;

/** Files of messages that were handed in. Each is whole and on the disk, or not there. */
export type HandoverFiles = {
  begin(handover: WaitingMail): HandoverDraft;
  /**
   * In the order in which they came. `going`: perhaps it was handed over, perhaps not. `sent`: the
   * mail server has it on its disk.
   */
  list(): readonly {
    readonly handover: WaitingMail;
    readonly state: 'going' | 'sent';
    /** About: of the file. */
    readonly bytes: number;
  }[];
  /**
   * PrivilegedTools it to the mail server under a name of its own (`attempt`), which is not used for any
   * other try.
   */
  send(token: string, how: 'first try' | 'again'): Promise<SendOutcome>;
  written(token: string): Promise<WrittenMail | undefined>;
  remove(token: string): void;
};
/**
 * refused: it says why not. unknown: it did not end in time, or was ended. gone: somebody took the
 * file away.
 */
export type SendOutcome =
  | { readonly kind: 'sent' | 'gone' }
  | { readonly kind: 'refused' | 'unknown'; readonly why: string };

/** Which try of a message the mail server has shown us: that one counts, and no other. For ever. */
export type HandoverRow = {
  readonly token: string;
  readonly attempt: string;
  readonly at: Millis;
  readonly submitter: ScriptSubmitter;
  readonly sender: string;
};

export type HandoverLedger = {
  /** Undefined: the mail server has not shown it to us yet, or nobody handed it in. */
  handover(token: string): HandoverRow | undefined;
};

/** What the milter door asks of the flow about a message with a token in it. */
export type HandoverLookup = {
  /** Undefined: nobody handed that in here. */
  submitterOf(token: string): ScriptSubmitter | undefined;
  /**
   * At the message's end. `copy`: it came already; this one is to vanish. Calls back exactly once.
   */
  recognise(token: string, attempt: string, answer: (match: HandoverMatch) => void): void;
  /** The mail server has its answer. */
  answered(token: string): void;
};
export type HandoverMatch =
  /** It came already. unknown: nobody handed it in, as far as is known by now. */
  | { readonly kind: 'copy' | 'unknown' }
  | { readonly kind: 'counts'; readonly sender: string; readonly written: WrittenMail };

/** Looks at /proc and at the users' list. */
export type Identities = {
  /** Undefined: that process is gone, or is another's by now. */
  facts(peer: Peer): ProcessFacts | undefined;
  /** The script as PHP's own field tells it, where no other way does. */
  hinted(facts: ProcessFacts, phpScript: string): ProcessFacts;
  /**
   * Whose file that is; undefined: there is none. In a folder that we may not look into, whose the
   * folder is.
   */
  ownerOf(path: string): number | undefined;
  /** Its name and full name; empty: there is no such user. */
  user(uid: number): { readonly name: string; readonly fullName: string };
};

/** Messages that were left while nobody listened. */
export type SpooledMessage = {
  /** Who owns the file, and so who wrote it. */
  readonly uid: number;
  readonly request: HandoverRequest;
  read(): Iterable<Buffer>;
  /** It is somewhere else now. */
  remove(): void;
};
export type Spool = {
  /** Who may have left something. Looks at the whole spool, beside the event loop. */
  users(): Promise<readonly number[]>;
  /**
   * What is whole of this user's, in the order in which it came; as cheap as it has few files.
   * `bad` is told of what is no message, which is removed.
   */
  messages(uid: number, bad: (why: string) => void): Iterable<SpooledMessage>;
};
