/** Accounts as text for a terminal. Pure. */

import { isLocal } from '../../core/account-name.ts';
import { megabytes } from '../../core/explain.ts';
import type { ShownReason } from '../../core/reason.ts';
import { releaseCommands } from '../../core/release-commands.ts';
import { isHeldFull } from '../../core/verdict.ts';
import { shellWords } from '../../lib/shell-words.ts';
import type { AccountView, IncidentView, StoryView } from '../../ports/admin.ts';
import type { IncidentDetail } from '../../ports/asking.ts';
import type { AuditRow, ExemptionRow } from '../../ports/ledger.ts';
import { gotOutText, stoppedText } from '../find/incident-words.ts';
import { leakedText } from '../find/leaked-text.ts';
import type { FoundAccount } from '../guard/client.ts';
import { many, plain, verdictWord } from '../terminal/format.ts';
import { clock, paint, paintState, table } from '../terminal/table.ts';
import { factsText } from './facts-text.ts';

/** Rows shown of stories, incidents and the record, the newest first. `--json` has all. */
const shownMax = 10;

export function accountListText(rows: readonly AccountView[]): string {
  if (rows.length === 0) return 'No account matches.\n';
  return table(
    [
      { title: 'ACCOUNT' },
      { title: 'STATE' },
      { title: 'EVIDENCE', align: 'right' },
      { title: 'MESSAGES TODAY', align: 'right' },
      { title: 'RECIPIENTS TODAY', align: 'right' },
      { title: 'LAST MAIL' },
      { title: 'WHY' },
    ],
    rows.map((one) => [
      plain(one.account),
      paintState(one.state, one.observed),
      one.evidence.toFixed(2),
      String(one.messagesToday),
      String(one.recipientsToday),
      clock(one.lastSeen),
      whyLine(one),
    ]),
  );
}

export function exemptionListText(rows: readonly ExemptionRow[]): string {
  if (rows.length === 0) return 'No account is exempt.\n';
  return table(
    [
      { title: 'ACCOUNT' },
      { title: 'EXEMPT UNTIL' },
      { title: 'SINCE' },
      { title: 'BY' },
      { title: 'NOTE' },
    ],
    rows.map((one) => [
      plain(one.account),
      clock(one.until),
      clock(one.at),
      plain(one.by),
      plain(one.note),
    ]),
  );
}

/**
 * The exemption if there is one, because nothing else counts then; else that mail waits for a
 * person; else the strongest reason.
 */
function whyLine({ exemptUntil, reasons, state, waitsSince }: AccountView): string {
  if (isSet(exemptUntil) && state !== 'suspended') return `exempt until ${clock(exemptUntil)}`;
  if (isSet(waitsSince)) return `waits for you since ${clock(waitsSince)}`;
  return plain(state === 'clear' ? '' : (reasons[0]?.text ?? ''));
}

/** A value that JSON leaves out is undefined; a row of the ledger has null instead. */
function isSet<Value>(value: Value | undefined | null): value is Value {
  return value !== undefined && value !== null;
}

