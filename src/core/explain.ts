/**
 * Verdicts in words: the sentences for log, page, command line and notices; the SMTP reply for the
 * sender; the reason that Postfix keeps with a held message. Nothing else words a reason.
 */
import { during, utcMinute } from '../lib/time.ts';
import type { Notice } from './notice.ts';
import type {
  CountName,
  GuardReason,
  GuardSignal,
  Reason,
  ShownReason,
  StoredReason,
} from './reason.ts';
import { scannerTitles } from './scan/report.ts';
import type { ScriptReason, ScriptSignal, SomeAddresses } from './script-mail.ts';
import { authorText } from './unsigned-text.ts';
import type { VerdictKind } from './verdict.ts';

/** Postfix cuts a quarantine reason at this length. */
const holdReasonMax = 100;

type Of<Signal extends GuardSignal> = Extract<GuardReason, { signal: Signal }>;
type OfScript<Signal extends ScriptSignal> = Extract<ScriptReason, { signal: Signal }>;

/** A count: how many of what, in which time. What is normal is added in one way for all. */
const counted: Readonly<Record<CountName, (saw: number, time: string) => string>> = {
  strangers: (saw, time) =>
    `${many(saw, 'new recipient')} in ${time} (nobody on this server has written to them before)`,
  'new-recipients': (saw, time) =>
    `${many(saw, 'new recipient')} in ${time} (this account has not written to them before)`,
  recipients: (saw, time) => `${many(saw, 'recipient')} in ${time}`,
  messages: (saw, time) => `${many(saw, 'message')} in ${time}`,
  'failed-recipients': (saw, time) =>
    `${many(saw, 'failed recipient')} in ${time} (their mail servers know no such user)`,
  'same-body': (saw, time) => `${many(saw, 'message')} in ${time} with a text that was sent before`,
  elsewhere: (saw, time) =>
    `${many(saw, 'recipient')} in ${time} from a new network, at an unusual hour or after a ` +
    'guessed login',
  'spam-like': (saw, time) =>
    `${many(saw, 'message')} in ${time} that ${saw === 1 ? 'looks' : 'look'} like spam`,
  'new-local': (saw, time) =>
    `${many(saw, 'recipient')} of this server in ${time} (this account has not written to them ` +
    'before)',
  'provider-replies': (saw, time) =>
    `${many(saw, 'reply', 'replies')} in ${time} of mail servers that refuse the content or the ` +
    'amount of mail',
  'odd-client': (saw, time) =>
    `${many(saw, 'recipient')} in ${time} from a network and a program that are both new to this ` +
    'account, or with one text whose link is new here, from a new network',
  reached: (saw, time) =>
    `${many(saw, 'recipient')} reached in ${time} (known ones count a quarter)`,
};

/**
 * Whole numbers: what is counted fades with time, and nobody has 9.4 recipients. Below what is
 * normal a count weighs too, together with others: then the sentence says from where on it is
 * unusual.
 */
function countSentence(reason: Of<CountName>): string {
  const { signal, saw, usual, windowMs, normalFor } = reason;
  const whose = normalFor === 'account' ? 'for this account' : 'here';
  const time = during(windowMs);
  if (saw >= usual) {
    const [seen, most] = [atLeastOne(Math.round(saw)), atLeastOne(Math.round(usual))];
    return `${counted[signal](seen, time)}; normal ${whose}: fewer than ${most}`;
  }
  const seen = atLeastOne(Math.floor(saw));
  const from = Math.max(seen + 1, Math.round(usual));
  return `${counted[signal](seen, time)}; unusual ${whose}: ${from} or more`;
}

const atLeastOne = (count: number): number => Math.max(1, count);

function many(count: number, one: string, more = `${one}s`): string {
  return `${count} ${count === 1 ? one : more}`;
}

