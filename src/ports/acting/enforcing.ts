/** What acting would change, for operators who only observe. */
import type { Millis } from '../../lib/time.ts';

/** What mode guard would have changed in the last days, from verdicts that were only observed. */
export type EnforcingView = {
  readonly mode: 'observe' | 'guard';
  readonly days: number;
  readonly since: Millis;
  /** Messages that would have been stopped, and how. */
  readonly messages: number;
  readonly delay: number;
  readonly hold: number;
  readonly refuse: number;
  readonly accounts: number;
  readonly wouldBeSuspended: number;
  /** The accounts with most such messages. */
  readonly most: readonly {
    readonly account: string;
    readonly messages: number;
    readonly recipients: number;
    readonly lastAt: Millis;
    readonly wouldBeSuspended: boolean;
  }[];
  /** The part that Postern acts on all the same, as it was written; empty in mode guard. */
  readonly enforce: readonly string[];
  /** By domain of the account, most messages first; those of the part are left out. */
  readonly domains: readonly {
    /** Empty: accounts without one, such as scripts. */
    readonly domain: string;
    readonly messages: number;
    readonly accounts: number;
    readonly wouldBeSuspended: number;
  }[];
  /** All this in one sentence. */
  readonly text: string;
  /** The command that lets Postern act; empty in mode guard. */
  readonly command: string;
};
