/**
 * The numbers that the guard's judgement starts from, and the slots that it sums in.
 *
 * A slot is one count over one window: a sum that decays exponentially. Its ratio is what was seen
 * over what is allowed. Allowed is the larger of what this account's own peaks allow and what is
 * usual on this server. The numbers were set by measuring (docs/internals/guard.md tells how), not
 * by taste.
 */
import { hourMs } from '../../lib/time.ts';
import type { Familiarity } from '../client/standing.ts';
import { type CountName, countNames } from '../reason.ts';

/** One number for each window. */
type Windows = readonly [number, number, number];

/** Time constants of the decaying sums. */
export const windowsMs: Windows = [hourMs / 2, 6 * hourMs, 72 * hourMs];

/** How the slots of one count are judged. */
export type CountRule = {
  /** Weight of its ratio: with 1, a message that reaches what is allowed is held. */
  readonly weight: number;
  /**
   * The account's own peak times this is allowed. Busy accounts get `slack` more, which grows up to
   * a peak of 40.
   */
  readonly factor: number;
  readonly slack: number;
  /**
   * A message with n of them adds n to the power of this: one message to twenty recipients is less
   * odd than twenty messages.
   */
  readonly power: number;
  /**
   * What is allowed to every account: learned from this server, within these bounds, starting from
   * `prior`.
   */
  readonly least: Windows;
  readonly prior: Windows;
  readonly most: Windows;
};

const volume: CountRule = {
  weight: 0.6,
  factor: 2.5,
  slack: 0.2,
  power: 1,
  least: [30, 60, 150],
  prior: [120, 240, 600],
  most: [150, 300, 800],
};

export const rules: Readonly<Record<CountName, CountRule>> = {
  /** Recipients nobody on this server has written to. The strongest sign in plain mail flow. */
  strangers: {
    weight: 1,
    factor: 1.8,
    slack: 0.2,
    power: 0.75,
    least: [4, 5, 7],
    prior: [10, 14, 20],
    most: [12, 18, 30],
  },
  /** Recipients new to this account, whoever else here writes to them. */
  'new-recipients': {
    weight: 0.6,
    factor: 2,
    slack: 0.2,
    power: 0.8,
    least: [8, 12, 20],
    prior: [20, 30, 60],
    most: [25, 40, 80],
  },
  /** How much was sent: shares are taken of this. Thousands an hour are too many for anybody. */
  recipients: { ...volume, weight: 0 },
  messages: { ...volume, weight: 0.06 },
  /** Replies "unknown user". Few honest accounts see more than two a day. */
  'failed-recipients': {
    weight: 1,
    factor: 2,
    slack: 0.2,
    power: 1,
    least: [4, 5, 10],
    prior: [6, 8, 15],
    most: [15, 25, 50],
  },
  /** Messages whose body repeats an earlier one. For an account of newsletters that is usual. */
  'same-body': {
    weight: 0.6,
    factor: 2,
    slack: 0.2,
    power: 1,
    least: [10, 16, 30],
    prior: [16, 30, 60],
    most: [60, 120, 240],
  },
  /**
   * Recipients of mail from a new network at a strange hour, or after a guessed login. What is
   * usual for the account says little then, because its owner is hardly the sender. A traveller's
   * day stays below; a list of thousands does not.
   */
  elsewhere: {
    weight: 1,
    factor: 2,
    slack: 0.2,
    power: 0.9,
    least: [60, 100, 200],
    prior: [100, 160, 300],
    most: [150, 250, 400],
  },
  /**
   * Messages that a scanner would mark as spam; one with twice the points counts twice. Every
   * account has some by chance, but not four within half an hour.
   */
  'spam-like': {
    weight: 1,
    factor: 2,
    slack: 0.2,
    power: 1,
    least: [4, 7, 14],
    prior: [6, 10, 20],
    most: [10, 20, 50],
  },
  /**
   * Recipients of this server that are new to the account. A colleague more is nothing; a whole
   * company within days is a hijack that stays inside.
   */
  'new-local': {
    weight: 0.6,
    factor: 2,
    slack: 0.2,
    power: 0.75,
    least: [20, 30, 50],
    prior: [25, 40, 80],
    most: [40, 80, 160],
  },
  /** Replies that refuse the content or the amount of mail; of one site their root counts. */
  'provider-replies': {
    weight: 1,
    factor: 2,
    slack: 0.2,
    power: 1,
    least: [3, 4, 6],
    prior: [4, 5, 8],
    most: [8, 12, 24],
  },
  /**
   * Recipients of mail from a network and a program that are both new to the account. A stranger
   * counts fully, somebody known a quarter.
   */
  'odd-client': {
    weight: 1,
    factor: 1.5,
    slack: 0.2,
    power: 1,
    least: [3, 4, 6],
    prior: [4, 5, 7],
    most: [6, 8, 12],
  },
  /**
   * Recipients reached: those the account knows count a quarter, and the readers of one of the last
   * messages a tenth.
   */
  reached: volume,
};

