/** A register that says yes to everything, and notes what it was asked. */
import { ruleText } from '../../core/scripts/rule-text.ts';
import type { RuleDone, ScriptDesk } from '../../ports-scripts.ts';

export function agreeableScripts(calls: string[]): ScriptDesk {
  const yes = async (call: string): Promise<RuleDone> => {
    calls.push(call);
    return { ok: true, text: 'done', count: 1 };
  };
  return {
    list: () => ({ mode: 'observe', scripts: [], rules: [], known: 0 }),
    rule: (rule, note, by) => yes(`rule ${ruleText({ ...rule, id: 'r1' })} (${note}) by ${by}`),
    whose: async ({ port }) => (port === 40_001 ? 'www-data' : undefined),
    forget: (which, by) => yes(`forget ${which} by ${by}`),
  };
}
