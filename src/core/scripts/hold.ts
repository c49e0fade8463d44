/** What the register's finding means for the guard's judgement. Pure. */

import type { Reason } from '../reason.ts';
import type { ScriptFinding } from '../script-mail.ts';

/**
 * Held by a rule of its own: an attack on a form whose limits are known. It was stopped, and says
 * nothing of the form: were it counted, anybody could have an honest form suspended.
 */
export function isHeldByRule(finding: ScriptFinding | undefined): boolean {
  return finding !== undefined && finding.verdict === 'hold' && finding.rule !== '';
}

/** Reasons for the guard to hold a message; empty: the register has nothing against it. */
export function scriptReasons(finding: ScriptFinding | undefined): readonly Reason[] {
  if (finding === undefined || finding.verdict === 'pass') return [];
  return finding.reasons.map((reason) => ({ ...reason, saw: 1, usual: 0, weight: 1 }));
}
