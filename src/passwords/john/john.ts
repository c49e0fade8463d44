/**
 * John the Ripper: which one is there, what its rules are, and one run of it over some hashes with
 * some candidates.
 */
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
  /** What `john` says of itself, `1.9.0`. */
  readonly version: string;
  readonly jumbo: boolean;
  /** What jumbo can try, in small letters; of the core version nothing is asked. */
  readonly formats: ReadonlySet<string>;
  /** John's own list of common passwords. */
  readonly list: string;
  /** Lines of the section `[List.Rules:NAME]`; undefined where there is none. */
  rules(name: string): readonly string[] | undefined;
};

const programs = ['/usr/local/sbin/john', '/usr/local/bin/john', '/usr/sbin/john', '/usr/bin/john'];
const configurations = ['/etc/john/john.conf', '/usr/share/john/john.conf', '/etc/john.conf'];
const lists = ['/usr/share/john/password.lst', '/usr/local/share/john/password.lst'];

/** `program`: the operator's own choice; empty: where programs are. */
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
    throw new OperatorError('no-john', `${found} is there, but not its ${what}`, {
      hint: `${install} (its package john-data has them)`,
      exit: sysexits.unavailable,
    });
  }
  // Apart, even for a question: it makes a folder in its user's home at once.
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

/** `descrypt, bsdicrypt, …` over many lines. */
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
  /**
   * Rules over the targets' own words, or a file of words in the private folder, with rules or as
   * they are.
   */
  readonly candidates:
    | { readonly kind: 'single'; readonly rules: readonly string[] }
    | { readonly kind: 'words'; readonly file: string; readonly rules: readonly string[] };
  readonly processors: number;
  readonly signal: AbortSignal;
  /** Called with the name of each target that was guessed. */
  readonly found: (name: string) => void;
};

export type JohnResult = {
  /** Every candidate was tried. */
  readonly complete: boolean;
  /** On so many of the targets. */
  readonly loaded: number;
  /** Without its start, in which a jumbo version tests itself for seconds. */
  readonly seconds: number;
};

/** How long John gets to end by itself when time is up. */
const endMs = 3_000;

/** Throws OperatorError `john-failed` for anything but an end and an interruption. */
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
    // Before the first guess it says how many it took.
    if (loaded === 0) loaded = loadedIn(bytes);
    if (name !== undefined) run.found(name);
  });
  const err = openSecretPipe(folder.file('err'), (bytes) => {
    // What begins with a count of guesses names candidates as well: never looked at.
    if (/^\d/.test(bytes.toString('latin1', 0, 1))) return;
    const said = bytes.toString('latin1');
    // By now it has read its hashes and opened its files: nothing need lie there any longer.
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
    // The core version says that it took none and ends with 0; jumbo and odd formats with 1.
    const none = /^No password hashes (?:loaded|left)/.test(complaint);
    if (code === 0 || none) return { complete: true, loaded: none ? 0 : loaded, seconds };
    if (run.signal.aborted) return { complete: false, loaded, seconds };
    throw new OperatorError('john-failed', `john ended with ${code}: ${complaint}`, {
      hint: `it was tried with --format=${run.format} (${candidates.kind})`,
      exit: sysexits.software,
    });
  } finally {
    stop();
    discard(folder);
  }
}

const loadedWord = Buffer.from('Loaded ');

/** `Loaded 3 password hashes with …`: the number; 0 for any other line. */
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

/** All candidates that rules make of a file of words, into another file of the private folder. */
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
    hint: 'look at the rules that were asked for with --rules',
    exit: sysexits.software,
  });
}

/**
 * Its settings and the rules; and a place below the working folder for what it would put into its
 * home.
 */
function prepare({ folder, candidates }: Pick<JohnRun, 'folder' | 'candidates'>): void {
  const place = folder.file('.john');
  // Made anew: what he may write in, we do not.
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { mode: 0o700 });
  const rules = candidates.rules.map((rule) => `${rule}\n`).join('');
  const section = candidates.kind === 'single' ? 'Single' : 'Wordlist';
  // Jumbo would also pair an account's words, six times as many candidates as planned: ours are
  // paired where it is likely.
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

/** As in a passwd file: John takes the words of an account from its full name. */
function line({ name, hash, words }: Target): string {
  return `${name}:${hash}:0:0:${words.join(',').replace(/[:\n]/g, ' ')}::\n`;
}

function discard(folder: PrivateFolder): void {
  for (const name of ['hashes', '.john/john.pot', '.john/john.log']) {
    rmSync(folder.file(name), { force: true });
  }
}
