/**
 * Who handed a message to the sendmail door, and the name under which the guard counts its mail.
 * Pure.
 */

import { hash53 } from '../../lib/hash.ts';
import type { Account } from '../account-name.ts';
import type { ScriptSubmitter } from '../script-mail.ts';

/**
 * Users with a smaller number run services (login.defs, UID_MIN): a web server runs everybody's
 * scripts by right.
 */
const firstPersonUid = 1_000;

export const isService = (uid: number): boolean => uid < firstPersonUid;
/** As of every account's name (mail/account-name.ts). */
const nameLengthMax = 256;
/** Of a path that is too long, its end is kept: there stands the file. */
const pathTailLength = 180;
/** Controls, and what changes how the text around it looks. */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * The account: `script:/var/www/shop/contact.php`; `user:joe` where no script is known. A person
 * who names a script that is not his own is another account, `script:/var/www/shop/contact.php as
 * joe`: nobody can use up, or ruin, the good name of somebody else's form.
 */
export function scriptAccount(submitter: ScriptSubmitter): Account {
  const { script, uid, user } = submitter;
  if (script === '') return `user:${safe(user === '' ? String(uid) : user)}` as Account;
  const path = shortened(script);
  return (
    isByRight(submitter) ? `script:${path}` : `script:${path} as ${safe(user || String(uid))}`
  ) as Account;
}

/**
 * Is it the submitter's own script, or the web server's business? The rest is only said by the
 * submitter.
 */
export function isByRight({ script, scriptOwner, uid }: ScriptSubmitter): boolean {
  return script === '' || scriptOwner === uid || isService(uid);
}

/**
 * What rules are about, and what is asked for on the command line: the script's path, or
 * `user:NAME`.
 */
export function subjectOf(submitter: ScriptSubmitter): string {
  return submitter.script === '' ? scriptAccount(submitter) : submitter.script;
}

/**
 * Where mail of this submitter came from, as one reads it behind "from": `php-cgi8.4 (process 4711 of
 * shop)`.
 */
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

/** Longer than any user's name (32 in useradd). */
const safe = (text: string): string => text.replace(unsafe, '?').toWellFormed();
