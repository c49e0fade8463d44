/** What doctor says of the last password audit. Pure. */
import { dayMs, type Millis } from '../../lib/time.ts';
import { type Finding, fine } from '../finding.ts';
import type { AuditSummary } from '../passwords/weak.ts';

/** New accounts and changed passwords come every week; the audit itself is cheap then. */
const oldMs = 31 * dayMs;
const wanted = 'an audit every month, and no weak password';

/** `day`: the date of that audit. `weak`: those that are weak now. */
export function checkPasswords(
  last: (AuditSummary & { readonly day: string }) | undefined,
  weak: number,
  now: Millis,
): Finding {
  const id = 'passwords.audit';
  const title = 'no password can be guessed';
  if (last === undefined) {
    const mend = 'sudo postern passwords audit';
    return { id, kind: 'warn', title, found: 'no audit was made yet', wanted, mend };
  }
  const days = Math.floor((now - last.at) / dayMs);
  const rest = last.complete ? '' : ', not everything was tried';
  const unread = last.faults === 0 ? '' : `, ${last.faults} entries could not be read`;
  const found = `${last.day}: ${last.accounts} accounts, ${weak} weak${rest}${unread}`;
  if (weak > 0) {
    const mend = 'postern passwords list --weak; then notify and require-change';
    return { id, kind: 'fail', title, found, wanted, mend };
  }
  if (now - last.at > oldMs) {
    const mend = 'sudo postern passwords audit';
    return { id, kind: 'warn', title, found: `${found}, ${days} days ago`, wanted, mend };
  }
  if (!last.complete) {
    return {
      id,
      kind: 'warn',
      title,
      found,
      wanted,
      mend: 'sudo postern passwords audit --resume',
    };
  }
  return fine(id, title, found);
}
