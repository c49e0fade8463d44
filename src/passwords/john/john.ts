/** John the Ripper: finds the program, reads its rules, and runs it over hashes with candidates. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { PrivateFolder } from '../sandbox/private-folder.ts';
import { type Sandbox, spawnSandboxed } from '../sandbox/sandbox.ts';
import { guessedName, openSecretPipe } from './guess-reader.ts';
import { readBook, sectionOf } from './rule-book.ts';

export type John = {
  readonly program: string;
  /** The version that `john` reports, such as `1.9.0`. */
  readonly version: string;
  readonly jumbo: boolean;
  /** Formats of the jumbo version, in lower case; empty for the core version. */
  readonly formats: ReadonlySet<string>;
  /** John's own list of common passwords. */
  readonly list: string;
  /** Lines of the section `[List.Rules:NAME]`; undefined without such a section. */
  rules(name: string): readonly string[] | undefined;
};

const programs = ['/usr/local/sbin/john', '/usr/local/bin/john', '/usr/sbin/john', '/usr/bin/john'];
const configurations = ['/etc/john/john.conf', '/usr/share/john/john.conf', '/etc/john.conf'];
const lists = ['/usr/share/john/password.lst', '/usr/local/share/john/password.lst'];

/** `program`: the path that the operator set; empty: the usual places. */
export function findJohn(
  program: string,
  { sandbox, folder }: { readonly sandbox: Sandbox; readonly folder: PrivateFolder },
): John {
  const found = program === '' ? programs.find((path) => existsSync(path)) : program;
  const install = 'apt-get install john';
  if (found === undefined || !existsSync(found)) {
    const where = program === '' ? '' : ` at ${program}`;
    throw new OperatorError('no-john', `John the Ripper is not installed${where}`, {
      hint: install,
      exit: sysexits.unavailable,
    });
  }
  const beside = dirname(found);
  const configuration = [`${beside}/john.conf`, ...configurations].find((one) => existsSync(one));
  const list = [`${beside}/password.lst`, ...lists].find((one) => existsSync(one));
  if (configuration === undefined || list === undefined) {
    const what = configuration === undefined ? 'john.conf' : 'password.lst';
    throw new OperatorError('no-john', `${found} is installed, but its ${what} is missing`, {
      hint: `${install} (the package john-data contains ${what})`,
      exit: sysexits.unavailable,
    });
  }
  // In the sandbox even for a question: John creates a folder in the home of its user at start.
  const ask = (
    ...options: readonly string[]
  ): { readonly status: number | null; readonly text: string } => {
    const [program = '', ...args] = [...sandbox.john, found, ...options];
    const said = spawnSync(program, args, { cwd: folder.path, encoding: 'latin1' });
    return { status: said.status, text: `${said.stdout}${said.stderr}` };
  };
  const build = ask('--list=build-info');
  const text = readBook(configuration);
  return {
    program: found,
    version: /version:? (\S+)/i.exec(build.status === 0 ? build.text : ask().text)?.[1] ?? '',
    jumbo: build.status === 0,
    formats: new Set(build.status === 0 ? formatsIn(ask('--list=formats').text) : []),
    list,
    rules: (name) => sectionOf(text, `List.Rules:${name}`),
  };
}

/** Splits `descrypt, bsdicrypt, …`, which John prints over many lines. */
function formatsIn(text: string): readonly string[] {
  return text.toLowerCase().split(/[\s,]+/);
}

export type Target = {
  readonly name: string;
  readonly hash: string;
  readonly words: readonly string[];
};

export type JohnRun = {
  readonly john: John;
  readonly sandbox: Sandbox;
  readonly folder: PrivateFolder;
  readonly format: string;
  readonly targets: readonly Target[];
  /** Rules for the words of each target, or a file of words in the private folder with rules. */
  readonly candidates:
    | { readonly kind: 'single'; readonly rules: readonly string[] }
    | { readonly kind: 'words'; readonly file: string; readonly rules: readonly string[] };
  readonly processors: number;
  readonly signal: AbortSignal;
  /** Called with the name of each target that was guessed. */
  readonly found: (name: string) => void;
};

export type JohnResult = {
  /** True if every candidate was tried. */
  readonly complete: boolean;
  /** How many targets John loaded. */
  readonly loaded: number;
  /** Time of trying, without John's start; the jumbo version first tests itself for seconds. */
  readonly seconds: number;
};

/** Milliseconds that John gets to end after SIGTERM; then it is killed. */
const endMs = 3_000;

