/** Text that `postern try hijack` prints while it plays. Pure. */
import { releaseCommands } from '../../core/release-commands.ts';
import { shellWords } from '../../lib/shell-words.ts';
import { many, plain } from '../terminal/format.ts';
import { paint } from '../terminal/table.ts';
import type { Fate, HijackTally, Scene } from './hijack.ts';

export type TryFacts = {
  readonly victim: string;
  readonly observed: boolean;
  readonly perSecond: number;
};

/** A scene as text, with its line end. */
export function sceneText(scene: Scene, { victim, observed, perSecond }: TryFacts): string {
  switch (scene.kind) {
    case 'honest':
      return (
        '\n' +
        `Honest mail first: ${many(scene.messages, 'message')} of ` +
        `${scene.accounts.join(', ')}\n`
      );
    case 'honest-done':
      return `  ${scene.passed} passed\n`;
    case 'hijack':
      return (
        '\n' +
        `Now a spammer has the password of ${paint('bold', victim)}: ${perSecond} messages a ` +
        'second, each to one new recipient\n'
      );
    default:
      return `  message ${String(scene.number).padStart(3)}  ${fateText(scene.fate, observed)}\n`;
  }
}

function fateText(fate: Fate, observed: boolean): string {
  const { verdict, why, suspends } = fate;
  if (verdict === 'pass') return 'passed';
  const what = { delay: 'delayed', hold: 'held', refuse: 'refused' }[verdict];
  const word = observed ? `passed, would be ${what}` : what;
  const fatal = suspends && verdict === 'hold';
  const and = fatal ? `, and the account${observed ? ' would be suspended' : ' is suspended'}` : '';
  return `${paint(suspends ? 'red' : 'yellow', `${word}${and}`)}: ${plain(why)}`;
}

const heldRows =
  ', and entries in the list of held messages\n' +
  '(ids TRY...). These entries have no real message, so you cannot release or drop them.\n';

/** The result, what is left behind, and what to try next. */
export function tallyText(tally: HijackTally, { victim, observed }: TryFacts): string {
  const words = (...more: readonly string[]): string => shellWords('postern', ...more);
  const stopped = tally.held + tally.refused;
  const end =
    tally.suspendedAt === undefined
      ? 'The account was not suspended.'
      : observed
        ? `In mode guard the account would have been suspended at message ${tally.suspendedAt}.`
        : `The account was suspended at message ${tally.suspendedAt}.`;
  return (
    `\n${many(tally.passed, 'message')} of the spammer got out, ` +
    `${stopped} ${stopped === 1 ? 'was' : 'were'} stopped. ${end}\n` +
    `What stays: the made-up accounts in the ledger${observed ? '.\n' : heldRows}\n` +
    `See why:                     ${words('accounts', 'show', victim)}\n` +
    `${observed ? 'Clear what was noted:      ' : 'Let the account send again:'}  ` +
    `${releaseCommands(victim).hijacked}\n` +
    (observed ? `What guarding would change:  ${words('mode')}\n` : '') +
    `Take all that back:          ${words('try', '--undo')}\n`
  );
}