/** One count over one window. */
export type Slot = {
  readonly count: CountName;
  /** Index in `windowsMs`. */
  readonly window: 0 | 1 | 2;
  readonly rule: CountRule;
};

/** The slots in the order of every array of sums and peaks, in memory and stored. */
export const slots: readonly Slot[] = countNames.flatMap((count) =>
  ([0, 1, 2] as const).map((window) => ({ count, window, rule: rules[count] })),
);

/** Where the slots of a count are in those arrays, one index for each window. */
export const slotsOf: Readonly<Record<CountName, readonly number[]>> = {
  strangers: placesOf('strangers'),
  'new-recipients': placesOf('new-recipients'),
  recipients: placesOf('recipients'),
  messages: placesOf('messages'),
  'failed-recipients': placesOf('failed-recipients'),
  'same-body': placesOf('same-body'),
  elsewhere: placesOf('elsewhere'),
  'spam-like': placesOf('spam-like'),
  'new-local': placesOf('new-local'),
  'provider-replies': placesOf('provider-replies'),
  'odd-client': placesOf('odd-client'),
  reached: placesOf('reached'),
};

/** Counts that are high for an honest mailing too. */
export const numberCounts: ReadonlySet<CountName> = new Set([
  'strangers',
  'new-recipients',
  'reached',
]);

/** Counts of replies to what was sent. Strangers cause those too. */
const replyCounts: readonly CountName[] = ['failed-recipients', 'provider-replies'];
const replySlots: readonly boolean[] = slots.map(({ count }) => replyCounts.includes(count));

export function isReply(slot: number): boolean {
  return replySlots[slot] === true;
}

function placesOf(count: CountName): readonly number[] {
  const first = countNames.indexOf(count) * windowsMs.length;
  return windowsMs.map((_, window) => first + window);
}

/**
 * A recipient new to the account counts as this much of a stranger if another account here has
 * known it for longer than `lagDays` …
 */
export const knownHereWeight = 0.15;
/** … or as this much if the other account has known it only since then: it may be hijacked too. */
export const lately = 0.6;
/** Somebody who has written to the account first counts this much as new, and is no stranger. */
export const invitedWeight = 0.1;
/**
 * Such people a day of each domain, and of all domains; for these, or twice what is usual for
 * the account; more are strangers.
 */
export const invitedOfDomainMax = 3;
export const invitedMax = 6;
/** What the numbers of a message weigh, by the client's standing (core/client/standing.ts). */
export const clientWeights: Readonly<Record<Familiarity, number>> = {
  home: 0.06,
  own: 0.1,
  near: 0.3,
  host: 0.5,
  moved: 0.8,
  ordinary: 1,
  odd: 1,
  unknown: 1.2,
};
/** A copy to somebody the account does not know counts this much: strangers count for it. */
export const strangerCopyWeight = 0.3;
/** Recipients that the account knows count this much as reached. */
export const knownVolumeWeight = 0.25;
/** In its first days the numbers of an account weigh this much. */
export const youthDays = 14;
export const youthWeight = 0.4;
/** An account this young may begin to send to a list. */
export const youngDays = 45;
/** A known recipient of mail from an odd client counts this much. */
export const oddKnownWeight = 0.25;
/** A message to the same readers as one of the last messages counts this much as a message. */
export const againWeight = 0.1;
/** Mail that looks like spam counts this much if the account knows all its recipients. */
export const knownSpamWeight = 0.3;
/** This share of the messages may look like spam, whatever is usual for the account. */
export const spamShareFree = 0.06;
/** Local recipients count this much as recipients, and never as strangers. */
export const localWeight = 0.1;

