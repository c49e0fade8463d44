/**
 * Mail that scripts hand over: types between the sendmail door, the flow that hands the mail to the
 * mail server, and the milter door that recognises it. Types only.
 */
import type { ScriptMail, ScriptSubmitter } from '../core/script-mail.ts';
import type { HandoverRequest, ProcessFacts } from '../core/scripts/handover-request.ts';
import type { Millis } from '../lib/time.ts';

/** The process at the other end of a socket, as the kernel says (SO_PEERCRED). */
export type Peer = {
  readonly pid: number;
  readonly uid: number;
  /** When the process started (process-facts.ts): another may get its number later. */
  readonly startedAt: number | undefined;
};

/** The exit code of postern-sendmail, and what it says. */
export type SendmailExit = { readonly exit: number; readonly text: string };

/** A message that is being written into a file. It is given up unless it is finished. */
export type HandoverDraft = {
  /** Writes the bytes; keeps no reference to them. Throws if the disk does not take them. */
  write(bytes: Buffer): void;
  /** Calls back exactly once: when the message is on the disk, or with why it is not. */
  finish(done: (fault: Error | undefined) => void): void;
  drop(): void;
};

/** What the sendmail door calls. */
export type HandoverHandler = {
  /** Opens a message, before its bytes come. */
  open(peer: Peer, request: HandoverRequest): MessageIntake;
};
export type MessageIntake =
  /** Without an answer, postern-sendmail uses the spool: our own disk does not take the message. */
  | { readonly kind: 'refused'; readonly answer: SendmailExit | undefined }
  | {
      readonly kind: 'taken';
      write(bytes: Buffer): void;
      finish(answer: (answer: SendmailExit | undefined) => void): void;
      drop(): void;
    };

/** A message that waits to be handed to the mail server, without the message itself. */
export type WaitingMail = {
  /** User id and message id, unique. The milter door recognises the message by this token. */
  readonly token: string;
  readonly at: Millis;
  readonly submitter: ScriptSubmitter;
  readonly request: Omit<HandoverRequest, 'claim'>;
};

/** The part of a script's message that rules look at. */
export type WrittenMail = Pick<ScriptMail, 'header' | 'bodyStart'>;

/** Files of messages that were handed over. Each is whole and on the disk, or does not exist. */
export type HandoverFiles = {
  begin(handover: WaitingMail): HandoverDraft;
  /**
   * All messages, in the order in which they came. `going`: it may or may not have been handed
   * over.
   * `sent`: the mail server has it on its disk.
   */
  list(): readonly {
    readonly handover: WaitingMail;
    readonly state: 'going' | 'sent';
    /** Size of the file, which is about that of the message. */
    readonly bytes: number;
  }[];
  /** Hands the message to the mail server, each try under a name of its own (`attempt`). */
  send(token: string, how: 'first try' | 'again'): Promise<SendOutcome>;
  written(token: string): Promise<WrittenMail | undefined>;
  remove(token: string): void;
};
/**
 * refused: the mail server says why. unknown: its program did not end in time, or was ended. gone:
 * somebody removed the file.
 */
export type SendOutcome =
  | { readonly kind: 'sent' | 'gone' }
  | { readonly kind: 'refused' | 'unknown'; readonly why: string };

/** The try of a message that the mail server showed first: that one counts, and no other. */
export type HandoverRow = {
  readonly token: string;
  readonly attempt: string;
  readonly at: Millis;
  readonly submitter: ScriptSubmitter;
  readonly sender: string;
};

export type HandoverLedger = {
  /** Undefined: the mail server has not shown it yet, or nobody handed it over. */
  handover(token: string): HandoverRow | undefined;
};

/** What the milter door asks about a message that has a token. */
export type HandoverLookup = {
  /** Who handed the message over; undefined if nobody did. */
  submitterOf(token: string): ScriptSubmitter | undefined;
  /** At the message's end: whether this try counts. Calls back exactly once. */
  recognise(token: string, attempt: string, answer: (match: HandoverMatch) => void): void;
  /** The mail server has its answer. */
  answered(token: string): void;
  /** A message of this machine came to its end without Postern's field. */
  unmarked(): void;
};
export type HandoverMatch =
  /** copy: another try counts, and this one is discarded. unknown: nobody handed it over. */
  | { readonly kind: 'copy' | 'unknown' }
  | { readonly kind: 'counts'; readonly sender: string; readonly written: WrittenMail };

/** Reads /proc and the list of users. */
export type Identities = {
  /** Undefined: the process is gone, or another process has its number. */
  facts(peer: Peer): ProcessFacts | undefined;
  /** Adds the script that PHP's own header field names, if it is not known otherwise. */
  hinted(facts: ProcessFacts, phpScript: string): ProcessFacts;
  /**
   * The owner of a file; undefined if there is no such file. If we may not look into its folder,
   * the owner of the folder.
   */
  ownerOf(path: string): number | undefined;
  /** Name and full name of a user; empty if there is no such user. */
  user(uid: number): { readonly name: string; readonly fullName: string };
};

/** A file of the spool that may be a message. Its name sorts by time. */
export type SpoolFile = { readonly uid: number; readonly folder: string; readonly name: string };
/** A message that was left in the spool while nobody listened at the door; open until disposed. */
export type SpooledMessage = Disposable & {
  /** The user who owns the file, and so wrote it. */
  readonly uid: number;
  readonly request: HandoverRequest;
  read(): Iterable<Buffer>;
  /** Removes the file, once the message is stored elsewhere. */
  remove(): void;
};
/** What a user has in the spool, and how many entries were removed. */
export type SpoolTrim = {
  readonly files: number;
  readonly bytes: number;
  readonly removed: number;
};
export type Spool = {
  /** Users who may have left something. Reads the whole spool, off the event loop. */
  users(): Promise<readonly number[]>;
  /** Removes what a user has in the spool beyond the limits, and what is no message. */
  trim(uid: number): Promise<SpoolTrim>;
  /** The oldest files of a user, in the order in which they came. */
  files(uid: number): readonly SpoolFile[];
  /**
   * Opens a file. Undefined if it cannot be opened now, or is not a message; then it is removed,
   * and `bad` gets the reason.
   */
  open(file: SpoolFile, bad: (why: string) => void): SpooledMessage | undefined;
};
