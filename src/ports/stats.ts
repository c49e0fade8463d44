/**
 * Statistics: what is counted of mail that leaves, by day and by whom; what is asked of it. Types
 * only.
 */
import type { Sketch } from '../core/stats/sketch.ts';

export const statsKinds = ['account', 'script', 'domain', 'provider', 'rule', 'day'] as const;
/**
 * By whom or what: the account, its web script, the domain in From, where it goes, the rules of
 * scanners, the day alone.
 */
export type StatsKind = (typeof statsKinds)[number];

/** Counts that add up. */
export type Tally = {
  readonly messages: number;
  readonly recipients: number;
  /** Messages that were held, delayed or refused. */
  readonly stopped: number;
  /**
   * Messages of which there is a score, their scores together, and how many of them look like spam
   * and have no virus.
   */
  readonly scored: number;
  readonly points: number;
  readonly spam: number;
  readonly viruses: number;
  /**
   * Scans that were made; messages that took a copy's; messages of which a scanner said nothing.
   */
  readonly scans: number;
  readonly reused: number;
  readonly unscanned: number;
  /** How long messages waited for scanners, together. */
  readonly scanMs: number;
};

/** What is to be added for one day (since 1970, UTC) and key; the key is empty for kind `day`. */
export type RollupRow = {
  readonly by: StatsKind;
  readonly day: number;
  readonly key: string;
  readonly tally: Tally;
  readonly sketch: Sketch;
};

export const statsOrders = ['messages', 'spam', 'score', 'moved'] as const;
/**
 * messages: most first. spam: most spam-like first. score: highest mean. moved: whose mean changed
 * most.
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
  /** Account, script, domain, provider, rule; a date of kind `day`. */
  readonly key: string;
  /** Mean score, and quantiles; 0 where nothing was scored. Of a rule: the points that it gave. */
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** Mean score in as many days before; undefined: too few messages to compare. */
  readonly meanBefore: number | undefined;
};

export type StatsAnswer = {
  readonly query: StatsQuery;
  readonly total: StatsLine;
  readonly lines: readonly StatsLine[];
  /** More keys than lines. */
  readonly keys: number;
};

/** Rejects with OperatorError `statistics-…` where there is no answer. */
export type AskStats = (query: StatsQuery) => Promise<StatsAnswer>;

/** The part of the ledger that keeps them. */
export type StatsLedger = {
  /** For commands: everything else in this process waits meanwhile, a second for a long span. */
  stats(query: StatsQuery): StatsAnswer;
  /** For the guard: read beside the event loop, which goes on. */
  readonly statsAside: AskStats;
};
