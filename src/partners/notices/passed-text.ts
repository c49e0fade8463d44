/** Words of the notices about mail that passed. Pure. */
import type { Notice } from '../../core/notice.ts';
import { isPassedEvent, type PassedEvent } from '../../core/telling/passed-notice.ts';
import { shellWords } from '../../lib/shell-words.ts';

const subjects: Readonly<Record<PassedEvent, string>> = {
  'account.reach': 'has reached many strangers',
  'account.new-client': 'has sent mail with a new client',
  'account.copies': 'has sent one text to many people',
  'account.watched': 'has been unusual for days',
};

const openings: Readonly<Record<PassedEvent, string>> = {
  'account.reach':
    'has reached more strangers than an account may before you are told. Strangers are people ' +
    'that this account has not written to before, and who have not written to it first.',
  'account.new-client': 'has sent mail from a network and with a program that are both new to it.',
  'account.copies':
    'has sent one text to more people than ever before, and not from its usual client at home.',
  'account.watched':
    'is somewhat unusual day after day: enough to watch it, too little to suspend it.',
};

/** Undefined: the notice is about something else. */
export function passedSubject(
  { event, observed }: Notice,
  who: string,
  at: string,
): string | undefined {
  if (!isPassedEvent(event)) return undefined;
  const mode = observed === true ? 'mode observe' : 'the mail passed';
  return `[postern] ${who} ${subjects[event]} ${at} (${mode})`;
}

export function passedOpening({ event, observed }: Notice, who: string): string | undefined {
  if (!isPassedEvent(event)) return undefined;
  const passed =
    event === 'account.watched'
      ? 'Mail that is unusual enough is held as always; all other mail passes. '
      : 'THE MAIL PASSED, and further mail passes as before. ';
  const means =
    observed === true ? 'The mode is observe for this account, so NOTHING IS STOPPED. ' : passed;
  return (
    `${who} ${openings[event]} ${means}` +
    'The owner may have sent it, or somebody else who knows the password. Ask the owner.'
  );
}

/** What to do next, line by line. */
export function passedNext({ account, event, observed }: Notice): readonly string[] {
  if (!isPassedEvent(event)) return [];
  const words = (verb: string, ...more: string[]): string =>
    `  ${shellWords('postern', 'accounts', verb, account, ...more)}`;
  const expect = words('expect', '--recipients', '300', '--until', 'tomorrow');
  const isMailing = event === 'account.reach' || event === 'account.copies';
  return [
    ...(isMailing ? ['If the owner sends such mailings: announce the next one', expect] : []),
    'How many strangers a thief of the password could reach',
    words('bound'),
    observed === true
      ? 'If it was not the owner: change the password, and let Postern act'
      : 'If it was not the owner: stop the account, then change the password',
    observed === true ? '  postern mode guard' : words('suspend', '--hijacked'),
  ];
}
