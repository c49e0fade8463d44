/**
 * Writes a notice for a person: which account, since when, how much was delivered, how much was
 * stopped, why, and the command that undoes it. Plain text, 76 columns where the words allow. Pure.
 */
import type { Notice } from '../../core/notice.ts';
import { isPassedEvent } from '../../core/telling/passed-notice.ts';
import { withoutControls } from '../../lib/peer-text.ts';
import { shellWords } from '../../lib/shell-words.ts';
import { atRiskOpening, atRiskSubject } from './at-risk-text.ts';
import { brakeNext, brakeOpening, brakeSubject, isBrake } from './brake-text.ts';
import { checklistOpening, checklistSubject } from './checklist-text.ts';
import { drillOpening, drillSubject } from './drill-text.ts';
import { factLines } from './facts-text.ts';
import { passedNext, passedOpening, passedSubject } from './passed-text.ts';
import { bulkSubject, laneSubject, providerOpening } from './provider-text.ts';

export type NoticeText = { readonly subject: string; readonly body: string };

const width = 76;

export function noticeText(notice: Notice): NoticeText {
  const sections = [
    opening(notice),
    facts(notice),
    why(notice),
    next(notice),
    `Notice ${notice.id}, sent by Postern on ${notice.host}.`,
  ];
  const body = sections.filter((section) => section !== '').join('\n\n');
  return { subject: subject(notice), body: `${body}\n` };
}

function subject(notice: Notice): string {
  const { host, leaked, stopped } = notice;
  const who = oneLine(notice.account);
  const at = `on ${oneLine(host)}`;
  const reached = `${count(leaked.recipients, 'recipient')} reached`;
  const halted = `${count(stopped.messages, 'message')} stopped`;
  const passed = passedSubject(notice, who, at);
  if (passed !== undefined) return passed;
  switch (notice.event) {
    case 'account.suspended':
      return `[postern] ${who} suspended ${at}: ${reached}, ${halted}`;
    case 'account.holding':
      return `[postern] mail of ${who} is held ${at}`;
    case 'account.full':
      return `[postern] mail of ${who} is put off ${at}: much is held already`;
    case 'account.waiting':
      return who === ''
        ? `[postern] several accounts wait for your decision ${at}`
        : `[postern] ${who} waits for your decision ${at}`;
    case 'account.would-suspend':
      return `[postern] ${who} would be suspended ${at} (mode observe): ${reached}`;
    case 'account.foreign':
      return who === ''
        ? `[postern] several accounts write as others ${at}`
        : `[postern] ${who} writes as others ${at}`;
    case 'ledger.failing':
      return `[postern] the ledger cannot be written ${at}`;
    case 'guard.trouble':
      return `[postern] the guard needs attention ${at}`;
    case 'guard.brake':
      return brakeSubject(at);
    case 'dkim.record':
      return `[postern] a DKIM record of ${who} needs attention`;
    case 'dkim.lost':
      return `[postern] DKIM key of ${who} is missing from DNS; signing with it has stopped`;
    case 'lane.changed':
      return laneSubject(who, at, notice);
    case 'bulk.near':
      return bulkSubject(who, at);
    case 'inbound.at-risk':
      return atRiskSubject(count(stopped.messages, 'message'), at);
    case 'authors.observing':
      return `[postern] accounts that write as others are observed ${at}`;
    case 'authors.observed':
      return `[postern] mail with a foreign From is unsigned from now on ${at}`;
    case 'checklist.changed':
      return checklistSubject(at, notice);
    case 'drill':
      return drillSubject(at, notice);
    default:
      return `[postern] test notice from ${oneLine(host)}`;
  }
}

