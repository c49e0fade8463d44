/**
 * What the register knows about one script, or about mail of one user without a script: how much it
 * sends, as which sender, to which recipients. Its size is bounded. It also suggests a rule that
 * would fit. Pure.
 */
import { addressKey, domainOf } from '../../formats/message/address.ts';
import { firstMailbox } from '../../formats/message/header.ts';
import type { Millis } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import { reasonText } from '../explain.ts';
import type { ScriptFinding, ScriptMail, ScriptSource } from '../script-mail.ts';
import type { RecipientRule } from './rules.ts';
import { scriptAccount, subjectOf } from './submitter.ts';

/** An address and its number of messages. If the address came late, the number may be too high. */
export type Counted = { readonly key: string; readonly count: number };

export type ScriptSeen = {
  readonly account: Account;
  /** The script's path, or `user:NAME`. */
  readonly subject: string;
  readonly uid: number;
  readonly user: string;
  readonly how: ScriptSource;
  readonly firstAt: Millis;
  readonly lastAt: Millis;
  readonly messages: number;
  readonly recipients: number;
  /** Recipients of the largest message that was not odd. */
  readonly recipientsMost: number;
  /** Messages that were held, for any reason. */
  readonly held: number;
  /** Messages with a finding, except that no rule knows the script; and the last finding. */
  readonly odd: number;
  readonly oddAt: Millis | undefined;
  readonly oddText: string;
  /**
   * The most frequent recipients, and the addresses in From: at most `countedMax` each. Nothing is
   * learned from odd mail.
   */
  readonly to: readonly Counted[];
  readonly from: readonly Counted[];
};

/**
 * Scripts that are known at most. A hosting company has some thousands; an attacker who makes up a
 * path for each message must not fill memory and disk.
 */
export const scriptsMax = 10_000;
/** Enough to find the owner of a form among a thousand visitors who come once. */
export const countedMax = 12;
/** Characters of a finding that are kept. */
const textLengthMax = 300;
/** An address that gets this share of a form's messages belongs to its owner. */
const ownShare = 0.8;
/** With fewer messages, nothing is said about what is usual. */
const seenMin = 3;

/** The script's row with this message added. */
export function noted(
  before: ScriptSeen | undefined,
  mail: ScriptMail,
  finding: ScriptFinding,
  at: Millis,
): ScriptSeen {
  const { submitter, recipients } = mail;
  const odd = finding.findings.find(({ signal }) => signal !== 'script-unknown');
  const from = mail.header.find(({ name }) => name.toLowerCase() === 'from');
  const author = from === undefined ? addressKey(mail.sender) : firstMailbox(from.value);
  return {
    account: scriptAccount(submitter),
    subject: subjectOf(submitter),
    uid: submitter.uid,
    user: submitter.user,
    how: submitter.how,
    firstAt: before?.firstAt ?? at,
    lastAt: at,
    messages: (before?.messages ?? 0) + 1,
    recipients: (before?.recipients ?? 0) + recipients.length,
    recipientsMost: Math.max(
      before?.recipientsMost ?? 0,
      odd === undefined ? recipients.length : 0,
    ),
    held: before?.held ?? 0,
    odd: (before?.odd ?? 0) + (odd === undefined ? 0 : 1),
    oddAt: odd === undefined ? before?.oddAt : at,
    oddText: odd === undefined ? (before?.oddText ?? '') : reasonText(odd).slice(0, textLengthMax),
    to: counted(before?.to ?? [], odd === undefined ? recipients.slice(0, countedMax) : []),
    from: counted(before?.from ?? [], odd === undefined && author !== '' ? [author] : []),
  };
}

/**
 * Counts keys with room for a few: a new key takes the place and the count of the rarest (the
 * space-saving algorithm).
 */
function counted(before: readonly Counted[], keys: readonly string[]): readonly Counted[] {
  const list = [...before];
  for (const key of keys) {
    const at = list.findIndex((one) => one.key === key);
    const known = list[at];
    if (known !== undefined) list[at] = { key, count: known.count + 1 };
    else if (list.length < countedMax) list.push({ key, count: 1 });
    else {
      const last = list.length - 1;
      list[last] = { key, count: (list[last]?.count ?? 0) + 1 };
    }
    list.sort((one, other) => other.count - one.count);
  }
  return list;
}

export type Suggestion = { readonly recipients: RecipientRule; readonly from: readonly string[] };

/** A rule that fits what was seen; undefined if too little was seen or it writes to everybody. */
export function suggested(seen: ScriptSeen): Suggestion | undefined {
  const { recipients, recipientsMost, to } = seen;
  const messages = seen.messages - seen.odd;
  if (messages < seenMin) return undefined;
  const owners = to.filter(({ count }) => count >= messages * ownShare).map(({ key }) => key);
  const from = senders(seen);
  const all = to.length < countedMax && sum(to) >= recipients;
  // If there are as many addresses as messages, they are visitors and not a list.
  if (all && to.length < messages) {
    return { recipients: { kind: 'listed', entries: to.map(({ key }) => key) }, from };
  }
  if (owners.length === 0 || recipientsMost > owners.length + 1) return undefined;
  return { recipients: { kind: 'owner-and-visitor', owners }, from };
}

/** Senders for a rule: the addresses if there are few, else their domain if all share one. */
function senders({ from, messages, odd }: ScriptSeen): readonly string[] {
  if (from.length === 0 || sum(from) < messages - odd) return [];
  if (from.length <= 2) return from.map(({ key }) => key);
  const domains = new Set(from.map(({ key }) => domainOf(key)));
  const [domain = ''] = domains;
  return domains.size === 1 && domain !== '' && from.length < countedMax ? [`@${domain}`] : [];
}

const sum = (list: readonly Counted[]): number => list.reduce((all, { count }) => all + count, 0);
