/**
 * Decides which mail log is read: the one that the operator set, or one that is found. The search
 * takes the first of these: the file that Postfix writes directly (maillog_file), a file that a
 * syslog daemon has written to within 24 hours, the systemd journal, any file.
 */
import { type Stats, statSync } from 'node:fs';
import { dayMs, type Millis } from '../../lib/time.ts';

export type LogSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'journal' }
  | { readonly kind: 'off' }
  /** There is no log yet. */
  | { readonly kind: 'none' };

/** Where syslog daemons write mail: Debian, Red Hat, SUSE. */
const usualFiles = ['/var/log/mail.log', '/var/log/maillog', '/var/log/mail'] as const;
const journals = ['/run/log/journal', '/var/log/journal'] as const;
/** The socket of systemd-journald. */
const journalSocket = '/run/systemd/journal/socket';

/** What the choice for `auto` depends on. */
export type LogEnvironment = {
  /** Postfix's maillog_file; empty if Postfix logs through syslog. */
  readonly maillogFile: string;
  readonly now: Millis;
  readonly files: readonly {
    readonly path: string;
    readonly isFile: boolean;
    readonly writtenAt: number;
  }[];
  readonly hasJournal: boolean;
};

/** `setting` is mail_log.source. `environment` is called only for `auto`. */
export function sourceOf(setting: string, environment: () => LogEnvironment): LogSource {
  if (setting === 'off') return { kind: 'off' };
  if (setting === 'journal') return { kind: 'journal' };
  return setting === 'auto' ? found(environment()) : { kind: 'file', path: setting };
}

function found({ maillogFile, now, files, hasJournal }: LogEnvironment): LogSource {
  const regular = files.filter(({ isFile }) => isFile);
  const own = regular.find(({ path }) => path === maillogFile);
  // Postfix creates the file with its first line. A container's /dev/stdout cannot be read.
  if (own === undefined && maillogFile !== '' && !maillogFile.startsWith('/dev/')) {
    return { kind: 'file', path: maillogFile };
  }
  const fresh = regular.find(({ writtenAt }) => now - writtenAt < dayMs);
  const file = own ?? fresh ?? (hasJournal ? undefined : regular[0]);
  if (file !== undefined) return { kind: 'file', path: file.path };
  return hasJournal ? { kind: 'journal' } : { kind: 'none' };
}

/** Looks at this machine. */
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
    return undefined; // in a folder that Postern may not read
  }
}
