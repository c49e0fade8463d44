/** What doors ask of flows about a message: may it go on, and who reads it. Types only. */
import type { Account } from '../core/account-name.ts';
import type { LogEvent, Submission } from '../core/event.ts';
import type { InboundResults } from '../core/inbound/results.ts';
import type { Choice, UnsignedWhy } from '../core/signing/choose.ts';
import type { SigningKey } from '../formats/dkim/signing-key.ts';
import type { DnsAnswer, DnsQuestion } from '../formats/dns/question.ts';

/** What a door tells its client: pass, hold (Postfix's hold queue), or an SMTP reply. */
export type Answer =
  | { readonly kind: 'pass' }
  /** `reason`: printable ASCII, at most 100 characters. */
  | { readonly kind: 'hold'; readonly reason: string }
  /**
   * `enhanced` has the class of `code` (RFC 3463); `text` is printable ASCII, one line, vague to
   * strangers.
   */
  | {
      readonly kind: 'reply';
      readonly code: number;
      readonly enhanced: string;
      readonly text: string;
    };

/** discard: Postern accepts the message, and the mail server delivers it to nobody. */
export type DoorOutcome = Answer | { readonly kind: 'discard' };

/** Who hands mail over. Mail that comes in has no submitter, and is not judged. */
export type Submitter = {
  readonly account: Account;
  /** login: SMTP AUTH. client: relaying by address, no login. local: sendmail(1), pickup. */
  readonly by: 'login' | 'client' | 'local';
  readonly client?: string;
};

/** Judges messages (flow/account/message-submitted.ts). */
export type Gate = {
  /**
   * Says whether this submitter may go on, as soon as the account is known (MAIL, RCPT): a
   * suspended one is refused, which counts: ask once a message. Never waits.
   */
  mayBegin(submitter: Submitter): Answer;
  /**
   * Judges and counts the whole message. Answers exactly once: at once for `pass`, after the commit
   * for the rest.
   */
  submit(message: Submission, by: Submitter['by'], answer: (answer: Answer) => void): void;
};

/** The way of a message, as a door sees it (flow/message-path.ts). */
export type MessagePath = Pick<Gate, 'mayBegin'> & {
  /** Some reader changes headers: the door has to ask the mail server for that right. */
  readonly edits: boolean;
  /**
   * Opens the readers of one message, when its content begins. `editedAs`: the start as the readers
   * that edit see it; undefined where this mail server lets nobody change headers.
   */
  open(start: MessageStart, editedAs: MessageStart | undefined): PassingMessage;
};

/** One message on its way, from the beginning of its content to its answer. */
export type PassingMessage = {
  /** Some reader wants the headers. */
  readonly isRead: boolean;
  /** Some reader may change the headers. */
  readonly isEdited: boolean;
  /** As of `MessageReader`. */
  header(name: string, value: string): void;
  /** The bytes are only lent. Answers whether more of the body is of use to a reader. */
  body(bytes: Buffer, start: number, end: number): boolean;
  /**
   * Has the whole message scanned, then judged and counted. Answers exactly once, at once or later;
   * never if the door has given the message up, which `step` knows: it runs what follows a wait, or
   * not.
   */
  judge(
    message: Submission,
    by: Submitter['by'],
    answer: (answer: Answer) => void,
    step: (run: () => void) => void,
  ): void;
  /**
   * Asks for the edits of a message that was answered with pass or hold. `by` as it is known at the
   * end: a message that was read as another submitter's is not edited. Calls back exactly once.
   */
  finish(by: Submitter['by'] | undefined, done: Finished): void;
  /** The message is over, or was given up. */
  drop(): void;
};

/** What a door knows of a message when its headers begin. */
export type MessageStart = {
  /** Undefined for mail that comes in. */
  readonly by: Submitter['by'] | undefined;
  readonly account: Account | undefined;
  /** Address of the SMTP client; empty for mail of this machine. */
  readonly client: string;
  /** The client's name, if the mail server has verified it; else empty. */
  readonly clientName: string;
  readonly helo: string;
  /** MAIL FROM as typed, without its brackets; empty for the null sender. */
  readonly sender: string;
  /** Address keys, of mail that comes in; else empty. */
  readonly recipients: readonly string[];
  /** Recipients of this transaction that do not exist here. */
  readonly badRecipients: number;
  readonly queueId: string;
};

/**
 * A change to the headers of a message. Text is octets (Latin-1), lines in it are folded with LF.
 */
export type HeaderEdit =
  /**
   * `index` 0: above everything, the mail server's own Received included; 1: right below that.
   * `value` as it stands behind the colon, with its leading space. Of several edits at one index,
   * the last is on top.
   */
  | {
      readonly kind: 'insert';
      readonly index: number;
      readonly name: string;
      readonly value: string;
    }
  /** The first field of a name is 1, counted in the message as it was read, before any edit. */
  | { readonly kind: 'remove'; readonly name: string; readonly occurrence: number };

/**
 * Reads one whole message as it goes by: signs what leaves, verifies what comes in. Memory is
 * bounded, nothing throws, nothing waits but `finish`. Header text is octets (Latin-1); a value is
 * all that stands behind the colon, folds as LF. `finish` is not called if the message is given up.
 */