function opening(notice: Notice): string {
  const who = oneLine(notice.account);
  const told = openingOfOthers(notice.event) ?? passedOpening(notice, who);
  if (told !== undefined) return fold(told);
  switch (notice.event) {
    case 'account.suspended':
      return fold(
        `${who} looks hijacked. Postern has suspended the account and holds all its mail. ` +
          'When much is held, further mail is answered with 451: its senders keep it.',
      );
    case 'account.holding':
      return fold(holdingOpening(notice, who));
    case 'account.full':
      return fold(
        `As much mail of ${who} is held as may be (suspension.held_messages_max, ` +
          'suspension.held_megabytes_max). Further mail that would be held is answered with ' +
          '452 or 451: its senders keep it and try again. Nothing is lost, but it waits for you.',
      );
    case 'account.waiting':
      return fold(
        'This waits for your decision. Time changes nothing: Postern only reminds you, less and ' +
          'less often, and stops after 30 days.',
      );
    case 'account.would-suspend':
      return fold(
        `${who} looks hijacked. The mode is observe, so NOTHING WAS STOPPED. ` +
          'Change the password of the account and look at the queue of your mail server. ' +
          'To let Postern stop such mail: postern mode guard',
      );
    case 'account.foreign':
      return fold(
        'The From of this mail has an author that nothing on this server allows its account to ' +
          'use. No key of this server signs such mail, so receivers may refuse it. If the ' +
          'account may write as this author, allow it. If not, the account may be in the hands ' +
          'of others.',
      );
    case 'ledger.failing':
      return fold(
        'Postern cannot write to its ledger; most often the disk is full. ' +
          'Mail is answered as ledger.when_failing says. ' +
          'What Postern learns and decides now may be lost at a restart. ' +
          '`postern doctor` checks the ledger.',
      );
    case 'guard.trouble':
      return fold('A part of Postern does not work as it should. /health says so too.');
    case 'dkim.record':
      return fold(`A DKIM record of ${who} in the DNS needs your attention.`);
    case 'dkim.lost':
      return fold(
        `A DKIM record of ${who} is missing from the DNS. ` +
          'Postern does not sign with this key until the record is back.',
      );
    case 'authors.observing':
      return fold(
        'When the observation ends, a domain’s DKIM key signs only mail of accounts that may ' +
          'write as the address in From. Until then mail of accounts that are known is signed as ' +
          'before, and Postern notes who writes as others. Mail of a new, watched or suspended ' +
          'account that writes as another leaves unsigned at once. Look at the list and confirm ' +
          'it before the end.',
      );
    case 'authors.observed':
      return fold(
        'The time of observation is over. Mail whose account may not write as the address in ' +
          'From leaves unsigned. These pairs were seen; allow those that are honest.',
      );
    default:
      return fold('This is a test. If you can read it, notices on this channel reach you.');
  }
}

function holdingOpening({ falseAlarm }: Notice, who: string): string {
  const goesOn =
    falseAlarm === undefined
      ? 'If sending returns to normal and at most 10 messages are held, Postern delivers them ' +
        'automatically. If it goes on, the mail waits for you.'
      : 'So much is unusual that THE MAIL WAITS FOR YOU: nothing leaves automatically. ' +
        'Until you decide, only mail to people that the account knows passes, from its own ' +
        'network and program.';
  return (
    `Postern is holding mail of ${who} because it is unusual for this account. ${goesOn} ` +
    'If more points to a hijack, Postern suspends the account.'
  );
}

/** Of notices that have their words in a file of their own. */
function openingOfOthers(event: Notice['event']): string | undefined {
  if (event === 'inbound.at-risk') return atRiskOpening;
  if (event === 'drill') return drillOpening;
  if (event === 'guard.brake') return brakeOpening;
  return event === 'checklist.changed' ? checklistOpening : providerOpening(event);
}

function facts(notice: Notice): string {
  const { event } = notice;
  if (event === 'drill') return `At       ${notice.at}`;
  if (event === 'test' || event === 'ledger.failing' || /^guard\./.test(event))
    return `At       ${notice.at}`;
  if (event === 'dkim.record' || event === 'dkim.lost') {
    return `Domain   ${oneLine(notice.account)}\nAt       ${notice.at}`;
  }
  const plainly = ['account.waiting', 'account.foreign', 'lane.changed', 'bulk.near'];
  if (plainly.includes(event) || /^(?:authors|checklist|inbound)\./.test(event)) {
    return `At       ${notice.at}`;
  }
  if (isPassedEvent(event)) {
    const about = [`Account  ${oneLine(notice.account)}`, `At       ${notice.at}`];
    return [...about, ...factLines(notice.facts, fold)].join('\n');
  }
  const { leaked, since } = notice;
  const lines = [
    `Account  ${oneLine(notice.account)}`,
    `Since    ${event === 'account.suspended' ? `${since}, suspended ${notice.at}` : since}`,
    `Sent     ${count(leaked.messages, 'message')} to ${count(leaked.recipients, 'recipient')} ` +
      'since the first sign',
    ...reachedLines(notice),
    ...factLines(notice.facts, fold),
    stoppedLine(notice),
  ];
  if (event === 'account.holding' || event === 'account.full') {
    return [...lines.slice(0, 2), ...factLines(notice.facts, fold)].join('\n');
  }
  if (notice.event === 'account.would-suspend') return lines.join('\n');
  const login = notice.loginClosed
    ? 'closed, and its sessions were ended'
    : 'NOT closed by Postern: change the password now';
  return [...lines, `Login    ${login}`].join('\n');
}

