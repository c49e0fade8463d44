/** Checks the last password audit: when it was, and what it found. Pure. */
import { dayMs, type Millis } from '../../lib/time.ts';
import { type Finding, fine } from '../finding.ts';
import type { AuditSummary } from '../passwords/weak.ts';

/** An older audit misses new accounts and changed passwords; a repeated one takes little time. */
const oldMs = 31 * dayMs;
const wanted = 'an audit every month that finds no weak password';

export const passwordTitle = 'Password audit';

/** When the last audit is too old. */
export function auditEnds({ at }: Pick<AuditSummary, 'at'>): Millis {
  return (at + oldMs) as Millis;
}

/** `day`: the date of that audit. `weak`: accounts whose password is weak now. */
export function checkPasswords(
  last: (AuditSummary & { readonly day: string }) | undefined,
  weak: number,
  now: Millis,
): Finding {
  const id = 'passwords.audit';
  const title = passwordTitle;
  if (last === undefined) {
    const fix = 'sudo postern passwords audit';
    return { id, kind: 'warn', title, found: 'never run', wanted, fix };
  }
  const days = Math.floor((now - last.at) / dayMs);
  const rest = last.complete ? '' : '; stopped before everything was tried';
  const unread = last.faults === 0 ? '' : `; ${last.faults} entries or sources could not be read`;
  const found =
    `${last.day}: ${last.accounts} accounts, ${weak} with a weak password` + `${rest}${unread}`;
  if (weak > 0) {
    const fix = 'postern passwords list --weak; then postern passwords notify or require-change';
    return { id, kind: 'fail', title, found, wanted, fix };
  }
  if (now > auditEnds(last)) {
    const fix = 'sudo postern passwords audit';
    return { id, kind: 'warn', title, found: `${found}; ${days} days ago`, wanted, fix };
  }
  if (!last.complete) {
    return {
      id,
      kind: 'warn',
      title,
      found,
      wanted,
      fix: 'sudo postern passwords audit --resume',
    };
  }
  return fine(id, title, found);
}
