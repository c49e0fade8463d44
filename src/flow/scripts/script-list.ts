/** Shows the register: each script with its rule, or with the rule that would fit. */

import type { ScriptSubmitter } from '../../core/script-mail.ts';
import { type ScriptSeen, suggested } from '../../core/scripts/register.ts';
import { ruleText, ruleWords } from '../../core/scripts/rule-text.ts';
import { ruleOf, type ScriptMode } from '../../core/scripts/rules.ts';
import { shellWords } from '../../lib/shell-words.ts';
import type {
  ScriptAdmin,
  ScriptListView,
  ScriptRuleRow,
  ScriptView,
} from '../../ports/scripts.ts';

export function scriptList(
  register: {
    readonly mode: ScriptMode;
    readonly scripts: Iterable<ScriptSeen>;
    readonly rules: readonly ScriptRuleRow[];
  },
  { like = '', limit }: Parameters<ScriptAdmin['list']>[0],
): ScriptListView {
  const { mode, rules } = register;
  const part = like.toLowerCase();
  const found = [...register.scripts]
    .filter(({ account, user }) => `${account} ${user}`.toLowerCase().includes(part))
    .sort((one, other) => other.lastAt - one.lastAt);
  const scripts = found.slice(0, limit).map((row) => shown(row, rules));
  return { mode, scripts, rules, known: found.length };
}

function shown(row: ScriptSeen, rules: readonly ScriptRuleRow[]): ScriptView {
  const rule = ruleOf(rules, submitterOf(row));
  return {
    ...row,
    rule: rule?.id ?? '',
    ruleText: rule === undefined ? '' : ruleText(rule),
    suggestion: rule === undefined ? suggestion(row) : '',
  };
}

function suggestion(row: ScriptSeen): string {
  const fit = suggested(row);
  if (fit === undefined) return '';
  // A script whose user does not own the file is trusted for that user only.
  const uid = row.account.includes(' as ') ? row.uid : undefined;
  const rule = { ...fit, path: row.subject, uid, rate: undefined, effect: 'allow' as const };
  return shellWords('postern', 'scripts', ...ruleWords(rule));
}

/** As much of a submitter as is needed to find the rule. */
function submitterOf(row: ScriptSeen): ScriptSubmitter {
  const script = row.subject.startsWith('/') ? row.subject : '';
  const own = script !== '' && !row.account.includes(' as ');
  return {
    uid: row.uid,
    user: row.user,
    pid: 0,
    executable: '',
    cwd: '',
    script,
    how: row.how,
    scriptOwner: own ? row.uid : undefined,
    proven: 'kernel',
    parents: [],
  };
}
