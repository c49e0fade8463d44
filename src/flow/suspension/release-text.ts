/** A release in words: for the audit trail, and as the answer to the operator. Pure. */
import type { Account } from '../../core/account-name.ts';
import { shellWords } from '../../lib/shell-words.ts';
import type { AdminResult, ReleaseHow } from '../../ports/admin.ts';

/** For the audit trail: who said what, and what became of the mail. */
export function releaseWord({ by, falseAlarm, keepHeld }: ReleaseHow): string {
  if (falseAlarm) return 'false alarm, held mail delivered';
  if (!keepHeld) return 'released, mail pulled back from the queue delivered';
  // A release that Postern makes says nothing about a hijack.
  return by === 'postern' ? 'released, its held mail kept' : 'hijacked, its held mail kept';
}

/** `noted`: only observed as suspended. */
type Was = 'suspended' | 'noted' | 'clear';

const wasTexts: Readonly<Record<Was, string>> = {
  suspended: 'may send again',
  noted: 'is no longer noted as hijacked; nothing was stopped',
  clear: 'was not suspended',
};

/** The answer to the operator. `faults`: what could not be done. */
export function releaseText(
  account: Account,
  how: ReleaseHow & { readonly was: Was },
  mail: { readonly back: number; readonly left: number },
  faults: readonly string[],
): string {
  const parts = [`${account} ${wasTexts[how.was]}`];
  if (how.was === 'clear' && mail.back + mail.left === 0) parts.push('none of its mail is held');
  if (mail.back > 0) parts.push(`${messages(mail.back)} back in the queue`);
  if (mail.left > 0) {
    parts.push(
      `${messages(mail.left)} ${how.falseAlarm ? 'still held' : 'held'} until you decide: ` +
        `${shellWords('postern', 'held', 'release', '--account', account)}, or ` +
        shellWords('postern', 'held', 'drop', '--account', account),
    );
  }
  if (faults.length > 0) parts.push(`but: ${faults.join('; ')}`);
  return parts.join('; ');
}

const messages = (many: number): string => (many === 1 ? '1 message is' : `${many} messages are`);

export function noAccount(account: Account): AdminResult {
  return {
    ok: false,
    text: `no account ${account} is known here`,
    hint: 'find its name with: postern accounts list --like TEXT',
    isUnknown: true,
  };
}

/** The account was suspended while its release waited for the lock: the suspension counts. */
export function suspendedAgain(account: Account): AdminResult {
  return {
    ok: false,
    text:
      `${account} was suspended again in the meantime: ` +
      'its login stays closed and its mail stays held',
    hint: `look at why: ${shellWords('postern', 'accounts', 'show', account)}`,
  };
}
