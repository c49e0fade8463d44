/** The bound of an account as text for a terminal. Pure. */
import { type BoundSource, type BoundStep, reachWindows } from '../../core/reach/bound.ts';
import { shellWords } from '../../lib/shell-words.ts';
import type { AccountView } from '../../ports/admin.ts';
import { many, plain } from '../terminal/format.ts';
import { clock, paint, table } from '../terminal/table.ts';

const windowNames = { day: 'a day', week: 'a week', month: '30 days' } as const;

const sourceTexts: Readonly<Record<BoundSource, string>> = {
  'every account': 'what every account may reach before you are told',
  'its own mail': '1.5 times what its own mail usually reaches',
  'its first 30 days': '1.5 times what every account may reach: it is new here',
  'a notice before': 'up to twice what you were told of lately',
  'a fixed ceiling': 'a fixed ceiling under [ceilings] of the configuration',
};

/** What an operator can do, and the command for it; without one, the text says all. */
const steps: Readonly<
  Record<BoundStep, { readonly text: string; readonly words: readonly string[] }>
> = {
  'end exemption': {
    text: 'End the exemption: while it is in force, everything passes',
    words: ['accounts', 'allow', 'NAME', '--until', 'now'],
  },
  'change password': {
    text: 'Have the password changed: the audit guessed it, so a thief may know it',
    words: ['passwords', 'require-change', 'NAME'],
  },
  announce: {
    text:
      'Its own mail to strangers makes this room. Announce its mailings: announced recipients\n' +
      '  do not count as usual, and the room shrinks',
    words: ['accounts', 'expect', 'NAME', '--recipients', '300', '--until', 'tomorrow'],
  },
  'set ceiling': {
    text:
      'Set fixed ceilings for all accounts: account_recipients_per_day and\n' +
      '  account_recipients_per_hour under [ceilings]',
    words: [],
  },
};

export function boundText(one: AccountView): string {
  const { account, bound, exemptUntil } = one;
  const { announced, invited, most, reached, sources } = bound;
  const name = plain(account);
  const until = exemptUntil === undefined ? '' : ` until ${clock(exemptUntil)}`;
  if (most === undefined) {
    const why = `It is exempt${until}: everything passes, and nobody is told.`;
    return `${name}: no bound. ${why}\n${stepLines(one)}`;
  }
  const rows = reachWindows.map((window) => [
    windowNames[window],
    String(most[window]),
    String(reached[window]),
    sourceTexts[sources[window]],
  ]);
  const first =
    `${invited.day} a day, ${invited.week} a week and ${invited.month} in 30 days of these may ` +
    'be people who seem to have\nwritten to the account first: they count for no limit, and a ' +
    'thief can forge that.\n';
  const more =
    announced === 0
      ? ''
      : `The numbers contain ${many(announced, 'recipient')} of an announced mailing.\n`;
  return (
    `${paint('bold', name)}: at most ${many(most.day, 'stranger')} in a day, ${most.week} in a ` +
    `week, ${most.month} in 30 days\n` +
    'Whoever has its password reaches no more before mail is held or you are told, whatever\n' +
    'they do. Strangers are people that the account has not written to before, and who have\n' +
    'not written to it first.\n\n' +
    table(
      [
        { title: 'WITHIN' },
        { title: 'AT MOST', align: 'right' },
        { title: 'REACHED NOW', align: 'right' },
        { title: 'COMES FROM' },
      ],
      rows,
    ) +
    (invited.month === 0 ? '' : first) +
    more +
    stepLines(one)
  );
}

function stepLines({ account, bound }: AccountView): string {
  const lines = bound.steps.map((step) => {
    const { text, words } = steps[step];
    const command = words.map((word) => (word === 'NAME' ? account : word));
    const typed = words.length === 0 ? '' : `:\n    ${shellWords('postern', ...command)}`;
    return `  ${text}${typed}\n`;
  });
  return lines.length === 0 ? '' : `\n${paint('bold', 'What lowers it')}\n${lines.join('')}`;
}
