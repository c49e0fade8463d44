/** What doors ask of flows: is this message allowed, and who reads it on its way. Types only. */
import type { Account } from '../core/account-name.ts';
import type { LogEvent, Submission } from '../core/event.ts';

/** What a door tells its client: pass, keep (Postfix's hold queue), or an SMTP reply. */
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

/**
 * Who hands mail over. `account` undefined: not ours to judge (inbound mail), everything passes.
 */
export type Submitter = {
  readonly account: Account;
  /** login: SMTP AUTH. client: relaying by address, no login. local: sendmail(1), pickup. */
  readonly by: 'login' | 'client' | 'local';
  readonly client?: string;
};

/** The way of a message, as doors see it (flow/message-submitted.ts). */
export type Gate = {
  /**
   * As soon as the account is known (MAIL, RCPT): refused at once when suspended. Never waits,
   * never counts.
   */
  mayBegin(submitter: Submitter): Answer;
  /**
   * The whole message: judged and counted. Answers exactly once, at once for `pass`, after the
   * commit for the rest.
   */
  submit(message: Submission, by: Submitter['by'], answer: (answer: Answer) => void): void;
};

/** What a door knows of a message when its headers begin. */
export type MessageStart = {
  /** undefined: mail that comes in. */
  readonly by: Submitter['by'] | undefined;
  readonly account: Account | undefined;
  /** Address of the SMTP client; empty for mail of this machine. */
  readonly client: string;
  /** Its name, where the mail server has verified it; else empty. */
  readonly clientName: string;
  readonly helo: string;
  /** MAIL FROM as typed, without its brackets; empty for the null sender. */
  readonly sender: string;
  readonly queueId: string;
};

/**
 * A change to the headers of a message. Text is octets (Latin-1), lines in it are folded with LF.
 */
export type HeaderEdit =
  /**
   * `index` 0: above everything, the mail server's own Received included; 1: right below that. `value` as it stands
   * behind the colon, its leading space included. Of several at one index, the last is on top.
   */
  | {
      readonly kind: 'insert';
      readonly index: number;
      readonly name: string;
      readonly value: string;
    }
  /** The first of a name is 1. Counted in the message as it was read, whatever else is changed. */
  | { readonly kind: 'remove'; readonly name: string; readonly occurrence: number };

/**
 * Reads one whole message as it goes by: signs what leaves, verifies what comes in. Memory is
 * bounded, nothing throws, nothing waits but `finish`. Header text is octets (Latin-1); a value is
 * all that stands behind the colon, folds as LF. A reader that is not finished was given up: it
 * hears no more.
 */
export type MessageReader = {
  header(name: string, value: string): void;
  /** The bytes are only lent: they change after this returns. */
  body(bytes: Buffer, start: number, end: number): void;
  /**
   * The whole message was read and is to be answered with pass or hold. Calls back exactly once.
   */
  finish(done: Finished): void;
};

/**
 * `refused`: why the message must go no further, whatever the gate says; one line of printable
 * ASCII.
 */
export type Finished = (edits: readonly HeaderEdit[], refused?: string) => void;

/** Asked once a message, when its headers begin; undefined: this one is not read. */
export type MessageReading = { open(start: MessageStart): MessageReader | undefined };

/** One request of Postfix's policy protocol, parsed (doors/policy/request.ts). */
export type PolicyRequest = {
  readonly stage: 'RCPT' | 'DATA' | 'END-OF-MESSAGE' | 'other';
  /** Joins the requests of one message. */
  readonly instance: string;
  readonly queueId: string;
  readonly account: Account | undefined;
  readonly client: string;
  readonly sender: string;
  /** Address key; empty unless at RCPT (or exactly one recipient). */
  readonly recipient: string;
  readonly recipientCount: number;
  readonly sizeBytes: number;
};

/**
 * The policy door's flow (flow/recipient-asked.ts): reservations live there, one owner a
 * connection.
 */
export type PolicyHandler = {
  ask(connection: number, request: PolicyRequest, answer: (answer: Answer) => void): void;
  /** The connection is gone: what it had reserved is given back. */
  gone(connection: number): void;
};

/** What the mail log's door asks of its flow. */
export type LogHandler = { seen(event: LogEvent): void };
