/**
 * A rule that says what a kind of reply means: how it is recognised, what is held against what, how
 * long to wait, and what the operator does. Rules are data; the first rule that fits decides.
 */
import type { ReplyScope, ReplySeverity } from './classified.ts';

/** Shortest pauses that rules name, in minutes. */
export const waits = {
  '1m': 1,
  '5m': 5,
  '15m': 15,
  '1h': 60,
  '2h': 120,
  '4h': 240,
  '24h': 1440,
  'until-fixed': 'until-fixed',
  never: 'never',
} as const;
export type WaitWord = keyof typeof waits;

/** The step of the conversation that the reply answered; `greeting`: they refused to talk. */
export const replySteps = ['greeting', 'helo', 'tls', 'auth', 'mail', 'rcpt', 'data'] as const;
export type ReplyStep = (typeof replySteps)[number];

export type ReplyRule = {
  readonly id: string;
  /** Providers that speak; empty: any. `own`: words of our own mail server. */
  readonly from: readonly string[];
  /**
   * One of them must be in the reply. A star stands between parts that follow in this order, with
   * anything between them; `~` is the begin or the end of a word. Capitals, accents and the kind of
   * white space do not count. Empty: the codes decide.
   */
  readonly words: readonly string[];
  /** None of them may be in the reply. */
  readonly without: readonly string[];
  /** One must begin the reply's code (`4`, `552`) or be its enhanced code (`5.7.606-5.7.649`). */
  readonly codes: readonly string[];
  /** The steps at which the reply has this meaning; empty: any. */
  readonly steps: readonly ReplyStep[];
  readonly scope: ReplyScope;
  readonly severity: ReplySeverity;
  readonly wait: WaitWord;
  /** The product or list whose words these are; empty: none. */
  readonly filter: string;
  readonly cure: string;
  readonly link: string;
  /** Where the words are from. */
  readonly source: string;
  /** The day on which source and link were last looked at, such as `2026-11-28`. */
  readonly verified: string;
  /** A reply that this rule decides, and one that it must not fit. */
  readonly yes: string;
  readonly no: string;
};

/** `our-ip blocked 24h`: scope, severity and wait in one text, checked by the compiler. */
type Says = `${ReplyScope} ${ReplySeverity} ${WaitWord}`;

/** What the rules of one group share. */
type RuleGroup = Partial<
  Pick<ReplyRule, 'from' | 'filter' | 'link' | 'source' | 'verified' | 'cure'>
>;

/**
 * A rule as our lists have it. Patterns are separated by `|` or a new line, codes and steps by a
 * blank; what is missing comes from the group, or is empty.
 */
type RuleEntry = RuleGroup & {
  readonly id: string;
  readonly words?: string;
  readonly without?: string;
  readonly codes?: string;
  readonly steps?: string;
  readonly says: Says;
  readonly yes: string;
  readonly no: string;
};

export function rulesOf(group: RuleGroup, entries: readonly RuleEntry[]): readonly ReplyRule[] {
  return entries.map(({ says, words, without, codes, steps, ...entry }) => {
    const [scope, severity, wait] = says.split(' ') as [ReplyScope, ReplySeverity, WaitWord];
    return {
      ...empty,
      ...group,
      ...entry,
      words: listed(words, /[|\n]/),
      without: listed(without, /[|\n]/),
      codes: listed(codes, / /),
      steps: listed(steps, / /) as readonly ReplyStep[],
      scope,
      severity,
      wait,
    };
  });
}

function listed(text: string | undefined, separator: RegExp): readonly string[] {
  const entries = (text ?? '').split(separator).map((entry) => entry.trim());
  return entries.filter((entry) => entry !== '');
}

const empty = { from: [], filter: '', cure: '', link: '', source: '', verified: '' } as const;
