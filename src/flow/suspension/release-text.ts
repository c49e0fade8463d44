/** A release in words: for the audit trail, and as the answer to the operator. Pure. */
import type { Account } from '../../core/account-name.ts';
import type { AdminResult, ReleaseHow } from '../../ports/admin.ts';

/** For the audit trail. */
export function releaseWord({ falseAlarm, keepHeld }: ReleaseHow): string {
  if (falseAlarm) return 'false alarm';
  return keepHeld ? 'released, its held mail kept' : 'released';
}

/** The answer to the operator. `faults`: what could not be done. */
export function releaseText(
  account: Account,
  how: ReleaseHow,
  mail: { readonly back: number; readonly left: number },
  faults: readonly string[],
): string {
  const parts = [`${account} may send again`];
  if (mail.back > 0) parts.push(`${messages(mail.back)} back in the queue`);
  if (mail.left > 0) {
    parts.push(
      `${messages(mail.left)} ${how.falseAlarm ? 'still held' : 'held'} until you decide: ` +
        `postern held release --account ${account}, or postern held drop --account ${account}`,
    );
  }
  if (faults.length > 0) parts.push(`but: ${faults.join('; ')}`);
  return parts.join('; ');
}

const messages = (many: number): string => (many === 1 ? '1 message is' : `${many} messages are`);

/** The account was suspended while its release waited for the lock: the suspension counts. */
export function suspendedAgain(account: Account): AdminResult {
  return {
    ok: false,
    text:
      `${account} was suspended again in the meantime: ` +
      'its login stays closed and its mail stays held',
    hint: `look at why, then: postern accounts release ${account}`,
  };
}
