/**
 * Statistics: counts of mail that leaves by day and by account, script, domain and so on, and the
 * questions about them. Types only.
 */
import type { Sketch } from '../core/stats/sketch.ts';

export const statsKinds = ['account', 'script', 'domain', 'provider', 'rule', 'day'] as const;
/**
 * What is counted for: the account, its web script, the domain in From, the provider it goes to,
 * the rules of scanners, the day alone.
 */
export type StatsKind = (typeof statsKinds)[number];

/** Counts that add up. */
export type Tally = {
  readonly messages: number;
  readonly recipients: number;
  /** Messages that were held, delayed or refused. */
  readonly stopped: number;
  /**
   * Messages with a score, the sum of their scores, and how many look like spam without a virus.
   */
  readonly scored: number;
  readonly points: number;
  readonly spam: number;
  readonly viruses: number;
  /** Scans that ran; messages that reused a copy's result; messages without a scanner's answer. */
  readonly scans: number;
  readonly reused: number;
  readonly unscanned: number;
  /** The sum of the time that messages waited for scanners. */
  readonly scanMs: number;
};

/** Counts to add for one day (since 1970, UTC) and key. The key is empty for kind `day`. */
export type RollupRow = {
  readonly by: StatsKind;
  readonly day: number;
  readonly key: string;
  readonly tally: Tally;
  readonly sketch: Sketch;
};

export const statsOrders = ['messages', 'spam', 'score', 'moved'] as const;
/**
 * messages: most messages first. spam: most spam-like first. score: highest mean first. moved:
 * largest change of the mean first.
 */
export type StatsOrder = (typeof statsOrders)[number];

export type StatsQuery = {
  readonly by: StatsKind;
  /** First and last day. */
  readonly since: number;
  readonly until: number;
  readonly order: StatsOrder;
  readonly limit: number;
};

/** One line of an answer. */
export type StatsLine = Tally & {
  /** The account, script, domain, provider or rule; a date for kind `day`. */
  readonly key: string;
  /** Mean score and quantiles; 0 if nothing was scored. For a rule: the points that it gave. */
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** Mean score of as many days before; undefined if too few messages can be compared. */
  readonly meanBefore: number | undefined;
};

export type StatsAnswer = {
  readonly query: StatsQuery;
  readonly total: StatsLine;
  readonly lines: readonly StatsLine[];
  /** How many keys there are: more than lines. */
  readonly keys: number;
};

/** Answers a question. Rejects with OperatorError `statistics-…` if there is no answer. */
export type AskStats = (query: StatsQuery) => Promise<StatsAnswer>;

/** The part of the ledger that keeps statistics. */
export type StatsLedger = {
  /** For commands: blocks this process, for up to a second with a long span. */
  stats(query: StatsQuery): StatsAnswer;
  /** For the guard: reads in another thread, so that the event loop goes on. */
  readonly statsAside: AskStats;
};
