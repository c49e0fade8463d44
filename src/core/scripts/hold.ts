/** Turns the register's finding into reasons for the guard. Pure. */

import type { Reason } from '../reason.ts';
import type { ScriptFinding } from '../script-mail.ts';

/**
 * Was the message held by a rule of the script? Then it was an attack on a form whose limits are
 * known, and it does not count against the form. Otherwise anybody could get an honest form
 * suspended.
 */
export function isHeldByRule(finding: ScriptFinding | undefined): boolean {
  return finding !== undefined && finding.verdict === 'hold' && finding.rule !== '';
}

/** Reasons for the guard to hold a message; empty if the register has no objection. */
export function scriptReasons(finding: ScriptFinding | undefined): readonly Reason[] {
  if (finding === undefined || finding.verdict === 'pass') return [];
  return finding.reasons.map((reason) => ({ ...reason, saw: 1, usual: 0, weight: 1 }));
}