/** The guard learns from a day after this many whole days have passed without a suspension. */
export const lagDays = 2;
/** What is allowed grows at most by this factor for one learned day; less if mail was held then. */
export const growth = 1.3;
export const growthHeld = 1.2;
/** From this age on, what is allowed doubles in this many days at most. */
export const settledDays = 45;
export const doublingDays = 30;
/** A peak halves in this many days with mail. */
export const peakHalfLifeDays = 60;
/** The server's baseline: this share of account-days stays below it. */
export const baselineQuantile = 0.9985;
/** The starting values weigh as much as this many account-days. */
export const baselinePriorDays = 400;

/** Ratios add up in this norm: several near the line weigh more than one. */
export const norm = 6;
/** Evidence at which an account is watched, a message is held, an account is suspended. */
export const watchAt = 0.5;
export const holdAt = 1;
export const suspendAt = 2.5;
/** Evidence at which an incident begins. */
export const firstSignAt = 0.2;

/** Risk factors multiply the evidence; together at most by this. */
export const boostMax = 4;
export const boosts = {
  hour: 2,
  network: 1.5,
  identity: 1.3,
  foreign: 1.5,
  breach: 1.5,
  content: 1.5,
} as const;
/**
 * A second kind of evidence, without which numbers only hold: this many client networks more than
 * is usual, this share of the last half hour's mail that looks like spam, or this many large
 * providers that refuse the content.
 */
export const secondKind = { networks: 2, spamShare: 0.25, providers: 2 } as const;
/**
 * An account that often uses as many From addresses on a day for the first time sends in the names
 * of others: a forwarder, a form. Another From says nothing there, and strangers choose it.
 */
export const manyFromsMin = 3;
/** Unknown users of one domain count as their number to this power: one owner can make them all. */
export const oneDomainPower = 0.5;
/** An unknown user who had written to the account first counts this much. */
export const answeredWeight = 0.1;
/**
 * What a reply about content, or about the amount, counts. The amount is no news: the numbers say
 * it. All accounts share our address, so one account gets such replies for another's mail.
 */
export const answerWeights = { content: 1, rate: 0.2 } as const;
/** A site that is no large provider counts this much, once: whoever owns it chooses its replies. */
export const otherSiteWeight = 0.25;
/** After a false alarm, this share of the new recipients that were seen is allowed. */
export const vouchedShare = 0.7;
/** This share of the recipients may be answered so, whatever is usual for the account. */
export const deadShareFree = 0.04;
/** From this many failed logins on, a good one from a new network means a guessed password. */
export const breachFailsMin = 5;
/**
 * A message counts as spam-like from this share of the points that make it spam to the scanner, and
 * at most as this many messages.
 */
export const spamLikeMin = 0.8;
export const spamLikeMost = 2;
/**
 * Factors for an account whose password the audit guessed: an attacker may guess it too. Its counts
 * and a new network weigh more. So it may send two thirds of the usual before mail is held, and
 * fixed ceilings drop to two thirds.
 */
export const weakPassword = { counts: 1.5, network: 1.5 } as const;

/** An hour is unusual if it and its neighbours have less than this share of the messages. */
export const hourShare = 0.02;
/** The account's messages from which its hours say something. */
export const hourMessagesMin = 30;
/**
 * For mail from a new network, an hour is strange if less than `hourShare` of the messages left at
 * most this many hours away. Fewer messages are enough for that.
 */
export const farHours = 3;
export const farMessagesMin = 4;
