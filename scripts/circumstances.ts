/**
 * The circumstances under which the unit tests run again: another date, time zone, language,
 * terminal and user. Tests that pass here pass on any day and on any machine.
 *
 * Three runs are enough. Each combines only what cannot hide anything of the other:
 *
 *   - On 29 February, at an hour when Auckland has the next day already: a date that is made
 *     without UTC is wrong by a day.
 *   - Across New Year in UTC, where the year changes for local and for UTC dates at once, on a real
 *     terminal of 60 columns. The tests must neither wait for its keyboard nor expect no colours.
 *   - Today, as a user without a name and without rights, in a zone that is 3½ hours behind UTC,
 *     with a language and a dumb terminal: neither has to do with users and dates.
 *
 * libfaketime moves the clock of the tests and of the programs that they start, all by the same
 * offset. Timers keep the real monotonic clock, because Node can hang without it. File times stay
 * real too: Node asks the kernel for them directly. So a test that compares a file time with the
 * clock fails here, unless it sets the file time.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export type Circumstance = {
  readonly name: string;
  /** Why this machine cannot have it. Undefined: it can. */
  readonly missing: string | undefined;
  /** The same command under this circumstance: faketime, script or setpriv stand before it. */
  command(words: readonly string[]): readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** A folder that the user of the run may write to. */
  readonly folder: string;
};

/** The run across New Year begins two minutes before it, or later where the tests are faster. */
const beforeNewYearMsMax = 120_000;
/** No user of Debian has this number. */
const bareUser = 64_987;

/**
 * Makes each circumstance right before its run. `home` is the checkout, `folder` is for files.
 * `lastTookMs` gives the duration of the run before, so that midnight comes in the middle of a run.
 */
export function* circumstances(
  home: string,
  folder: string,
  lastTookMs: () => number,
): Generator<Circumstance> {
  // 20:00 UTC is the next morning in Auckland, in summer and in winter.
  const leapDay = Date.UTC(2028, 1, 29, 20);
  const auckland = { TZ: 'Pacific/Auckland' };
  yield atDate('29 February 2028, TZ=Pacific/Auckland', leapDay, { env: auckland, folder });

  const newYear = Date.UTC(new Date().getUTCFullYear() + 1, 0);
  const start = newYear - Math.min(beforeNewYearMsMax, lastTookMs() / 2);
  const env = { TZ: 'UTC', COLUMNS: '60' };
  const across = atDate('across New Year, a terminal with COLUMNS=60', start, { env, folder });
  yield { ...across, command: (words) => across.command(onTerminal(words)) };

  yield asBareUser(home);
}

type Rest = Pick<Circumstance, 'env' | 'folder'> & { readonly missing?: string | undefined };

function atDate(name: string, at: number, rest: Rest): Circumstance {
  const { env, folder, missing } = rest;
  const seconds = Math.round((at - Date.now()) / 1_000);
  const offset = `${seconds < 0 ? '' : '+'}${seconds}`;
  const before = ['faketime', '-m', '--exclude-monotonic', '-f', offset];
  return {
    name,
    missing: isInstalled('faketime') ? missing : 'faketime is not installed',
    command: (words) => [...before, ...words],
    env,
    folder,
  };
}

function onTerminal(words: readonly string[]): readonly string[] {
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  return ['script', '-qec', `stty cols 60 rows 20; exec ${quoted.join(' ')}`, '/dev/null'];
}

type Locale = { readonly path: string; readonly missing: string | undefined };

/** Made for these tests alone. The locales of the machine stay as they are. */
function germanLocale(folder: string): Locale {
  const path = mkdtempSync(join(folder, 'locales-'));
  chmodSync(path, 0o755);
  const args = ['-i', 'de_DE', '-f', 'UTF-8', join(path, 'de_DE.UTF-8')];
  const made = spawnSync('localedef', args).status === 0;
  return { path, missing: made ? undefined : 'localedef cannot make de_DE.UTF-8 (locales)' };
}

function asBareUser(home: string): Circumstance {
  const name = `as user ${bareUser}, TZ=America/St_Johns, LANG=de_DE.UTF-8, TERM=dumb`;
  const user = ['--reuid', `${bareUser}`, '--regid', `${bareUser}`, '--clear-groups'];
  const command = (words: readonly string[]): readonly string[] => ['setpriv', ...user, ...words];
  const folder = mkdtempSync(join(tmpdir(), 'pt-'));
  const locale = germanLocale(folder);
  const language = { LANG: 'de_DE.UTF-8', LC_ALL: 'de_DE.UTF-8', LOCPATH: locale.path };
  const own = { HOME: folder, TMPDIR: folder, USER: '', LOGNAME: '' };
  const env = { TZ: 'America/St_Johns', ...own, ...language, TERM: 'dumb' };
  if (locale.missing !== undefined) {
    return { name, missing: locale.missing, command, env, folder };
  }
  if (process.getuid?.() !== 0) {
    const missing = 'only root can become another user, and the unit tests ran without root here';
    return { name, missing, command, env, folder };
  }
  chownSync(folder, bareUser, bareUser);
  const script = 'test -r "$1/package.json" && test -x "$2" && test -w "$3"';
  const words = ['sh', '-c', script, 'sh', home, process.execPath, folder];
  const mayRead = spawnSync('setpriv', [...user, ...words]).status === 0;
  const missing = mayRead ? undefined : 'this user cannot read the checkout';
  return { name, missing, command, env, folder };
}

function isInstalled(program: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)));
}
