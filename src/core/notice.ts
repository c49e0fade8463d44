/**
 * Notices to the operator, as data. partners/notices/text.ts makes the text that people read.
 */

/** The JSON body of a notice, on every channel (docs/reference/webhook.md). Times are RFC 3339. */
export type Notice = {
  readonly version: 1;
  readonly event:
    | 'account.suspended'
    | 'account.holding'
    | 'account.full'
    | 'account.waiting'
    | 'account.would-suspend'
    | 'account.foreign'
    | 'account.reach'
    | 'account.new-client'
    | 'account.copies'
    | 'account.watched'
    | 'ledger.failing'
    | 'guard.trouble'
    | 'guard.brake'
    | 'dkim.record'
    | 'dkim.lost'
    | 'lane.changed'
    | 'bulk.near'
    | 'inbound.at-risk'
    | 'authors.observing'
    | 'authors.observed'
    | 'checklist.changed'
    | 'drill'
    | 'test';
  readonly id: string;
  readonly host: string;
  readonly at: string;
  readonly account: string;
  readonly since: string;
  /** What left since the first sign; mail of the owner is among it. */
  readonly leaked: { readonly messages: number; readonly recipients: number };
  /** Some of the recipients that `leaked` counts; missing where none is known in clear text. */
  readonly reached?: readonly string[];
  readonly stopped: { readonly messages: number; readonly fromQueue: number };
  /** Of mail that passed: what was counted, with what it is compared. */
  readonly numbers?: Readonly<Record<string, number>>;
  /** Of mail that passed: the mode is observe for this account, so nothing is stopped. */
  readonly observed?: true;
  /** Mode observe: how many messages mode guard would have stopped; nothing was. */
  readonly wouldStop?: { readonly messages: number };
  /** What is known of the account's mail since the first sign, or of the message that is held. */
  readonly facts?: NoticeFacts;
  readonly loginClosed: boolean;
  readonly reasons: readonly { readonly signal: string; readonly text: string }[];
  /**
   * The command that undoes what Postern did. After a suspension it is the safe one: what is held
   * stays held.
   */
  readonly undo: string;
  /**
   * After a suspension, and where held mail waits for a person: the command if the mail was honest.
   * It delivers all that is held.
   */
  readonly falseAlarm?: string;
  readonly explain: string;
  /**
   * Its address on the status page. Who makes a notice writes the path; notices.page_url is put in
   * front when the notice is sent, and without that setting the address is left out.
   */
  readonly page?: string;
};

/** Addresses, subjects and recipients are the first of more: the counts say how many there are. */
export type NoticeFacts = {
  readonly clients: readonly {
    readonly address: string;
    /** Empty where only one message is told, or it is no address. */
    readonly network: string;
    /** When the account was first seen from this network; missing: not before the first sign. */
    readonly networkSince?: string;
    readonly messages: number;
  }[];
  readonly clientCount: number;
  readonly subjects: readonly { readonly subject: string; readonly messages: number }[];
  readonly recipients: readonly string[];
  readonly domains: readonly { readonly domain: string; readonly recipients: number }[];
  /** Most likely of the owner; missing: none is known. */
  readonly lastLogin?: {
    readonly at: string;
    readonly network: string;
    readonly address: string;
  };
  /** The word of the password audit; empty where it was not asked. */
  readonly password: string;
  /** What mail servers said of this mail. */
  readonly answers: readonly {
    readonly provider: string;
    readonly messages: number;
    readonly reply: string;
  }[];
};
