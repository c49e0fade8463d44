/**
 * Why the guard judged as it did, as data: numbers and facts. explain.ts makes the sentence when a
 * reason is shown.
 */
import type { ScannerName } from './scan/report.ts';
import type { ScriptReason } from './script-mail.ts';

/** What the guard counts. The order is that of the sums in every stored profile: append only. */
export const countNames = [
  'strangers',
  'new-recipients',
  'recipients',
  'messages',
  'failed-recipients',
  'same-body',
  'elsewhere',
  'spam-like',
  'new-local',
  'provider-replies',
  'odd-client',
  'reached',
] as const;
export type CountName = (typeof countNames)[number];

type Numbers = {
  /** What was seen, in the signal's own unit. */
  readonly saw: number;
  /** What is usual for this account, or the limit that was set. */
  readonly usual: number;
  /** How much it weighs: 1 alone holds a message. */
  readonly weight: number;
};

/** A sum over one window; `normalFor` says where the number in `usual` was learned. */
type CountFacts = { readonly windowMs: number; readonly normalFor: 'account' | 'server' };

/** What a scanner said: its name where it gave points, and the rules with most points. */
export type ScoreFacts = {
  readonly scanner: ScannerName | undefined;
  /** Points from which the scanner calls a message spam; 0 if it does not say. */
  readonly required: number;
  /** What the scanner would do with the message, for one that says so and means spam by it. */
  readonly action?: string;
  readonly rules: readonly string[];
};

type NoFacts = Readonly<Record<never, never>>;

/** What each signal says besides its numbers. */
type Facts = Readonly<Record<CountName, CountFacts>> & {
  /** Sent at an hour (UTC) that has less than this share of the account's messages. */
  readonly 'unusual-hour': { readonly hour: number; readonly shareMax: number };
  readonly 'new-network': { readonly network: string };
  readonly 'new-identity': { readonly from: string };
  /** From this many failures on, a successful login means a guessed password. */
  readonly 'guessed-login': { readonly failuresMin: number };
  readonly networks: NoFacts;
  readonly content: ScoreFacts;
  /** The password audit's finding, as core/passwords/weak.ts words it. */
  readonly 'weak-password': { readonly finding: string };
  /** The account is suspended already; `saw` is for how many minutes. */
  readonly suspended: { readonly leakedRecipients: number };
  readonly ceiling: { readonly limit: 'message' | 'hour' | 'day' | 'server-hour' };
  readonly virus: { readonly virus: string };
  readonly 'spam-score': ScoreFacts;
  readonly unscanned: { readonly missing: readonly ScannerName[] };
  /** Mail of the account waits for a person; `saw` is for how many minutes. */
  readonly waiting: NoFacts;
  /** So many messages are held and wait that no more are: `usual` is the limit. */
  readonly 'held-full': { readonly bytes: number; readonly bytesMax: number };
  /** `asked`: the account may not write as this address; if not, the tables could not be asked. */
  readonly 'foreign-author': { readonly address: string; readonly asked: boolean };
  /** The brake was on since then (core/brake); `saw` kinds of evidence agreed. */
  readonly brake: { readonly since: number; readonly held: boolean };
  /** An operator suspended the account. */
  readonly operator: { readonly by: string; readonly note: string };
};

export type GuardSignal = keyof Facts;

/** A reason that the guard found, or an operator gave. */
export type GuardReason = {
  [Signal in GuardSignal]: { readonly signal: Signal } & Numbers & Facts[Signal];
}[GuardSignal];

/** One piece of evidence. `signal` says which facts it has. */
export type Reason = GuardReason | (ScriptReason & Numbers);

/** A reason as people and programs outside read it. */
export type ShownReason = Numbers & { readonly signal: string; readonly text: string };

/** A reason in the ledger. Postern 0.1 stored it as it was shown. */
export type StoredReason = Reason | ShownReason;
