/**
 * Rules of providers for bulk senders: how many recipients a day make a domain one, and when the
 * operator is told that it is near. Pure.
 *
 * Sources, read 28 November 2026: Gmail support 81126 and FAQ 14229414 (about 5,000 a day to
 * personal accounts, and the status stays); Microsoft for outlook.com, since 5 May 2025 (more than
 * 5,000 a day for each domain); senders.yahooinc.com (no number); postmaster page of Orange of
 * 1 September 2026 (more than 1,000 a day).
 */
import { dayMs, type Millis } from '../../lib/time.ts';

export type BulkRule = {
  readonly provider: string;
  /** Undefined: the provider names no number. */
  readonly limitADay: number | undefined;
  /** The provider never takes a domain for a small sender again. */
  readonly isForever: boolean;
};

const rules: readonly BulkRule[] = [
  { provider: 'google', limitADay: 5_000, isForever: true },
  { provider: 'ms-consumer', limitADay: 5_000, isForever: false },
  { provider: 'yahoo', limitADay: undefined, isForever: false },
  { provider: 'orange', limitADay: 1_000, isForever: false },
];
/** Mail to companies that use Google's service does not count: the name of the server decides. */
const personal = /^(?:alt\d\.)?gmail-smtp-in\.l\.google\.com$/;
/** The operator is told at this share of the number. */
const nearShare = 0.5;

export function bulkRule(provider: string): BulkRule | undefined {
  return rules.find((rule) => rule.provider === provider);
}

/** The rule for mail that this server of the provider took. */
export function bulkRuleFor(provider: string, mxHost: string): BulkRule | undefined {
  if (provider === 'google' && !personal.test(mxHost.toLowerCase())) return undefined;
  return bulkRule(provider);
}

/** What is counted of one domain at one provider. */
export type BulkCount = {
  day: number;
  today: number;
  busiestDay: number;
  messagesADay: number;
  passedAt: Millis | undefined;
  toldAt: Millis | undefined;
};

export function newBulkCount(day: number): BulkCount {
  return {
    day,
    today: 0,
    busiestDay: day,
    messagesADay: 0,
    passedAt: undefined,
    toldAt: undefined,
  };
}

/** Counts a recipient. `near`: the operator is to be told, as long as `toldAt` says nothing. */
export function countBulk(
  count: BulkCount,
  rule: BulkRule,
  about: { readonly at: Millis; readonly now: Millis },
): 'near' | undefined {
  // What is dated ahead happened now at the latest.
  const at = Math.min(about.at, about.now) as Millis;
  const day = Math.floor(at / dayMs);
  // The clock was wrong when this day was counted.
  if (count.day > Math.floor(about.now / dayMs)) {
    count.day = day;
    count.today = 0;
  }
  // A line of yesterday that is read late belongs to a day that is over.
  if (day < count.day) return undefined;
  if (day > count.day) {
    count.day = day;
    count.today = 0;
  }
  count.today += 1;
  if (count.today > count.messagesADay) {
    count.messagesADay = count.today;
    count.busiestDay = day;
  }
  const { limitADay } = rule;
  if (limitADay === undefined) return undefined;
  if (count.passedAt === undefined && count.today >= limitADay) count.passedAt = at;
  return count.toldAt === undefined && count.today >= limitADay * nearShare ? 'near' : undefined;
}
