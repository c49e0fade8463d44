/**
 * What the audit costs over calling John by hand: the same hashes, the same candidates, the same
 * processors and priority, in the same run. By hand means one John for each list and one for the
 * single mode, on all hashes at once.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { keyboardPatterns, seasonsAndYears } from '../src/core/passwords/generated.ts';
import type { Millis } from '../src/lib/time.ts';
import { type AuditOptions, runAudit } from '../src/passwords/audit/run-audit.ts';
import { planOf } from '../src/passwords/candidates/candidates.ts';
import { findJohn, type John } from '../src/passwords/john/john.ts';
import { openPrivateFolder, type PrivateFolder } from '../src/passwords/sandbox/private-folder.ts';
import { openSandbox, type Sandbox, spawnSandboxed } from '../src/passwords/sandbox/sandbox.ts';
import { parseSource } from '../src/passwords/sources/source.ts';
import { type Goal, shown, table } from './figures.ts';

export type PasswordFigures = {
  readonly goals: readonly Goal[];
  readonly accounts: number;
  readonly auditSeconds: number;
  readonly handSeconds: number;
  readonly overheadPercent: number;
};

const run = promisify(execFile);
/** About so many accounts are a minute's work on two processors. */
const accountsAMinute = 40;
const year = new Date().getUTCFullYear();

export async function benchPasswords(options: {
  readonly seconds: number;
  readonly say: (text: string) => void;
}): Promise<PasswordFigures> {
  const dir = mkdtempSync(join(tmpdir(), 'postern-bench-passwords-'));
  try {
    const accounts = Math.max(4, Math.round((accountsAMinute * options.seconds) / 60));
    options.say(`passwords: ${accounts} hashes`);
    const shadow = join(dir, 'shadow');
    writeFileSync(shadow, await hashes(accounts));
    const sandbox = openSandbox();
    options.say('passwords: the audit');
    const auditSeconds = await timed(() => byAudit(dir, shadow));
    options.say('passwords: john by hand');
    const handSeconds = await timed(() => byHand(shadow, sandbox));
    const overheadPercent = (auditSeconds / handSeconds - 1) * 100;
    const what = 'the audit over john by hand';
    const goals = [{ what, value: overheadPercent, unit: '%', most: 10 }];
    return { goals, accounts, auditSeconds, handSeconds, overheadPercent };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** SHA-512 crypt by mkpasswd, none of which is guessed: all candidates are tried on all of them. */
async function hashes(count: number): Promise<string> {
  let lines = '';
  for (let nth = 0; nth < count; nth++) {
    const made = run('mkpasswd', ['-s', '-m', 'sha512crypt', '-R', '1000']);
    made.child.stdin?.end(`not-to-be-guessed-${nth}-${Math.random()}`);
    lines += `user${nth}:${(await made).stdout.trim()}:1::::::\n`;
  }
  return lines;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
}

async function byAudit(dir: string, shadow: string): Promise<void> {
  const none = (): undefined => undefined;
  const options: AuditOptions = {
    triedStore: join(dir, 'passwords.db'),
    sources: [parseSource(`shadow:${shadow}`)],
    john: '',
    topList: '',
    leakedLists: [],
    rangeFiles: '',
    rangeService: '',
    rules: [],
    quick: false,
    processors: availableParallelism(),
    domain: '',
    now: () => Date.now() as Millis,
    signal: new AbortController().signal,
    known: [],
    events: {
      began: none,
      found: none,
      changed: none,
      fault: none,
      progress: none,
      result: none,
    },
  };
  const { complete, weak } = await runAudit(options);
  if (!complete || weak > 0) throw new Error(`complete ${complete}, ${weak} weak`);
}

async function byHand(shadow: string, sandbox: Sandbox): Promise<void> {
  using folder = openPrivateFolder(sandbox.owner);
  const john = findJohn('', { sandbox, folder });
  const file = (name: string, text: string): string => {
    writeFileSync(folder.file(name), text);
    return folder.file(name);
  };
  const keyboard = file('keyboard', `${keyboardPatterns().join('\n')}\n`);
  const season = file('season', `${seasonsAndYears(year).join('\n')}\n`);
  // The very rules of the audit: all of them, in one John.
  const plans = planOf(john, { top: '', leaked: [], keyboard, season }, { rules: [], year });
  const own = plans.flatMap(({ candidates }) =>
    candidates.kind === 'own' ? [candidates.rules] : [],
  );
  mkdirSync(folder.file('.john'));
  file('.john/john.conf', `[Options]\nIdle = N\n[List.Rules:Single]\n${own[0]?.join('\n')}\n`);
  copyFileSync(john.list, folder.file('top'));
  const lines = readFileSync(shadow, 'latin1').trim().split('\n');
  const targets = lines.map((line) => {
    const [name = '', hash = ''] = line.split(':');
    return `${name}:${hash}:0:0:${name}::\n`;
  });
  file('hashes', targets.join(''));
  folder.makeOver('.john/john.conf', '.john', 'hashes', 'top', 'keyboard', 'season');
  for (const mode of ['--single', '--wordlist=top', '--wordlist=keyboard', '--wordlist=season']) {
    await oneJohn(john, { folder, sandbox, mode });
  }
}

async function oneJohn(
  john: John,
  how: { readonly folder: PrivateFolder; readonly sandbox: Sandbox; readonly mode: string },
): Promise<void> {
  const words = [...how.sandbox.john, john.program, '--format=crypt', how.mode, 'hashes'];
  const child = spawnSandboxed(words, {
    cwd: how.folder.path,
    stdio: ['ignore', 'ignore', 'ignore'],
    processors: availableParallelism(),
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`john ${how.mode} ended with ${code}`);
}

export function passwordTable(figures: PasswordFigures): string {
  return table([
    ['', 'seconds', 'hashes'],
    ['postern passwords audit', shown(figures.auditSeconds), String(figures.accounts)],
    ['john by hand', shown(figures.handSeconds), String(figures.accounts)],
  ]);
}
