/**
 * A notice as a person reads it at three in the morning: who, since when, how many got out, how
 * many were stopped, why, and the command that undoes it. Plain text, 76 columns where the words
 * allow. Pure.
 */
import type { Notice } from '../../core/notice.ts';

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
  const numbers = `${count(leaked.recipients, 'recipient')} reached, ${count(stopped.messages, 'message')} stopped`;
  switch (notice.event) {
    case 'account.suspended':
      return `[postern] ${who} suspended ${at}: ${numbers}`;
    case 'account.holding':
      return `[postern] mail of ${who} is held ${at}`;
    case 'account.would-suspend':
      return `[postern] ${who} would be suspended ${at} (only observing): ${count(leaked.recipients, 'recipient')} reached`;
    case 'ledger.failing':
      return `[postern] the ledger cannot be written ${at}`;
    case 'dkim.record':
      return `[postern] please see to a DKIM record of ${who}`;
    case 'dkim.lost':
      return `[postern] a DKIM key of ${who} is lost from DNS: it signs no more`;
    default:
      return `[postern] test notice from ${oneLine(host)}`;
  }
}

function opening(notice: Notice): string {
  const who = oneLine(notice.account);
  switch (notice.event) {
    case 'account.suspended':
      return fold(`${who} looks hijacked. Postern has suspended it: nothing more goes out.`);
    case 'account.holding':
      return fold(
        `Mail of ${who} is held: it is not like this account. It leaves by itself when the account calms down, and the ` +
          'account is suspended if it goes on.',
      );
    case 'account.would-suspend':
      return fold(
        `${who} looks hijacked. Postern only observes, so NOTHING WAS STOPPED. Change its password and look at the queue ` +
          'of your mail server; or set mode = "guard" in /etc/postern/postern.toml.',
      );
    case 'ledger.failing':
      return fold(
        'Postern cannot write to its ledger. Mail is answered as configured; what it learns and decides now may be ' +
          'forgotten at a restart. Most often the disk is full.',
      );
    case 'dkim.record':
      return fold(`Please look at a DNS record of ${who}.`);
    case 'dkim.lost':
      return fold(`A DKIM record of ${who} was there and is not any more.`);
    default:
      return fold('This is a test. If you read it, notices by this road reach you.');
  }
}

function facts(notice: Notice): string {
  const { event } = notice;
  if (event === 'test' || event === 'ledger.failing') return `At       ${notice.at}`;
  if (event === 'dkim.record' || event === 'dkim.lost') {
    return `Domain   ${oneLine(notice.account)}\nAt       ${notice.at}`;
  }
  const { leaked, stopped } = notice;
  const lines = [
    `Account  ${oneLine(notice.account)}`,
    `Since    ${notice.since}${notice.event === 'account.suspended' ? `, suspended ${notice.at}` : ''}`,
    `Got out  ${count(leaked.messages, 'message')} to ${count(leaked.recipients, 'recipient')}`,
    `Stopped  ${count(stopped.messages, 'message')}, ${stopped.fromQueue} of them taken from the queue`,
  ];
  if (notice.event === 'account.holding') return lines.slice(0, 2).join('\n');
  if (notice.event === 'account.would-suspend') return lines.slice(0, 3).join('\n');
  const login = notice.loginClosed
    ? 'closed, its sessions ended'
    : 'NOT closed by Postern: change the password now';
  return [...lines, `Login    ${login}`].join('\n');
}

function why(notice: Notice): string {
  if (notice.reasons.length === 0) return '';
  const lines = notice.reasons.slice(0, 20).map(({ signal, text }) =>
    // A record is to be copied: on one line, however long.
    signal === 'record' ? `  ${oneLine(text)}` : fold(oneLine(text), '  - ', '    '),
  );
  const more = notice.reasons.length - lines.length;
  return ['Why', ...lines, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n');
}

function next(notice: Notice): string {
  const lines: string[] = [];
  if (notice.explain !== '') lines.push('To see it all', `  ${oneLine(notice.explain)}`);
  if (notice.event === 'account.suspended') {
    const undo = oneLine(notice.undo);
    lines.push('When the password is changed (its held mail stays held)', `  ${undo} --keep-held`);
    lines.push('If it was honest mail (all of it goes out)', `  ${undo} --false-alarm`);
  } else if (notice.event === 'account.would-suspend') {
    lines.push('If it was honest mail', `  ${oneLine(notice.undo)} --false-alarm`);
  } else if (notice.event === 'account.holding') {
    lines.push('To let its held mail go', `  ${oneLine(notice.undo)}`);
  } else if (notice.undo !== '') lines.push('To undo it', `  ${oneLine(notice.undo)}`);
  return lines.join('\n');
}

function count(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? '' : 's'}`;
}

/** Subjects and names of strangers must not start a line or a header of their own. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 1_000);
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