const ceilings: Readonly<Record<Of<'ceiling'>['limit'], (saw: number, usual: number) => string>> = {
  message: (saw, usual) =>
    `${many(saw, 'recipient')} in one message; the limit for one account is ${usual}`,
  hour: (saw, usual) =>
    `${many(saw, 'recipient')} in this hour; the limit for one account is ${usual} an hour`,
  day: (saw, usual) =>
    `${many(saw, 'recipient')} today; the limit for one account is ${usual} a day`,
  'server-hour': (saw, usual) =>
    `${many(saw, 'recipient')} in this hour from all accounts; the limit is ${usual} an hour`,
};

function scored({ scanner, saw, rules }: Of<'content' | 'spam-score'>): string {
  const who = scanner === undefined ? 'a scanner' : scannerTitles[scanner];
  const why = rules.length === 0 ? '' : ` (${rules.join(', ')})`;
  return `${who} gave this message ${points(saw)} points${why}`;
}

/** Where spam begins for the scanner, or what it would do with the message. */
function spamLimit({ required, action }: Of<'content' | 'spam-score'>): string {
  if (required > 0) return `spam is ${points(required)} or more`;
  return `its action “${action ?? ''}” means spam`;
}

const sentences: {
  readonly [Signal in Exclude<GuardSignal, CountName>]: (reason: Of<Signal>) => string;
} = {
  'unusual-hour': ({ hour, shareMax }) =>
    `sent around ${String(hour).padStart(2, '0')}:00 UTC; ` +
    `normally less than ${100 * shareMax} % of this account's messages leave at that time`,
  'new-network': ({ network }) =>
    `sent from ${network}, a network this account has not used before`,
  'new-identity': ({ from }) => `From: ${from}, an address this account has not used before`,
  'guessed-login': ({ saw, failuresMin }) =>
    `${many(saw, 'failed login')}, then a successful one from a new network; ` +
    `${failuresMin} or more mean that the password was guessed`,
  networks: ({ saw, usual }) =>
    `${many(saw, 'client network')} in an hour; normal for this account: up to ${usual}`,
  content: (reason) =>
    reason.scanner === 'clamav'
      ? `ClamAV found ${reason.rules.join(', ')} in this message, which is a sign of spam or ` +
        'phishing and no virus (scan.clamav_evidence)'
      : `${scored(reason)}; ${spamLimit(reason)}`,
  'weak-password': ({ finding, saw }) =>
    `${finding}; until it is changed, ${Math.round(100 / saw)} % of what is normal is allowed`,
  waiting: ({ saw }) =>
    `mail of this account waits for a person to decide, ${waitedText(saw)}; ` +
    'until then only mail to people it knows passes, from its own network and program',
  suspended: (reason) => suspendedSentence(reason, 'was'),
  ceiling: ({ limit, saw, usual }) => ceilings[limit](saw, usual),
  virus: ({ virus }) => `ClamAV found ${virus} in this message`,
  'spam-score': (reason) =>
    `${scored(reason)}; ${spamLimit(reason)}, ` +
    `and mail is held from ${reason.usual} on (scan.hold_score)`,
  unscanned: ({ missing }) =>
    `${missing.map((name) => scannerTitles[name]).join(' and ')} did not scan this message in ` +
    'time, and mail waits until it is scanned (scan.when_down)',
  'held-full': ({ saw, usual, bytes, bytesMax }) =>
    `${many(saw, 'message')} of this account (${megabytes(bytes)}) are held until a person ` +
    `decides; the limit is ${usual} messages or ${megabytes(bytesMax)}`,
  'foreign-author': ({ address, asked }) => foreignAuthorText(address, asked),
  brake: ({ held, since }) =>
    `the brake is on since ${utcMinute(since)}: ` +
    (held
      ? 'the account was not suspended'
      : 'one kind of evidence does not hold a message, so it passed'),
  operator: ({ by, note }) => `suspended by ${by}${note === '' ? '' : `: ${note}`}`,
};