function stoppedLine({ event, stopped, wouldStop }: Notice): string {
  if (event === 'account.would-suspend') {
    const would = wouldStop === undefined ? '' : count(wouldStop.messages, 'message');
    return `Stopped  nothing${would === '' ? '' : `; mode guard would have stopped ${would}`}`;
  }
  const messages = count(stopped.messages, 'message');
  return `Stopped  ${messages}, ${stopped.fromQueue} of them pulled back from the queue`;
}

/** Some recipients, how many more there are, and the command that lists all. */
function reachedLines({ id, leaked, reached = [] }: Notice): readonly string[] {
  if (reached.length === 0) return [];
  const more = leaked.recipients - reached.length;
  const rest = more > 0 ? ` and ${more} more` : '';
  const named = fold(`${reached.map(oneLine).join(', ')}${rest}`, 'Reached  ', '         ');
  return [named, `         All of them: postern incidents show ${oneLine(id)}`];
}

function why(notice: Notice): string {
  if (notice.reasons.length === 0) return '';
  const lines = notice.reasons.slice(0, 20).map(({ signal, text }) =>
    // A record stays on one line, however long, because the reader copies it.
    signal === 'record' ? `  ${oneLine(text)}` : fold(oneLine(text), '  - ', '    '),
  );
  const more = notice.reasons.length - lines.length;
  const heading = notice.event === 'checklist.changed' ? 'Changed' : 'Why';
  const title = notice.event === 'drill' ? 'Found' : heading;
  return [title, ...lines, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n');
}

/** The command by which a person says that the account was hijacked. */
function hijacked({ account }: Notice): string {
  return `${shellWords('postern', 'accounts', 'suspend', oneLine(account))} --hijacked`;
}

/** Both releases. A notice that an earlier version stored has them without their option. */
function releases({ falseAlarm, undo }: Notice): {
  readonly keep: string;
  readonly honest: string;
} {
  const keep = oneLine(undo);
  if (falseAlarm !== undefined) return { keep, honest: oneLine(falseAlarm) };
  return { keep: `${keep} --hijacked`, honest: `${keep} --false-alarm` };
}

function next(notice: Notice): string {
  if (isBrake(notice)) return brakeNext(oneLine(notice.explain)).join('\n');
  const lines: string[] = [];
  if (notice.explain !== '') lines.push('Details', `  ${oneLine(notice.explain)}`);
  if (notice.page !== undefined) lines.push('On the status page', `  ${oneLine(notice.page)}`);
  if (notice.event === 'account.suspended') {
    const { honest, keep } = releases(notice);
    lines.push('If it was a hijack: refuse its mail from now on', `  ${hijacked(notice)}`);
    lines.push('After the password is changed (held mail stays held)', `  ${keep}`);
    lines.push('If the mail was legitimate (held mail is delivered)', `  ${honest}`);
  } else if (notice.event === 'account.would-suspend') {
    lines.push('If the mail was legitimate', `  ${releases(notice).honest}`);
  } else if (notice.event === 'account.holding' || notice.event === 'account.full') {
    lines.push(...ifOwnerSent(notice));
    lines.push('If not: stop the account', `  ${hijacked(notice)}`);
  } else if (notice.event === 'account.waiting' && notice.undo !== '') {
    lines.push('If the owner sent it', `  ${oneLine(notice.undo)}`);
    lines.push('If not: stop the account', `  ${hijacked(notice)}`);
  } else if (isPassedEvent(notice.event)) {
    lines.push(...passedNext({ ...notice, account: oneLine(notice.account) }));
  } else if (notice.event === 'account.foreign') {
    if (notice.undo !== '') lines.push('If it may: allow it', `  ${oneLine(notice.undo)}`);
  } else if (notice.undo !== '') lines.push('To undo this', `  ${oneLine(notice.undo)}`);
  return lines.join('\n');
}

/** What waits for a person goes on waiting after its messages have left: only a release ends it. */
function ifOwnerSent({ event, falseAlarm, undo }: Notice): readonly string[] {
  return falseAlarm === undefined || event !== 'account.holding'
    ? ['If the owner sent it: deliver the held mail now', `  ${oneLine(undo)}`]
    : ['If the owner sent it: deliver it, and let such mail pass', `  ${oneLine(falseAlarm)}`];
}

function count(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? '' : 's'}`;
}

/**
 * Removes line breaks, so that a stranger's subject or name cannot start a new line or header, and
 * marks that turn the direction of the text, so that it cannot look like other words.
 */
function oneLine(text: string): string {
  return withoutControls(text, ' ').slice(0, 1_000);
}

function fold(text: string, first = '', rest = ''): string {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = rest;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line].join('\n');
}
