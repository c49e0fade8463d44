/** What `postern drill` asks of the guard, and what it is answered. Types only. */
import type { Account } from '../../core/account-name.ts';
import type { Millis } from '../../lib/time.ts';

/** What was done, or why not. */
export type DrillAnswer =
  | { readonly ok: true; readonly count: number; readonly text: string }
  | { readonly ok: false; readonly text: string; readonly hint?: string };

/** A message of the drill that the milter door has shown. */
export type DrillMessage = {
  readonly queueId: string;
  readonly account: Account;
  readonly by: 'login' | 'client' | 'local';
  readonly answer: 'pass' | 'hold';
};

/** A message of the drill that the mail log names. */
export type CanaryLogLine = {
  readonly queueId: string;
  /** The time in the log's line, and when the guard read it. */
  readonly at: Millis;
  readonly readAt: Millis;
};

/** What the mail log says about the drill's notice by mail. */
export type LoggedNotice = {
  readonly outcome: 'seen' | 'sent' | 'deferred' | 'bounced';
  readonly reply: string;
};

/** What was found of the canary in queue and deny file. */
export type CanaryTraces = {
  /** Undefined: the queue could not be read, and why is in `faults`. */
  readonly queue: readonly { readonly queueId: string; readonly queue: string }[] | undefined;
  /** Undefined: no deny file is set, or it could not be read. */
  readonly isDenied: boolean | undefined;
  readonly faults: readonly string[];
};

export type DrillView = {
  /** Part of the recipients' names of this drill; empty: no drill runs. */
  readonly token: string;
  readonly account: string;
  readonly now: Millis;
  readonly messages: readonly DrillMessage[];
  readonly logged: readonly CanaryLogLine[];
  readonly suspended: boolean;
  /** The suspension has done all that it does, or has failed. */
  readonly enforced: boolean;
  /** The login was closed, and Dovecot said so. */
  readonly loginClosed: boolean;
  readonly notice: LoggedNotice | undefined;
  readonly faults: readonly { readonly step: string; readonly why: string }[];
};

/** The guard's part of a drill (flow/drill/drill.ts). */
export type DrillAdmin = {
  /** Removes what an earlier drill left, and begins. Not ok while another drill runs. */
  begin(by: string): Promise<DrillAnswer>;
  /** The drill as it is now. Who asks is there: without questions the guard ends the drill. */
  view(): DrillView;
  /** Looks into queue and deny file. */
  traces(): Promise<CanaryTraces>;
  suspend(): Promise<DrillAnswer>;
  release(): Promise<DrillAnswer>;
  /** Sends the drill's notice by one channel. Not ok: it was not taken, or is not configured. */
  notice(asked: {
    readonly channel: string;
    readonly fine: boolean;
    readonly lines: readonly { readonly signal: string; readonly text: string }[];
  }): Promise<DrillAnswer>;
  /** Ends the drill, if one runs, and removes all that is left. */
  end(): Promise<DrillAnswer>;
  readonly channels: readonly string[];
};