/** In whole hours from two hours on. */
function waitedText(minutes: number): string {
  if (minutes < 1) return 'since less than a minute ago';
  return minutes < 120 ? `for ${minutes} min now` : `for ${Math.floor(minutes / 60)} hours now`;
}

function suspendedSentence(
  { saw, leakedRecipients }: Of<'suspended'>,
  was: 'was' | 'would have been',
): string {
  const ago = saw < 1 ? 'less than a minute' : `${saw} min`;
  const reached = `${many(leakedRecipients, 'recipient')} had been reached`;
  return `the account ${was} suspended ${ago} ago; ${reached}`;
}

function foreignAuthorText(address: string, asked: boolean): string {
  if (address === '') return 'its From fields have more than Postern reads';
  const who = authorText(address);
  return asked
    ? `From: ${who}, which nothing on this server allows this account to use`
    : `From: ${who}; the mail server's tables could not be asked whether this account may use it`;
}

const scriptSentences: {
  readonly [Signal in ScriptSignal]: (reason: OfScript<Signal>) => string;
} = {
  'script-unknown': ({ script, user }) =>
    script === ''
      ? `no rule for mail of ${user} without a script`
      : `no rule for the script ${script} (as ${user})`,
  'script-denied': ({ rule }) => `rule ${rule} allows it to send nothing`,
  'script-recipients': ({ rule, others, owners }) =>
    owners === undefined
      ? `it writes to ${named(others)}; rule ${rule} does not allow that`
      : `it writes to ${others.count} others besides ${named(owners)} (${named(others)}); ` +
        `rule ${rule} allows one visitor`,
  'script-sender': ({ rule, senders }) =>
    `it sends as ${named(senders)}; rule ${rule} does not allow that`,
  'script-rate': ({ rule, sent, allowed, perMs }) =>
    `${many(sent, 'message')} within ${during(perMs)}; rule ${rule} allows ${allowed}`,
  'script-many': ({ user, most, script }) =>
    `more than ${most} new scripts of ${user} in a day are counted together; the last is ${script}`,
  'header-injection': ({ found }) => `header injection: ${found}`,
};

