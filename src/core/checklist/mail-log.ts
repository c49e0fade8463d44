/** Is the mail log read? Pure. */
import { type Finding, fine } from '../finding.ts';

export type MailLogFacts = {
  /** mail_log.source. */
  readonly source: string;
  /** Which logs; empty where none was found. */
  readonly names: string;
  /** What the running guard counts. */
  readonly reading: number;
  readonly wanted: number;
  readonly lines: number;
};

/** `unknown`: no guard runs that could tell. */
export function checkMailLog(log: MailLogFacts | 'unknown'): Finding {
  const id = 'mail-log.read';
  const title = 'failed logins and unknown recipients are seen in the mail log';
  if (log === 'unknown') {
    const mend = 'start Postern first';
    return { id, kind: 'unknown', title, found: 'not known', wanted: 'a run', mend };
  }
  const { names, source } = log;
  if (source === 'off' && log.wanted === 0) {
    const mend = 'set mail_log.source = "auto" in postern.toml';
    const found = 'mail_log.source = "off"';
    return { id, kind: 'warn', title, found, wanted: 'a mail log', mend };
  }
  if (names === '') {
    const mend =
      'apt-get install rsyslog, or name the file: mail_log.source = "/path" in postern.toml';
    const found = 'no mail log was found';
    return { id, kind: 'warn', title, found, wanted: 'a mail log', mend };
  }
  if (log.reading < log.wanted) {
    const found = `${log.reading} of ${log.wanted} can be read: ${names}`;
    const mend =
      'let its user read them: usermod -aG adm,systemd-journal postern (the service from `postern install` ' +
      'has these groups), then restart it; the log of Postern (maillog.trouble) says what is wrong';
    return { id, kind: 'warn', title, found, wanted: 'all of them', mend };
  }
  return fine(id, title, `${names}, ${log.lines} lines since the start`);
}
