/** The register of scripts as text for a terminal. Pure. */
import { rateText, recipientsText, ruleText } from '../../core/scripts/rule-text.ts';
import type { StoryView } from '../../ports/admin.ts';
import type { ScriptListView, ScriptRuleRow, ScriptView } from '../../ports/scripts.ts';
import { many, plain, verdictWord } from '../terminal/format.ts';
import { clock, paint, table } from '../terminal/table.ts';

export const noOddScript: string =
  'No script sent odd mail: none outside a rule, none with injected header fields.\n' +
  'Which script sends most: postern stats --by script\n';

export function scriptListText({ mode, scripts, rules, known }: ScriptListView): string {
  const hold = scripts.filter(({ rule }) => rule === '').length;
  const how =
    mode === 'guard'
      ? 'scripts.mode = "guard": mail that no rule allows is held.'
      : 'scripts.mode = "observe": rules hold no mail; this is what was seen.';
  if (known === 0) {
    return (
      `${how}\nNo script has sent mail yet. ` +
      'Postern sees scripts only through the sendmail door: postern connect sendmail\n'
    );
  }
  const lines = table(
    [
      { title: 'SCRIPT' },
      { title: 'USER' },
      { title: 'MESSAGES', align: 'right' },
      { title: 'RECIPIENTS', align: 'right' },
      { title: 'HELD', align: 'right' },
      { title: 'ODD', align: 'right' },
      { title: 'LAST MAIL' },
      { title: 'RULE' },
      { title: 'WRITES MOSTLY TO' },
    ],
    scripts.map((one) => [
      plain(one.subject),
      plain(one.user === '' ? String(one.uid) : one.user),
      String(one.messages),
      String(one.recipients),
      one.held === 0 ? '' : String(one.held),
      one.odd === 0 ? '' : paint('red', String(one.odd)),
      clock(one.lastAt),
      one.rule === '' ? paint('yellow', 'none') : `${one.rule} ${effectOf(one, rules)}`,
      plain(mostly(one)),
    ]),
  );
  const more = known > scripts.length ? `${known - scripts.length} more: --limit\n` : '';
  const without =
    hold === 0
      ? ''
      : `\n${many(hold, 'script has', 'scripts have')} no rule; ` +
        'postern scripts show SCRIPT suggests one.\n';
  return `${how}\n\n${lines}${more}${without}`;
}

const effectOf = ({ rule }: ScriptView, rules: readonly ScriptRuleRow[]): string =>
  rules.find(({ id }) => id === rule)?.effect ?? '';

function mostly({ to }: ScriptView): string {
  const [first, second] = to;
  if (first === undefined) return '';
  // If each recipient got one message, no recipient is typical.
  return first.count === 1 && second !== undefined
    ? 'always someone else'
    : `${first.key} (${first.count})`;
}

export function ruleListText({ mode, rules }: ScriptListView): string {
  const how = mode === 'guard' ? 'in force' : 'they hold no mail while scripts.mode = "observe"';
  if (rules.length === 0) return 'There are no rules; see postern scripts allow --help\n';
  const lines = table(
    [
      { title: 'RULE' },
      { title: 'EFFECT' },
      { title: 'SCRIPT' },
      { title: 'USER', align: 'right' },
      { title: 'TO' },
      { title: 'FROM' },
      { title: 'RATE' },
      { title: 'MADE' },
      { title: 'NOTE' },
    ],
    rules.map((rule) => [
      rule.id,
      paint(rule.effect === 'deny' ? 'red' : 'green', rule.effect),
      plain(rule.path),
      rule.uid === undefined ? 'any' : String(rule.uid),
      rule.effect === 'deny' ? '' : cut(plain(recipientsText(rule.recipients))),
      cut(plain(rule.from.join(', '))),
      rule.rate === undefined ? '' : rateText(rule.rate),
      `${clock(rule.at)} by ${plain(rule.by)}`,
      plain(rule.note),
    ]),
  );
  return `${many(rules.length, 'rule')}; ${how}.\n\n${lines}`;
}

/** Shortens a long list of addresses. */
const cut = (text: string): string => (text.length <= 60 ? text : `${text.slice(0, 59)}…`);

const found: Readonly<Record<ScriptView['how'], string>> = {
  fastcgi: 'named by the web server (FastCGI)',
  cgi: 'named by the web server (CGI)',
  arguments: 'named on its command line',
  hint: 'named by PHP (X-PHP-Originating-Script)',
  none: 'no script is known',
};

/** One script, its rule or a suggested rule, and its last mail that did not simply pass. */
export function scriptText(
  one: ScriptView,
  rules: readonly ScriptRuleRow[],
  stories: readonly StoryView[],
): string {
  const rule = rules.find(({ id }) => id === one.rule);
  const line = (title: string, text: string): string => `  ${title.padEnd(12)} ${text}`;
  const list = (all: ScriptView['to']): string =>
    all.map(({ key, count }) => `${plain(key)} (${count})`).join(', ');
  const lines = [
    paint('bold', plain(one.subject)),
    line('account', plain(one.account)),
    line('runs as', `${plain(one.user)} (user number ${one.uid}); ${found[one.how]}`),
    line('seen', `${clock(one.firstAt)} to ${clock(one.lastAt)}`),
    line('sent', `${many(one.messages, 'message')} to ${many(one.recipients, 'recipient')}`),
    line('largest', many(one.recipientsMost, 'recipient')),
    line('held', many(one.held, 'message')),
    line('to', list(one.to)),
    line('as', list(one.from)),
    ...(typeof one.oddAt === 'number'
      ? [
          line(
            'odd',
            `${many(one.odd, 'message')}; last ${clock(one.oddAt)}: ${plain(one.oddText)}`,
          ),
        ]
      : []),
    '',
    ...ruleLines(one, rule),
  ];
  const told = stories.slice(0, 10).map((story) => {
    const what = verdictWord(story.verdict, story.observed);
    const why = plain(story.reasons[0]?.text ?? '');
    return `  ${clock(story.at)}  ${story.id}  ${what}: ${why}`;
  });
  if (told.length > 0) lines.push('', 'Messages with findings:', ...told);
  return `${lines.join('\n')}\n`;
}

function ruleLines(one: ScriptView, rule: ScriptRuleRow | undefined): readonly string[] {
  if (rule !== undefined) {
    const note = rule.note === '' ? '' : ` (${plain(rule.note)})`;
    return [
      `Rule ${rule.id}, by ${plain(rule.by)}: ${plain(ruleText(rule))}${note}`,
      `To remove the rule: postern scripts forget ${rule.id}`,
    ];
  }
  if (one.suggestion !== '')
    return ['No rule. This rule would allow what was seen:', `  ${plain(one.suggestion)}`];
  const why =
    one.messages < 3
      ? 'fewer than 3 messages were seen, too few to suggest one'
      : 'the script writes to too many recipients to suggest one';
  return [`No rule: ${why}. See postern scripts allow --help`];
}
