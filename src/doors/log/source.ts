/**
 * Which log is read: what the operator set, or what is found. Found is, in this order: the file
 * that Postfix writes itself (maillog_file), the file that a syslog daemon has written to within a
 * day, the systemd journal, a file in any case.
 */
import { type Stats, statSync } from 'node:fs';
import { dayMs, type Millis } from '../../lib/time.ts';

export type LogSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'journal' }
  | { readonly kind: 'off' }
  /** There is none yet. */
  | { readonly kind: 'none' };

/** Where syslog daemons write mail: Debian, Red Hat, SUSE. */
const usualFiles = ['/var/log/mail.log', '/var/log/maillog', '/var/log/mail'] as const;
const journals = ['/run/log/journal', '/var/log/journal'] as const;
/** systemd-journald listens there. */
const journalSocket = '/run/systemd/journal/socket';

/** What `auto` looks at. */
export type LogEnvironment = {
  /** Postfix's maillog_file; empty where it logs through syslog. */
  readonly maillogFile: string;
  readonly now: Millis;
  readonly files: readonly {
    readonly path: string;
    readonly isFile: boolean;
    readonly writtenAt: number;
  }[];
  readonly hasJournal: boolean;
};

/** `setting`: mail_log.source. `around` is asked only for `auto`. */
export function sourceOf(setting: string, around: () => LogEnvironment): LogSource {
  if (setting === 'off') return { kind: 'off' };
  if (setting === 'journal') return { kind: 'journal' };
  return setting === 'auto' ? found(around()) : { kind: 'file', path: setting };
}

function found({ maillogFile, now, files, hasJournal }: LogEnvironment): LogSource {
  const regular = files.filter(({ isFile }) => isFile);
  const own = regular.find(({ path }) => path === maillogFile);
  // Postfix makes it when it first logs. A container's /dev/stdout is nothing to read from.
  if (own === undefined && maillogFile !== '' && !maillogFile.startsWith('/dev/')) {
    return { kind: 'file', path: maillogFile };
  }
  const fresh = regular.find(({ writtenAt }) => now - writtenAt < dayMs);
  const file = own ?? fresh ?? (hasJournal ? undefined : regular[0]);
  if (file !== undefined) return { kind: 'file', path: file.path };
  return hasJournal ? { kind: 'journal' } : { kind: 'none' };
}

/** The machine as it is. */
export function logEnvironment(maillogFile: string, now: Millis): LogEnvironment {
  const paths = maillogFile === '' ? usualFiles : [maillogFile, ...usualFiles];
  const files = paths.flatMap((path) => {
    const about = statOf(path);
    if (about === undefined) return [];
    return [{ path, isFile: about.isFile(), writtenAt: about.mtimeMs }];
  });
  const hasJournal =
    statOf(journalSocket) !== undefined && journals.some((path) => statOf(path) !== undefined);
  return { maillogFile, now, files, hasJournal };
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // in a folder that is closed to us
  }
}
