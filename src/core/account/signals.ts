/**
 * What the guard counts, over which windows, and the numbers that its judgement starts from.
 *
 * Each slot is one count over one window, an exponentially decaying sum. A slot's ratio is what was
 * seen over what is allowed; what is allowed is the larger of what this account's own profile allows
 * and what is usual on this server. The numbers were set by measuring (docs/internals/guard.md
 * tells how), not by taste.
 */
import { hourMs } from '../../lib/time.ts';

/** What is counted. The order is that of the slots in every stored account: append only. */
export const counts = [
  'strangers',
  'new-recipients',
  'recipients',
  'messages',
  'failed-recipients',
  'same-body',
  'elsewhere',
  'spam-like',
] as const;
export type CountName = (typeof counts)[number];

/** Time constants of the decaying sums. */
export const windowsMs: readonly number[] = [hourMs / 2, 6 * hourMs, 72 * hourMs];
export const windowNames = ['half an hour', '6 hours', '3 days'] as const;
export const slots: number = counts.length * windowsMs.length;

/** For each count: how its slots are judged. Arrays are one number a window. */
export type CountRule = {
  /** Weight of its ratio: 1 means that reaching what is allowed holds a message. */
  readonly weight: number;
  /**
   * The account's own profile peak times this is allowed; busy accounts get `slack` more, growing up
   * to a peak of 40.
   */
  readonly factor: number;
  readonly slack: number;
  /**
   * A message with n of these adds n to the power of this: one letter to twenty people is less odd
   * than twenty letters.
   */
  readonly power: number;
  /**
   * What is allowed to anybody: learned from this server, within these bounds, starting from
   * `prior`.
   */
  readonly least: readonly [number, number, number];
  readonly prior: readonly [number, number, number];
  readonly most: readonly [number, number, number];
};

const volume: Omit<CountRule, 'weight'> = {
  factor: 2.5,
  slack: 0.2,
  power: 1,
  least: [30, 60, 150],
  prior: [120, 240, 600],
  most: [150, 300, 800],
};

export const rules: readonly CountRule[] = [
  // strangers: recipients to whom nobody here ever wrote. The strongest sign in plain mail flow.
  {
    weight: 1,
    factor: 1.8,
    slack: 0.2,
    power: 0.75,
    least: [4, 5, 7],
    prior: [10, 14, 20],
    most: [12, 18, 30],
  },
  // new-recipients: new to this account, whoever else here writes to them.
  {
    weight: 0.6,
    factor: 2,
    slack: 0.2,
    power: 0.8,
    least: [8, 12, 20],
    prior: [20, 30, 60],
    most: [25, 40, 80],
  },
  { weight: 0.6, ...volume },
  { weight: 0.6, ...volume },
  // failed-recipients: "unknown user" replies. Few honest accounts see more than a couple a day.
  {
    weight: 1,
    factor: 2,
    slack: 0.2,
    power: 1,
    least: [4, 5, 10],
    prior: [6, 8, 15],
    most: [15, 25, 50],
  },
  // same-body: messages whose body repeats an earlier one. Newsletters do it; then it is usual for
  // them.
  {
    weight: 0.6,
    factor: 2,
    slack: 0.2,
    power: 1,
    least: [15, 25, 50],
    prior: [20, 40, 80],
    most: [60, 120, 240],
  },
  // elsewhere: recipients written to from a new network at a strange hour, or after a guessed
  // login. What is usual for the account says little then: it is hardly its owner. A traveller's
  // day stays below; a list of thousands does not.
  {
    weight: 1,
    factor: 2,
    slack: 0.2,
    power: 0.9,
    least: [60, 100, 200],
    prior: [100, 160, 300],
    most: [150, 250, 400],
  },
  // spam-like: messages that a scanner would mark as spam, those of twice the points twice. Chance
  // and taste make some of anybody's; four within half an hour are no chance.
  {
    weight: 1,
    factor: 2,
    slack: 0.2,
    power: 1,
    least: [4, 7, 14],
    prior: [6, 10, 20],
    most: [10, 20, 50],
  },
];

/**
 * A recipient new to the account counts as this much of a stranger when someone else here has long
 * known it …
 */
export const knownHereWeight = 0.15;
/** … or has written to it only since `lagMs`: perhaps another hijacked account. */
export const lately = 0.6;
/** Local recipients count this much as recipients, and never as strangers. */
export const localWeight = 0.1;

/** Nothing is learned from a day before this many whole days have passed without a suspension. */
export const lagDays = 2;
/**
 * What is allowed to grow from one learned day, over what was allowed; less when mail was held that
 * day.
 */
export const growth = 1.3;
export const growthHeld = 1.2;
/** A peak halves in this many days with mail. */
export const peakHalfLifeDays = 60;
/** Server baseline: this share of account-days stays below; a prior worth this many account-days. */
export const baselineQuantile = 0.9985;
export const baselinePriorDays = 400;

/** Ratios add up in this norm: several near the line weigh more than one. */
export const norm = 6;
/** Evidence at which an account is watched, a message is held, an account is suspended. */
export const watchAt = 0.5;
export const holdAt = 1;
export const suspendAt = 2.5;
/** Evidence from which an incident is told to have begun. */
export const firstSignAt = 0.2;

/** RiskFactors multiply the evidence; together at most by this. */
export const boostMax = 4;
export const boosts = { hour: 2, network: 1.5, identity: 1.3, breach: 1.5, content: 1.5 } as const;
/**
 * A message counts as spam-like from this share of the points that make it spam to the scanner, and
 * at most as so many.
 */
export const spamLikeMin = 0.8;
export const spamLikeMost = 2;
/**
 * The prior of an account whose password was guessed by the audit: somebody else may have guessed
 * it too. Its counts weigh so much more (what it may send before it is held drops to two thirds,
 * and so do fixed ceilings), and a new network does.
 */
export const weakPassword = { counts: 1.5, network: 1.5 } as const;

/**
 * An hour is unusual when it and its neighbours have less than this share of the account's
 * messages.
 */
export const hourShare = 0.02;
export const hourMessagesMin = 30;
/**
 * From a new network, fewer messages tell enough where none of them left within so many hours of
 * this one.
 */
export const farHours = 3;
export const farMessagesMin = 4;
