/**
 * Mail of this machine adds up under a second name, so that a script gets no new allowance by
 * changing its sender or its file: all mail of one user, and all mail of new local names together.
 * Automatic answers of a user have a sum of their own: a stranger who causes many of them must not
 * stop the rest. Pure.
 */
import { dayMs, type Millis } from '../../lib/time.ts';
import { type Account, automaticAccount, isAutomatic, isLocal } from '../account-name.ts';
import type { Submission } from '../event.ts';
import type { ScriptMail, ScriptSubmitter } from '../script-mail.ts';
import { isService, scriptAccount } from './submitter.ts';

/** The account of all local senders that are new here, whose user is not known. */
const newLocalNames = 'local:*' as Account;
/** A name is new for this long; the sum of a user's mail is known after this long. */
const newMs = 7 * dayMs;

/** What tells where a message adds up. */
type AddingUp = Pick<Submission, 'account' | 'at' | 'scriptFinding' | 'sender' | 'uid'> & {
  readonly handed?: Pick<ScriptMail, 'submitter'>;
};

/** The second account of a message; undefined if it has none. `own`: of its own account. */
export function secondAccount(message: AddingUp, own: Age): Account | undefined {
  const { account, handed, sender, uid } = message;
  const user = handed === undefined ? ofUid(account, uid) : ofUser(handed.submitter);
  if (user === newLocalNames && isAutomatic(account)) return undefined;
  const second = user !== undefined && sender === '' ? automaticAccount(user) : user;
  if (second === account) return undefined;
  return second === newLocalNames && !isNew(message, own) ? undefined : second;
}

/** Cron and the administrator are trusted: their mail does not add up. */
function ofUser({ uid, ...user }: ScriptSubmitter): Account | undefined {
  return uid === 0 ? undefined : scriptAccount({ ...user, uid, script: '' });
}

function ofUid(account: Account, uid: number | undefined): Account | undefined {
  if (!isLocal(account) || uid === 0) return undefined;
  return uid === undefined ? newLocalNames : (`user:${uid}` as Account);
}

/**
 * Whether the sum may hold this message; otherwise the sum learns that the message is normal. A
 * sum that is known may. A new one may hold mail of new names only, and none of a web server's
 * user, who has the mail of all websites.
 */
export function sumHolds(message: AddingUp, own: Age, sum: Age): boolean {
  const { at, handed } = message;
  if (secondAccount(message, own) !== newLocalNames && isSumKnown(sum, at)) return true;
  const hasManySites = handed !== undefined && isService(handed.submitter.uid);
  return isNew(message, own) && !hasManySites;
}

/** Whether the sum of a user may hold mail of each of its scripts, also of those with a rule. */
export function isSumKnown(sum: Age, at: Millis): boolean {
  return at - sum.firstSeen >= newMs;
}

type Age = { readonly firstSeen: number };

/** A script with a rule of its own is not new. */
function isNew({ at, scriptFinding }: AddingUp, own: Age): boolean {
  return at - own.firstSeen < newMs && (scriptFinding?.rule ?? '') === '';
}
