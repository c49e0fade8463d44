/**
 * What the register knows of one script, or of mail of one user without a script: how much it
 * sends, as whom, to whom. Small, whatever it sends; and from it, which rule would fit. Pure.
 */

import { addressKey, domainOf } from '../../formats/message/address.ts';
import { firstMailbox } from '../../formats/message/header.ts';
import type { Millis } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import { reasonText } from '../explain.ts';
import type { ScriptFinding, ScriptMail, ScriptSource } from '../script-mail.ts';
import type { RecipientRule } from './rules.ts';
import { scriptAccount, subjectOf } from './submitter.ts';

/**
 * An address, and in how many messages; the count of one that came late may be a little too high.
 */
export type Counted = { readonly key: string; readonly count: number };

export type ScriptSeen = {
  readonly account: Account;
  /** Its path, or `user:NAME`. */
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
  /** Messages that were held, for whatever reason. */
  readonly held: number;
  /** Messages with something odd about them, but that no rule knows them; and what it was last. */
  readonly odd: number;
  readonly oddAt: Millis | undefined;
  readonly oddText: string;
  /**
   * Those written to most, and those in From; each at most `countedMax`. Of odd mail nothing is
   * learned.
   */
  readonly to: readonly Counted[];
  readonly from: readonly Counted[];
};

/**
 * A hosting company has some thousands; whoever makes up a path for each message must not fill
 * memory and disk.
 */
export const scriptsMax = 10_000;
/** Enough to see the owner of a form among a thousand visitors who come once. */
export const countedMax = 12;
/** Of a sentence that is kept. */
const textLengthMax = 300;
/** An address is the form's own that gets so large a share of its messages. */
const ownShare = 0.8;
/** Fewer messages say nothing about what is usual. */
const seenMin = 3;

/** `before` and this message. */
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
 * The most frequent keys in room for a few: a new one takes the place of the rarest, and its count
 * (space saving).
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

/**
 * The rule that what was seen would fit; undefined: too little was seen, or it writes to everybody.
 */
export function suggested(seen: ScriptSeen): Suggestion | undefined {
  const { recipients, recipientsMost, to } = seen;
  const messages = seen.messages - seen.odd;
  if (messages < seenMin) return undefined;
  const owners = to.filter(({ count }) => count >= messages * ownShare).map(({ key }) => key);
  const from = senders(seen);
  const all = to.length < countedMax && sum(to) >= recipients;
  // As many addresses as messages are visitors, not a list.
  if (all && to.length < messages) {
    return { recipients: { kind: 'listed', entries: to.map(({ key }) => key) }, from };
  }
  if (owners.length === 0 || recipientsMost > owners.length + 1) return undefined;
  return { recipients: { kind: 'owner-and-visitor', owners }, from };
}

/**
 * Addresses where there are few, their domain where they share one; else nothing is said of From.
 */
function senders({ from, messages, odd }: ScriptSeen): readonly string[] {
  if (from.length === 0 || sum(from) < messages - odd) return [];
  if (from.length <= 2) return from.map(({ key }) => key);
  const domains = new Set(from.map(({ key }) => domainOf(key)));
  const [domain = ''] = domains;
  return domains.size === 1 && domain !== '' && from.length < countedMax ? [`@${domain}`] : [];
}

const sum = (list: readonly Counted[]): number => list.reduce((all, { count }) => all + count, 0);