function named({ first, count }: SomeAddresses): string {
  const shown = first.map((address) => address || 'nobody').join(', ');
  const more = count - first.length;
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/**
 * The sentence for a reason. A row of Postern 0.1 has its own. A row that is damaged, or that has a
 * signal of another version, gets one too: it must not hide the accounts that are shown with it.
 */
export function reasonText(reason: StoredReason | ScriptReason): string {
  if ('text' in reason) return reason.text;
  try {
    return factsText(reason);
  } catch {
    return `${reason.signal}: this version of Postern cannot read what was stored about it`;
  }
}

/** In mode observe nobody was suspended. */
function observedText(reason: StoredReason): string {
  return 'text' in reason || reason.signal !== 'suspended'
    ? reasonText(reason)
    : suspendedSentence(reason, 'would have been');
}

function factsText(reason: Reason | ScriptReason): string {
  const { signal } = reason;
  if (isOneOf(scriptSentences, signal)) return worded(scriptSentences, reason as ScriptReason);
  if (isOneOf(counted, signal)) return countSentence(reason as Of<CountName>);
  if (isOneOf(sentences, signal)) return worded(sentences, reason as Of<keyof typeof sentences>);
  throw new Error(`unknown signal ${signal}`);
}

function isOneOf(table: object, signal: string): boolean {
  return Object.hasOwn(table, signal);
}

/** The compiler cannot see that a reason fits the entry of its own signal. */
function worded<Known extends { readonly signal: string }>(
  table: { readonly [Signal in Known['signal']]: (reason: never) => string },
  reason: Known,
): string {
  return (table[reason.signal as Known['signal']] as (reason: Known) => string)(reason);
}

/** A reason with its sentence, as the API, the command line and the page have it. */
export function shownReason(reason: StoredReason): ShownReason {
  const { signal, saw, usual, weight } = reason;
  return { signal, text: reasonText(reason), saw, usual, weight };
}

/** A row of the ledger, with its reasons as they are shown. */
export function withShownReasons<
  Row extends { readonly reasons: readonly StoredReason[]; readonly observed?: boolean },
>(row: Row): Omit<Row, 'reasons'> & { readonly reasons: readonly ShownReason[] } {
  const { observed = false } = row;
  const shown = (reason: StoredReason): ShownReason =>
    observed ? { ...shownReason(reason), text: observedText(reason) } : shownReason(reason);
  return { ...row, reasons: row.reasons.map(shown) };
}

/** The reasons as a notice has them. */
export function noticeReasons(reasons: readonly StoredReason[]): Notice['reasons'] {
  return reasons.map((reason) => ({ signal: reason.signal, text: reasonText(reason) }));
}

/** The strongest reason's sentence; empty without a reason. */
export function firstReasonText(reasons: readonly StoredReason[], observed = false): string {
  if (reasons[0] === undefined) return '';
  return observed ? observedText(reasons[0]) : reasonText(reasons[0]);
}

/** What Postfix logs and `postqueue` shows for a held message: ASCII, at most 100 characters. */
export function holdReason(reasons: readonly StoredReason[]): string {
  const text = `postern: ${firstReasonText(reasons) || 'held'}`.replace(/[^\x20-\x7e]/g, '?');
  // What stands in parentheses is the first to go.
  const short = text.length > holdReasonMax ? text.replace(/ \([^()]*\)/, '') : text;
  return short.slice(0, holdReasonMax);
}

/** An SMTP reply's parts. */
export type ReplyText = { readonly code: number; readonly enhanced: string; readonly text: string };

/**
 * What the sending client reads. It says where to ask, and how the guard counts only if the reason
 * is a fixed limit.
 */
export function replyText(
  verdict: Exclude<VerdictKind, 'pass' | 'hold'>,
  reasons: readonly StoredReason[],
  contact: string,
): ReplyText {
  const first = reasons[0];
  const limit = first?.signal === 'ceiling' ? reasonText(first) : undefined;
  if (first?.signal === 'held-full') {
    const isSuspended = reasons.some(({ signal }) => signal === 'suspended');
    return isSuspended ? suspendedFullReply(contact) : heldFullReply(contact);
  }
  if (verdict === 'delay') {
    const other =
      first?.signal === 'unscanned' ? 'Mail could not be scanned' : 'too much mail at once';
    return { code: 451, enhanced: '4.7.1', text: `${limit ?? other}; please try again later` };
  }
  if (limit === undefined) return suspendedReply(contact);
  return { code: 550, enhanced: '5.7.1', text: `${limit}; ask ${contact}` };
}

/** For mail that would be held, if as much as may wait is held already. */
function heldFullReply(contact: string): ReplyText {
  return {
    code: 452,
    enhanced: '4.7.1',
    text: `Your mail is being checked. Please try again later, or contact ${contact}`,
  };
}

/** For every command of a suspended account while as much of its mail as may wait is held. */
export function suspendedFullReply(contact: string): ReplyText {
  return {
    code: 451,
    enhanced: '4.7.1',
    text:
      'Your mail is being checked because this account may be in the hands of others. ' +
      `Please contact ${contact}, and try again later`,
  };
}

/** For every command of a suspended account, once a person said that it was hijacked. */
export function suspendedReply(contact: string): ReplyText {
  return {
    code: 550,
    enhanced: '5.7.1',
    text:
      'Sending from this account is stopped because it may be in the hands of others. ' +
      `Please contact ${contact}`,
  };
}

export const megabytes = (bytes: number): string => `${Math.ceil(bytes / 100_000) / 10} MB`;
const points = (value: number): string => String(Math.round(value * 10) / 10);
