/** What a bundle for a bug report is made of. Each part may be missing, and then says why. */
import { execFile } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LoadedConfig } from '../../config/load.ts';
import { settings } from '../../config/schema.ts';
import { faultText } from '../../lib/error-text.ts';
import { version } from '../../version.ts';
import { examineServer } from '../doctor/doctor.ts';
import { requestGuard } from '../guard/request.ts';
import { home, readRunFile } from '../guard/run-file.ts';
import { otherOnPath } from '../guard/trusted-path.ts';

export type Section = {
  readonly title: string;
  readonly text: string;
  /** Made here, of numbers of versions: some look like addresses. */
  readonly isPublic?: boolean;
};

export type SupportAsk = {
  readonly state: string;
  readonly loaded: LoadedConfig;
  readonly config: string | undefined;
  readonly configDir: string | undefined;
  /** The guard's log, where it is not in the journal. */
  readonly log: string | undefined;
};

const logLines = 300;
const logBytesMax = 512 * 1024;
const deadlineMs = 60_000;
const run = promisify(execFile);

/** In the order of the bundle. A part that fails has the reason as its text. */
export async function supportSections(ask: SupportAsk): Promise<readonly Section[]> {
  const { config, configDir, loaded, state } = ask;
  const ofPostfix = configDir === undefined ? [] : ['-c', configDir];
  const parts: readonly (readonly [string, () => Promise<string> | string])[] = [
    ['Versions', () => versions(ofPostfix)],
    ['Configuration', () => configText(loaded)],
    ['Doctor', () => doctorText({ state, ...optional({ config, configDir }) })],
    ['Checklist', () => ownOutput(['checklist', '--all', ...place(ask)])],
    ['Drill', () => ownOutput(['drill', 'last', '--state', state])],
    ['Status', () => ownOutput(['status', '--state', state])],
    ['Log of the guard', () => logText(ask.log)],
    ['Metrics', () => metricsText(state)],
    ['main.cf', () => output('/usr/sbin/postconf', [...ofPostfix, '-n'])],
    ['master.cf', () => output('/usr/sbin/postconf', [...ofPostfix, '-M'])],
  ];
  const sections: Section[] = [];
  for (const [title, make] of parts) {
    const text = await Promise.resolve()
      .then(make)
      .catch((cause: unknown) => `left out: ${faultText(cause)}`);
    sections.push({ title, text: text.trim(), isPublic: title === 'Versions' });
  }
  return sections;
}

function place({ config, configDir, state }: SupportAsk): readonly string[] {
  return [
    ...['--state', state],
    ...(config === undefined ? [] : ['--config', config]),
    ...(configDir === undefined ? [] : ['--config-dir', configDir]),
  ];
}

function optional(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const set = Object.entries(values).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(set);
}

async function versions(ofPostfix: readonly string[]): Promise<string> {
  const system = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  const tool = async (program: string, args: readonly string[]): Promise<string> =>
    (await output(program, args).catch(() => 'not found')).trim().split('\n')[0] ?? '';
  return [
    `Postern   ${version}`,
    `Node.js   ${process.version}`,
    `System    ${system ?? 'unknown'}, Linux ${release()}`,
    `Postfix   ${await tool('/usr/sbin/postconf', [...ofPostfix, '-h', 'mail_version'])}`,
    `Dovecot   ${await tool('/usr/sbin/dovecot', ['--version'])}`,
    `systemd   ${await tool('/usr/bin/systemctl', ['--version'])}`,
  ].join('\n');
}

/** Settings whose values are secret, or name people or places that a report does not need. */
const secretSetting = /webhook|password|secret|token|mail_to|contact|url|key|command|items/i;

function configText({ config, file, set }: LoadedConfig): string {
  const lines = settings(config).map(({ key, value }) => {
    const isSet = set.has(key);
    const shown = isSet && secretSetting.test(key) ? '[removed]' : value;
    return `${isSet ? '*' : ' '} ${key} = ${shown}`;
  });
  const from = file === undefined ? 'no file; all defaults' : '* marks what the file sets';
  return [`(${from})`, ...lines].join('\n');
}

async function doctorText(about: Parameters<typeof examineServer>[0]): Promise<string> {
  const findings = await examineServer(about);
  return findings.map(({ found, id, kind }) => `${kind.padEnd(8)}${id}: ${found}`).join('\n');
}

/** Another command of this program, in a process of its own. */
async function ownOutput(words: readonly string[]): Promise<string> {
  const args = [...process.execArgv, join(home, 'src/cli.ts'), ...words];
  try {
    return await output(process.execPath, args);
  } catch (error) {
    // A command that found something wrong ends with 1, and has printed it.
    const { code, stderr, stdout } = error as Partial<
      Record<'code' | 'stderr' | 'stdout', unknown>
    >;
    if (code === 1 && typeof stdout === 'string' && stdout !== '') return stdout;
    if (typeof stderr === 'string' && stderr !== '') return `left out: ${stderr}`;
    throw error;
  }
}

async function output(program: string, args: readonly string[]): Promise<string> {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', NO_COLOR: '1' };
  const limits = { env, timeout: deadlineMs, maxBuffer: 8 * 1024 * 1024 };
  return (await run(program, [...args], limits)).stdout;
}

async function logText(file: string | undefined): Promise<string> {
  if (file === undefined) {
    const last = ['-u', 'postern', '-n', String(logLines), '-o', 'cat', '--no-pager'];
    return await output('/usr/bin/journalctl', last);
  }
  // Another user may have put a pipe there, which would never end.
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw new Error(`${file} is no plain file`);
    mustBeTheirs(file, found);
    const { size } = found;
    const bytes = Buffer.alloc(Math.min(size, logBytesMax));
    const read = readSync(descriptor, bytes, 0, bytes.length, Math.max(0, size - bytes.length));
    const lines = bytes.toString('utf8', 0, read).split('\n');
    // A first line that is cut may begin in the middle of what must not be seen.
    return lines
      .slice(size > bytes.length ? 1 : 0)
      .slice(-logLines)
      .join('\n');
  } finally {
    closeSync(descriptor);
  }
}

/** Root reads no file to which the user who controls its folder may have put a link. */
function mustBeTheirs(file: string, { nlink, uid }: { nlink: number; uid: number }): void {
  if (process.geteuid?.() !== 0) return;
  const other = otherOnPath(file);
  if (other === undefined || (other.uid === uid && nlink === 1)) return;
  throw new Error(`user ${other.uid} controls ${other.path}, and ${file} is not a file of theirs`);
}

async function metricsText(state: string): Promise<string> {
  const guard = await readRunFile(state);
  const { status, text } = await requestGuard(guard, { path: '/metrics', deadlineMs: 10_000 });
  if (status !== 200) return `left out: the guard answered ${status}`;
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
}
