/**
 * Names the account under which the guard counts mail of a submitter: the user or script that
 * handed a message to the sendmail door. Pure.
 */
import { hash53 } from '../../lib/hash.ts';
import { type Account, automaticAccount } from '../account-name.ts';
import type { ScriptSubmitter } from '../script-mail.ts';

/**
 * Users with a smaller number run services (login.defs, UID_MIN): a web server rightly runs scripts
 * of every user.
 */
const firstPersonUid = 1_000;

export const isService = (uid: number): boolean => uid < firstPersonUid;
/** As for every account's name (core/account-name.ts). */
const nameLengthMax = 256;
/** Characters kept of a path that is too long: its end, with the file's name. */
const pathTailLength = 180;
/** Control characters, and characters that change how the text around them looks. */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * The account: `script:/var/www/shop/contact.php`, or `user:joe` if no script is known. Mail of a
 * user who names another user's script is mail of that user: nobody can use up or ruin the good
 * name of somebody else's form, or get a new name by naming files.
 */
export function scriptAccount(submitter: ScriptSubmitter): Account {
  const { script } = submitter;
  const isScript = script !== '' && isByRight(submitter);
  return isScript ? (`script:${shortened(script)}` as Account) : userAccount(submitter);
}

/**
 * The account of a message with this envelope sender: what a user sends with the null sender counts
 * as automatic answers.
 */
export function handedAccount(submitter: ScriptSubmitter, sender: string | undefined): Account {
  const account = scriptAccount(submitter);
  return sender === '' && account.startsWith('user:') ? automaticAccount(account) : account;
}

/** The account of a user of this machine. */
export function userAccount({ uid, user }: Pick<ScriptSubmitter, 'uid' | 'user'>): Account {
  return `user:${safe(user || String(uid))}` as Account;
}

/**
 * Does the script belong to the submitter, or is the submitter a service such as the web server?
 * Otherwise the script is only what the submitter claims.
 */
export function isByRight({ script, scriptOwner, uid }: ScriptSubmitter): boolean {
  return script === '' || scriptOwner === uid || isService(uid);
}

/** What rules and commands name: the script's path, or `user:NAME`. */
export function subjectOf(submitter: ScriptSubmitter): string {
  return submitter.script === '' ? scriptAccount(submitter) : submitter.script;
}

/** Where the mail came from, as the end of "from": `php-cgi8.4 (process 4711 of shop)`. */
export function describeSubmitter({ executable, pid, user, uid }: ScriptSubmitter): string {
  const program = executable.slice(executable.lastIndexOf('/') + 1);
  const who = user === '' ? `user number ${uid}` : user;
  const process = pid === 0 ? who : `process ${pid} of ${who}`;
  return safe(program === '' ? process : `${program} (${process})`).slice(0, nameLengthMax);
}

function shortened(path: string): string {
  const clean = safe(path);
  if (clean === path && path.length + 'script:'.length + 40 <= nameLengthMax) return path;
  // Two long paths must not become one account.
  return `…${clean.slice(-pathTailLength)} #${hash53(path, 0).toString(36)}`;
}

/** The text without characters that are unsafe to show. */
const safe = (text: string): string => text.replace(unsafe, '?').toWellFormed();
