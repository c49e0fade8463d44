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
    | 'ledger.failing'
    | 'guard.trouble'
    | 'dkim.record'
    | 'dkim.lost'
    | 'lane.changed'
    | 'bulk.near'
    | 'inbound.at-risk'
    | 'authors.observing'
    | 'authors.observed'
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
  /** Mode observe: how many messages mode guard would have stopped; nothing was. */
  readonly wouldStop?: { readonly messages: number };
  readonly loginClosed: boolean;
  readonly reasons: readonly { readonly signal: string; readonly text: string }[];
  /**
   * The command that undoes what Postern did. After a suspension it is the safe one: what is held
   * stays held.
   */
  readonly undo: string;
  /** After a suspension, the command if the mail was honest: it delivers all that is held. */
  readonly falseAlarm?: string;
  readonly explain: string;
  /**
   * Its address on the status page. Who makes a notice writes the path; notices.page_url is put in
   * front when the notice is sent, and without that setting the address is left out.
   */
  readonly page?: string;
};
