/** Checks that the guard reads the mail log. Pure. */
import { type Finding, fine } from '../finding.ts';

export type MailLogFacts = {
  /** mail_log.source. */
  readonly source: string;
  /** The logs that were found; empty where there are none. */
  readonly names: string;
  /** Counts of the running guard: logs that it reads, logs that it should read, lines. */
  readonly reading: number;
  readonly wanted: number;
  readonly lines: number;
  /** Lines that are of mail and were not understood, and their most frequent shapes. */
  readonly strange: number;
  readonly shapes: readonly string[];
  /** What the guard says is wrong (log-health.ts). */
  readonly troubles: readonly string[];
};

/** New versions of mail servers have a few new lines; more than this is a fault. */
const strangeMin = 100;
const strangeShare = 0.05;

/** `unknown`: no guard runs, or it does not answer. */
export function checkMailLog(log: MailLogFacts | 'unknown'): Finding {
  const id = 'mail-log.read';
  const title = 'Mail log';
  const wanted = 'a log that shows failed logins and unknown recipients';
  if (log === 'unknown') {
    const fix = 'start Postern, then run doctor again';
    return {
      id,
      kind: 'unknown',
      title,
      found: 'not known: the guard does not answer',
      wanted,
      fix,
    };
  }
  const { names, source } = log;
  if (source === 'off' && log.wanted === 0) {
    const fix = 'set mail_log.source = "auto" in postern.toml';
    const found = 'not read: mail_log.source = "off"';
    return { id, kind: 'warn', title, found, wanted, fix };
  }
  if (names === '') {
    const fix =
      'apt-get install rsyslog, or name the file: mail_log.source = "/path" in postern.toml';
    const found = 'not found';
    return { id, kind: 'warn', title, found, wanted, fix };
  }
  if (log.reading < log.wanted) {
    const found = `${log.reading} of ${log.wanted} logs can be read: ${names}`;
    const fix =
      'let the user postern read them: usermod -aG adm,systemd-journal postern (the service that ' +
      '`postern install` makes has these groups), then restart Postern; its log says why ' +
      '(maillog.trouble)';
    return { id, kind: 'warn', title, found, wanted: 'all of them', fix };
  }
  const [trouble] = log.troubles;
  if (trouble !== undefined) {
    const fix = 'see `postern status`, and what the log service says: `journalctl -u rsyslog`';
    return { id, kind: 'warn', title, found: trouble, wanted: 'a line for each message', fix };
  }
  if (log.strange > strangeMin && log.strange > log.lines * strangeShare) {
    const found =
      `${log.strange} of ${log.lines} lines were not understood, most often ` +
      log.shapes.map((shape) => `"${shape}"`).join(', ');
    const fix = 'report these lines, with the version of your mail server';
    return { id, kind: 'warn', title, found, wanted: 'lines that Postern understands', fix };
  }
  return fine(id, title, `${names}, ${log.lines} lines since the guard started`);
}
