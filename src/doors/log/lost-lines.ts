/**
 * Lines in which a log service says that it dropped lines of other programs:
 *
 *   systemd-journald[1]: Suppressed 1234 messages from postfix@-.service
 *   rsyslogd: imuxsock lost 123 messages from pid 99 due to rate-limiting
 *   rsyslogd[7]: imjournal: 5000 messages lost due to rate-limiting (20000 allowed within 600 s)
 */
import type { JournalRecord } from './systemd-journal.ts';

export type LostLines = { readonly source: string; readonly lines: number };

const journald = /^Suppressed (\d{1,9}) messages from ([\w@.\\/:-]{1,100})/;
const rsyslogOld = /\blost (\d{1,9}) messages from .{0,100}rate-limiting/;
const rsyslog = /\b(\d{1,9}) messages lost due to rate-limiting/;
/** journald names the unit: only those of mail programs count. */
const mailUnits = /postfix|dovecot|exim|opensmtpd|smtpd|mail/i;
const ofService = /[ >](systemd-journald|rsyslogd)(?:\[\d{1,10}\])?: /;
/** In every one of these lines. */
const telling = /Suppressed |rate-limiting/;

export function lostInLine(line: string): LostLines | undefined {
  if (!telling.test(line)) return undefined;
  const found = ofService.exec(line);
  return found === null
    ? undefined
    : lostLines(found[1] ?? '', line.slice(found.index + found[0].length));
}

export function lostInRecord({ message, tag }: JournalRecord): LostLines | undefined {
  return telling.test(message) ? lostLines(tag, message) : undefined;
}

function lostLines(program: string, text: string): LostLines | undefined {
  if (program === 'systemd-journald') {
    const [, count, unit = ''] = journald.exec(text) ?? [];
    if (count === undefined || !mailUnits.test(unit)) return undefined;
    return { source: `systemd-journald (${unit})`, lines: Number(count) };
  }
  if (program !== 'rsyslogd') return undefined;
  const [, count] = rsyslog.exec(text) ?? rsyslogOld.exec(text) ?? [];
  return count === undefined ? undefined : { source: 'rsyslogd', lines: Number(count) };
}