export type MessageReader = {
  header(name: string, value: string): void;
  /** The bytes are only lent: they change after this returns. */
  body(bytes: Buffer, start: number, end: number): void;
  /**
   * The whole message was read, and is answered with pass or hold. Calls back exactly once.
   * `judged`: undefined for mail that is not judged.
   */
  finish(done: Finished, judged?: JudgedAs): void;
  /** The message is over, or was given up: its octets are freed. */
  drop?(): void;
};

/** Decides whether mail that comes in waits (flow/inbound/waiting/message-judged.ts). */
export type IncomingJudge = {
  /** Undefined: this message is not judged. */
  open(start: MessageStart): IncomingReader | undefined;
};
export type IncomingReader = Pick<MessageReader, 'header' | 'body'> & {
  /** The whole message was read. Asks scanners, and the DNS by `ask`. */
  look(ask: (question: DnsQuestion) => Promise<DnsAnswer>): void;
  /** Never rejects. */
  decide(results: InboundResults): Promise<IncomingSaid>;
  drop(): void;
};
/** Edits, and another answer than a pass. */
export type IncomingSaid = {
  readonly edits: readonly HeaderEdit[];
  readonly instead?: Answer;
};

/** The account that a message counted for, and whether it is held. */
export type JudgedAs = { readonly account: Account; readonly isHeld: boolean };

/**
 * Takes what a reader found. `refused`: why the message is refused, whatever the gate says; one
 * line of printable ASCII. `instead`: the answer in place of a pass: to mail that comes in, or
 * `discard`.
 */
export type Finished = (
  edits: readonly HeaderEdit[],
  refused?: string,
  instead?: DoorOutcome,
) => void;

/**
 * Reads one message that leaves, before it is judged. Memory is bounded, nothing throws, nothing
 * waits but `finish`.
 */
export type MessageScan = {
  /** Octets (Latin-1); a value is all that stands behind the colon, folds as LF. */
  header(name: string, value: string): void;
  /** The bytes are only lent. Answers whether more of the body is of use. */
  body(bytes: Buffer, start: number, end: number): boolean;
  /**
   * Answers with the message and what was found, exactly once: at once, or when the scanners have
   * answered or their time is over.
   */
  finish(message: Submission, done: (message: Submission) => void): void;
  /** The message was given up. */
  drop(): void;
};

/** The authors of one message that leaves, for the path and the signer. */
export type MessageAuthors = {
  /** As of `MessageReader`. */
  header(name: string, value: string): void;
  /**
   * Which keys sign if the account may write as the authors; chosen once. All headers are here.
   */
  readonly choice: Choice<SigningKey>;
  /** Answers with the message and what was found about its authors, exactly once. */
  ask(message: Submission, done: (message: Submission) => void): void;
  /** After `ask`: why no key may sign; undefined if a key may. Before it: `unknown`. */
  readonly denied: UnsignedWhy | undefined;
};

/** Opens the authors of a message that leaves; undefined: nothing is signed. */
export type AuthorsSource = { open(): MessageAuthors | undefined };

/**
 * Opens a reader for each message, when its content begins; undefined: this one is not read. The
 * judgement waits for what readers of the first phase find; those of the second edit what was
 * judged.
 */
export type ReaderSource = ScanSource | EditSource;
export type ScanSource = {
  readonly phase: 'before-judgement';
  open(start: MessageStart): MessageScan | undefined;
};
export type EditSource = {
  readonly phase: 'after-judgement';
  /** `authors`: of mail that a key may sign. */
  open(start: MessageStart, authors?: MessageAuthors): MessageReader | undefined;
};

/** One request of Postfix's policy protocol (doors/policy/request.ts). */
export type PolicyRequest = {
  readonly stage: 'RCPT' | 'DATA' | 'END-OF-MESSAGE' | 'other';
  /** Joins the requests of one message. */
  readonly instance: string;
  readonly queueId: string;
  readonly account: Account | undefined;
  readonly client: string;
  /** The client's name that the mail server has verified, and the one in its reverse DNS. */
  readonly clientName: string;
  readonly reverseName: string;
  readonly helo: string;
  readonly sender: string;
  /** Address key; empty unless at RCPT (or exactly one recipient). */
  readonly recipient: string;
  readonly recipientCount: number;
  readonly sizeBytes: number;
  /** The SASL mechanism; empty without a login. */
  readonly auth: string;
  /** Version and cipher of TLS; empty without it. */
  readonly tls: string;
};

/**
 * Answers the policy door (flow/account/recipient-asked.ts), which reserves recipients for each
 * connection.
 */
export type PolicyHandler = {
  ask(connection: number, request: PolicyRequest, answer: (answer: Answer) => void): void;
  /** The connection is gone: the recipients that it reserved are given back. */
  gone(connection: number): void;
};

/** Takes what the mail log's door reads (flow/account/log-seen.ts, flow/bypass). */
export type LogHandler = {
  seen(event: LogEvent): void;
  /**
   * All lines up to `place` of the log `key` were handed over. What must not count twice after a
   * crash is written together with the place.
   */
  taken(key: string, place: string): void;
};