/** `latest`: what got out in its latest incident. */
export function accountText(found: FoundAccount, latest?: IncidentDetail): string {
  const { account, incidents, stories, audit, facts } = found;
  return [
    summary(account),
    why(account, incidents),
    account.state === 'clear' && facts?.messages === 0 ? '' : factsText(facts),
    incidentLines(incidents),
    latest === undefined ? '' : leakedLines(latest),
    storyLines(stories),
    recordLines(audit),
    whatNext(account),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function summary(one: AccountView): string {
  const { exemptUntil } = one;
  const exempt = isSet(exemptUntil)
    ? `Exempt until ${clock(exemptUntil)}: everything passes.\n`
    : '';
  const weak = one.weakPassword === '' ? '' : `${plain(capital(one.weakPassword))}.\n`;
  const own = one.probation === '' ? '' : `${plain(capital(one.probation))}.\n`;
  return (
    `${plain(one.account)}: ${paintState(one.state, one.observed)}\n` +
    `${one.observed ? 'Mode observe: nothing is stopped, and all its mail passes.\n' : ''}` +
    `Evidence ${one.evidence.toFixed(2)} (from 1 on a message is held; from 2.5 on, with a ` +
    'second kind of evidence, the account is suspended). ' +
    `Last mail ${clock(one.lastSeen)}.\n` +
    `Today ${many(one.messagesToday, 'message')} to ${many(one.recipientsToday, 'recipient')}; ` +
    `${knownText(one)}\n` +
    `${heldLine(one)}${waitsLine(one)}${exempt}${expectedLine(one)}${weak}${own}${toldLines(one)}`
  );
}

function knownText(one: AccountView): string {
  const { importedRecipients, knownRecipients } = one;
  const known = many(knownRecipients, 'recipient');
  // A guard of an earlier version does not say it.
  const imported = importedRecipients ?? 0;
  return imported === 0
    ? `${known} known from earlier mail${wroteFirst(one)}.`
    : `${known} known, ${imported} of them imported${wroteFirst(one)}.`;
}

/** The mailing that an operator announced. */
function expectedLine({ account, expected }: AccountView): string {
  if (!isSet(expected)) return '';
  const { by, left, recipients, until } = expected;
  const used = left === 0 ? ' All are used up: further new recipients count again.' : '';
  return (
    `Announced by ${plain(by)} until ${clock(until)}: ${many(recipients, 'new recipient')}, ` +
    `${left} left.${used} ` +
    `To end it: ${shellWords('postern', 'accounts', 'expect', account, '--cancel')}\n`
  );
}

const toldTexts: Readonly<Record<AccountView['told'][number]['what'], string>> = {
  reach: 'many strangers reached',
  'new-client': 'a network and a program that are new to it',
  copies: 'one text to many people',
  watched: 'watched for days',
};

/** Notices about its mail that passed. A guard of an earlier version does not say this. */
function toldLines({ told }: Partial<Pick<AccountView, 'told'>>): string {
  return (told ?? [])
    .map(({ at, text, what }) => {
      const more = text === '' ? '' : ` (${text})`;
      return `Told ${clock(at)}, its mail passed: ${toldTexts[what]}${more}.\n`;
    })
    .join('');
}

/** Of mail that comes in, if it is verified. */
function wroteFirst({ wroteFirst: count = 0 }: AccountView): string {
  return count === 0 ? '' : `, and ${many(count, 'correspondent')} who wrote to it`;
}

/** How much of its mail is held, how much may be, and what its senders are answered. */
function heldLine(one: AccountView): string {
  const { held, heldMax, hijackedAt, state } = one;
  const hijacked = isSet(hijackedAt);
  const later = hijacked ? `Hijacked, as an operator said ${clock(hijackedAt)}.\n` : '';
  if (held.messages === 0 && (state !== 'suspended' || one.observed)) return later;
  const size = megabytes(held.bytes);
  if (!isSet(heldMax)) return `${many(held.messages, 'message')} held (${size}).\n${later}`;
  const most = `${held.messages} of at most ${heldMax.messages} messages held`;
  const full = isHeldFull(held, heldMax) && !hijacked ? fullText(one) : '';
  return `${most} (${size} of ${megabytes(heldMax.bytes)}).${full}\n${later}`;
}

/** A guard of an earlier version does not say it. */
function waitsLine({ waitsSince }: Partial<AccountView>): string {
  if (!isSet(waitsSince)) return '';
  return (
    `Waits for you since ${clock(waitsSince)}: until you decide, only mail to people it knows ` +
    'passes, from its own network and program; all other mail is held.\n'
  );
}

function fullText({ account, state }: Pick<AccountView, 'account' | 'state'>): string {
  if (isLocal(account)) return ' Further mail is held too: it comes from this machine.';
  return state === 'suspended'
    ? ' Further mail is answered with 451, and its senders keep it.'
    : ' Further mail that would be held is answered with 452, and its senders keep it.';
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Reasons. Those of a suspended account come from its incident: its evidence has faded since. */
function why(account: AccountView, incidents: readonly IncidentView[]): string {
  const open = incidents.find((one) => isOpen(one));
  const reasons = account.state === 'suspended' ? (open?.reasons ?? []) : account.reasons;
  if (account.state === 'clear' || reasons.length === 0) return '';
  return `${paint('bold', 'Why')}\n${reasonLines(reasons)}`;
}

function leakedLines(latest: IncidentDetail): string {
  const show = shellWords('postern', 'incidents', 'show', latest.incident.id);
  const more = latest.leaked.length > shownMax ? `All of them: ${show}\n` : '';
  return leakedText(latest, shownMax) + more;
}

/** A line for each reason with its weight, `  - … (1.40)`, strongest first. */
export function reasonLines(reasons: readonly ShownReason[]): string {
  return reasons.map(({ text, weight }) => `  - ${plain(text)} (${weight.toFixed(2)})\n`).join('');
}

function incidentLines(incidents: readonly IncidentView[]): string {
  if (incidents.length === 0) return '';
  const lines = incidents.slice(0, shownMax).map((one) => {
    const end = isOpen(one)
      ? 'not ended'
      : `ended ${clock(one.endedAt ?? 0)} by ${plain(one.endedBy)}`;
    return (
      `  ${clock(one.suspendedAt)}  first sign ${clock(one.since)}; ${gotOutText(one)}, ` +
      `${stoppedText(one)}; login ${one.loginClosed ? 'closed' : 'not closed'}; ${end}\n`
    );
  });
  return `${paint('bold', 'Incidents')}\n${lines.join('')}`;
}

function isOpen(incident: IncidentView): boolean {
  return !isSet(incident.endedAt);
}

function storyLines(stories: readonly StoryView[]): string {
  if (stories.length === 0) return '';
  const lines = stories
    .slice(0, shownMax)
    .map(
      (one) =>
        `  ${clock(one.at)}  ${one.id}  ${verdictWord(one.verdict, one.observed)}, ` +
        `${many(one.recipients, 'recipient')}: ${plain(one.reasons[0]?.text ?? 'no reason')}\n`,
    );
  return `${paint('bold', 'Messages held, delayed or refused')}\n${lines.join('')}`;
}

function recordLines(audit: readonly AuditRow[]): string {
  if (audit.length === 0) return '';
  const lines = audit.slice(0, shownMax).map((one) => {
    const detail = one.detail === '' ? '' : `: ${plain(one.detail)}`;
    return `  ${clock(one.at)}  ${plain(one.action)} by ${plain(one.by)}${detail}\n`;
  });
  return `${paint('bold', 'History')}\n${lines.join('')}`;
}

function whatNext(one: AccountView): string {
  const { account, held, hijackedAt, observed, state } = one;
  const release = releaseCommands(account);
  const words = (verb: string): string => shellWords('postern', 'accounts', verb, account);
  if (state !== 'suspended' && isSet(one.waitsSince)) {
    return (
      'If the owner sent it (held mail is delivered, and such mail passes from now on):\n' +
      `  ${release.falseAlarm}\nIf not: stop the account:\n  ${words('suspend')} --hijacked\n`
    );
  }
  if (state !== 'suspended') {
    const deliver = shellWords('postern', 'held', 'release', '--account', account);
    const honest =
      held.messages === 0 ? '' : `If the owner sent it: deliver the held mail now:\n  ${deliver}\n`;
    const stop = `If not: stop the account:\n  ${words('suspend')} --hijacked\n`;
    if (honest !== '') return honest + stop;
    return state === 'clear' ? '' : `To stop this account: ${words('suspend')}\n`;
  }
  if (observed) {
    return (
      'If it was a hijack: change its password now. To let Postern act: postern mode guard\n' +
      `If it was honest mail (what was seen counts as normal):\n  ${release.falseAlarm}\n`
    );
  }
  const hijack = isSet(hijackedAt)
    ? ''
    : `If it was a hijack: refuse its mail from now on:\n  ${words('suspend')} --hijacked\n`;
  return (
    hijack +
    `If it was a hijack, after you changed the password:\n  ${release.hijacked}\n` +
    `If it was honest mail (held mail is delivered):\n  ${release.falseAlarm}\n`
  );
}