/** Runs John to the end or to `signal`. Throws OperatorError `john-failed` if John fails. */
export async function runJohn(run: JohnRun): Promise<JohnResult> {
  const { folder, sandbox, candidates } = run;
  prepare(run);
  const hashes = folder.file('hashes');
  writeFileSync(hashes, run.targets.map(line).join(''), { mode: 0o600 });
  folder.makeOver('hashes');
  let loaded = 0;
  let complaint = '';
  let began = performance.now();
  const out = openSecretPipe(folder.file('out'), (bytes) => {
    const name = guessedName(bytes);
    // Before the first guess John says how many hashes it loaded.
    if (loaded === 0) loaded = loadedIn(bytes);
    if (name !== undefined) run.found(name);
  });
  const err = openSecretPipe(folder.file('err'), (bytes) => {
    // A line that begins with the number of guesses names candidates too, so it is never looked at.
    if (/^\d/.test(bytes.toString('latin1', 0, 1))) return;
    const said = bytes.toString('latin1');
    // John has now read its hashes and opened its files, so they can be removed.
    if (said.startsWith('Press ')) {
      discard(folder);
      began = performance.now();
    } else if (!/^(?:Will run|Warning|Session|Remaining|Use the|Note)/.test(said)) complaint = said;
  });
  const words = [...sandbox.john, run.john.program, ...optionsOf(run), 'hashes'];
  const { processors } = run;
  const stdio = ['ignore' as const, out.writeEnd, err.writeEnd];
  const child = spawnSandboxed(words, { cwd: folder.path, stdio, processors });
  out.started();
  err.started();
  const stop = stopping(child, run.signal);
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    await Promise.all([out.ended, err.ended]);
    const seconds = (performance.now() - began) / 1_000;
    // If no hash was loaded, the core version ends with 0, the jumbo version with 1.
    const none = /^No password hashes (?:loaded|left)/.test(complaint);
    if (code === 0 || none) return { complete: true, loaded: none ? 0 : loaded, seconds };
    if (run.signal.aborted) return { complete: false, loaded, seconds };
    throw new OperatorError('john-failed', `john ended with ${code}: ${complaint}`, {
      hint: `it ran with --format=${run.format} (${candidates.kind})`,
      exit: sysexits.software,
    });
  } finally {
    stop();
    discard(folder);
  }
}

const loadedWord = Buffer.from('Loaded ');

/** The number in `Loaded 3 password hashes with …`; 0 for any other line. */
function loadedIn(bytes: Buffer): number {
  if (!bytes.subarray(0, loadedWord.length).equals(loadedWord)) return 0;
  return Number.parseInt(bytes.toString('latin1', loadedWord.length, loadedWord.length + 8), 10);
}

function stopping(child: ReturnType<typeof spawnSandboxed>, signal: AbortSignal): () => void {
  let late: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill('SIGTERM');
    late = setTimeout(() => child.kill('SIGKILL'), endMs);
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  return () => {
    signal.removeEventListener('abort', stop);
    clearTimeout(late);
  };
}

/** Writes all candidates that rules make of a file of words to a file of the private folder. */
export async function writeCandidates(
  run: Pick<JohnRun, 'john' | 'sandbox' | 'folder'>,
  how: { readonly words: string; readonly rules: readonly string[]; readonly into: string },
): Promise<void> {
  const { folder, sandbox, john } = run;
  prepare({ ...run, candidates: { kind: 'words', file: how.words, rules: how.rules } });
  folder.makeOver(how.words);
  const into = openSync(folder.file(how.into), 'w', 0o600);
  const own = john.jumbo ? ['--config=.john/john.conf', '--session=.john/john'] : [];
  const words = [...sandbox.john, john.program, ...own, '--stdout', `--wordlist=${how.words}`];
  const child = spawnSandboxed([...words, '--rules'], {
    cwd: folder.path,
    stdio: ['ignore', into, 'ignore'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  closeSync(into);
  if (code === 0) return;
  throw new OperatorError('john-failed', `john --stdout ended with ${code}`, {
    hint: 'check the rules named by --rules',
    exit: sysexits.software,
  });
}

/**
 * Writes John's settings and rules into `.john` in the working folder. John also puts there what it
 * would otherwise put into a home folder.
 */
function prepare({ folder, candidates }: Pick<JohnRun, 'folder' | 'candidates'>): void {
  const place = folder.file('.john');
  // Created again for each run: we never write into a folder that John may write to.
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { mode: 0o700 });
  const rules = candidates.rules.map((rule) => `${rule}\n`).join('');
  const section = candidates.kind === 'single' ? 'Single' : 'Wordlist';
  // Jumbo would also combine two words of an account: six times the planned candidates. Our own
  // words are already combined where that is likely.
  const settings = '[Options]\nIdle = N\nSave = 600\nBeep = N\nSingleWordsPairMax = 1\n\n';
  writeFileSync(`${place}/john.conf`, `${settings}[List.Rules:${section}]\n${rules}`);
  folder.makeOver('.john/john.conf', '.john');
}

function optionsOf({ john, format, candidates }: JohnRun): readonly string[] {
  const own = john.jumbo
    ? ['--config=.john/john.conf', '--session=.john/john', '--pot=.john/john.pot']
    : [];
  const mode =
    candidates.kind === 'single'
      ? ['--single']
      : [`--wordlist=${candidates.file}`, ...(candidates.rules.length > 0 ? ['--rules'] : [])];
  return [...own, `--format=${format}`, ...mode];
}

/** A line as in a passwd file. John takes the words of an account from its full name. */
function line({ name, hash, words }: Target): string {
  return `${name}:${hash}:0:0:${words.join(',').replace(/[:\n]/g, ' ')}::\n`;
}

function discard(folder: PrivateFolder): void {
  for (const name of ['hashes', '.john/john.pot', '.john/john.log']) {
    rmSync(folder.file(name), { force: true });
  }
}
