/**
 * Runs all tests in stages: checks; then simulations, the ledger under fire, the page in Chromium
 * and the real mail server, and beside these the unit tests, under other circumstances too.
 * Prints the time of each stage, what was skipped and why, and the sum last. `--long` runs what
 * takes longer.
 */
import { spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Circumstance, circumstances } from './circumstances.ts';
import { debian13 } from './debian13.ts';
import { type Tally, tallyOf } from './tally-reporter.ts';

type Stage = {
  readonly name: string;
  readonly files: readonly string[];
  /** Test files at once; 0: all in one process. */
  readonly atOnce: number;
  /** Several times what it takes on a quiet machine: it ends what hangs. */
  readonly minutesMax: number;
  /** Node's pattern for names of tests that are left out. */
  readonly without?: string;
  /** Of tests that draw at random. Without one they take their own. */
  readonly seed?: number;
  /** More for the environment. */
  readonly env?: Readonly<Record<string, string>>;
};

const home = resolve(import.meta.dirname, '..');
const bin = (path: string): string => join(home, 'node_modules', path);
const checks: readonly (readonly [string, readonly string[]])[] = [
  ['types', [bin('typescript/bin/tsc'), '-p', '.']],
  ['lint and format', [bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.']],
  ['dead code', [bin('knip/bin/knip.js')]],
];
const unit: Stage = {
  name: 'unit',
  files: ['src/**/*.test.ts', 'test/*.test.ts'],
  atOnce: 0,
  minutesMax: 25,
};
const simulations: Stage = {
  name: 'simulations',
  files: ['test/sim/*.test.ts'],
  atOnce: 2,
  minutesMax: 15,
};
const ledger: Stage = {
  name: 'ledger',
  files: ['test/ledger/*.test.ts', 'test/ledger/fates/*.test.ts'],
  atOnce: 2,
  minutesMax: 15,
};
const stages: readonly Stage[] = [
  simulations,
  ledger,
  { name: 'page', files: ['test/page/*.test.ts'], atOnce: 1, minutesMax: 15 },
  { name: 'mail server', files: ['test/integration/*.test.ts'], atOnce: 3, minutesMax: 50 },
];
/** Tests that kill, restart and compare at random moments. */
const crashes = ['crash', 'sendmail-crash', 'replay-same', 'bad-input', 'pyspf', 'pyspf-slips'];
/** What takes too long for every run: `make test-long`. */
const longStages: readonly Stage[] = [
  {
    name: '200 restarts',
    files: ['test/integration/restart.test.ts'],
    atOnce: 1,
    minutesMax: 15,
    env: { RESTARTS: '200' },
  },
  {
    name: '10,000 SPF records with slips',
    files: ['src/core/identity/spf-slips.test.ts'],
    atOnce: 1,
    minutesMax: 15,
    env: { RECORDS: '10000' },
  },
  {
    name: '20 set-ups of each signer',
    files: ['test/integration/imports.test.ts'],
    atOnce: 1,
    minutesMax: 15,
    env: { IMPORT_SETUPS: '20' },
  },
  {
    name: 'authors, a year of 3,000 accounts',
    files: ['test/integration/authors-year.test.ts'],
    atOnce: 1,
    minutesMax: 15,
    env: { AUTHOR_ACCOUNTS: '3000', AUTHOR_MESSAGES: '40000' },
  },
  {
    name: 'probation keys, 10,000 copies',
    files: ['test/integration/probation.test.ts'],
    atOnce: 1,
    minutesMax: 8,
    env: { PROBATION_MESSAGES: '10000' },
  },
  {
    name: 'a log of a million messages',
    files: ['test/sim/mail-log-join.test.ts'],
    atOnce: 1,
    minutesMax: 10,
    env: { MESSAGES: '1000000' },
  },
  {
    name: 'a thief with 1,000 strategies',
    files: ['test/sim/attacker.test.ts'],
    atOnce: 1,
    minutesMax: 25,
    env: { ATTACK_STRATEGIES: '1000' },
  },
  ...[2, 3, 4, 5].map((seed) => ({ ...simulations, name: `simulations, seed ${seed}`, seed })),
  ...[11, 12, 13].flatMap((seed) => [
    { ...ledger, name: `ledger, seed ${seed}`, seed },
    {
      name: `crashes, seed ${seed}`,
      files: crashes.map((name) => `test/integration/${name}.test.ts`),
      atOnce: 1,
      minutesMax: 15,
      seed,
    },
  ]),
];
/** What speaks with Postfix and Dovecot, with those of Debian 13. Part of `make test-long`. */
const onDebian13: Stage = {
  name: 'Debian 13',
  files: [
    ...['closed-logins', 'connect', 'connect-sockets', 'doctor-doors', 'doors', 'guard'],
    ...['guard-modes', 'inbound-hung', 'partners', 'policy-budget', 'strangers'],
  ].map((name) => `test/integration/${name}.test.ts`),
  atOnce: 1,
  minutesMax: 15,
};

const total = tallyOf({});
const long = process.argv.includes('--long');
const only = process.argv.slice(2).filter((word) => word !== '--long');
const names = long
  ? [...longStages, onDebian13].map(({ name }) => name)
  : ['checks', unit.name, 'circumstances', ...stages.map(({ name }) => name)];
for (const name of only) {
  if (!names.includes(name)) add(failure(`no stage ${name}; there are: ${names.join(', ')}`));
}
const scratch = mkdtempSync(join(tmpdir(), 'postern-test-'));
try {
  await (long ? runLong() : runUsual());
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
if (total.passed + total.failed + total.skipped === 0) add(failure('no test ran'));
for (const skip of total.skips) console.log(`skipped: ${skip}`);
for (const failure of total.failures) console.log(`failed: ${failure}`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;

async function runUsual(): Promise<void> {
  for (const [name, args] of checks) {
    if (only.length > 0 && !only.includes('checks')) continue;
    const code = await run(name, args, 5);
    if (code === 0) total.passed++;
    else add(failure(name));
  }
  const wanted = (name: string): boolean => only.length === 0 || only.includes(name);
  // They need one processor, and the mail server waits more than it works.
  const units = async (): Promise<void> => {
    if (wanted(unit.name)) add(await runStage(unit));
    // Slow ones are about sizes and waits: no date, zone, language or user plays a part.
    const quick = { ...unit, without: '/\\(slow\\)/' };
    if (wanted('circumstances')) await runCircumstances(quick);
  };
  const others = async (): Promise<void> => {
    for (const stage of stages) if (wanted(stage.name)) add(await runStage(stage));
  };
  // Neither is left behind when the other cannot go on.
  for (const one of await Promise.allSettled([units(), others()])) {
    if (one.status === 'rejected') throw one.reason;
  }
}

/** More seeds, and the ledger and the simulations under other circumstances too. */
async function runLong(): Promise<void> {
  for (const stage of longStages) {
    if (only.length === 0 || only.includes(stage.name)) add(await runStage(stage));
  }
  if (only.length === 0 || only.includes(onDebian13.name)) await runOnDebian13();
  if (only.length > 0) return;
  await runCircumstances(simulations);
  await runCircumstances(ledger);
}

async function runOnDebian13(): Promise<void> {
  const system = debian13(home, scratch);
  if (system.missing === undefined) add(await runStage(onDebian13, system));
  else add(tallyOf({ skipped: 1, skips: [`${system.name}: ${system.missing}`] }));
}

/**
 * The tests of a stage, once more under each circumstance. A run that passes counts as one test,
 * because the tests are the same; a failed or skipped test of a run counts.
 */
async function runCircumstances(stage: Stage): Promise<void> {
  let began = performance.now();
  for (const one of circumstances(home, scratch, () => performance.now() - began)) {
    const name = `circumstances, ${stage.name}: ${one.name}`;
    try {
      if (one.missing !== undefined) {
        add(tallyOf({ skipped: 1, skips: [`${name}: ${one.missing}`] }));
        continue;
      }
      began = performance.now();
      const { failed, skipped, skips, failures } = await runStage(
        { ...stage, name, minutesMax: 30 },
        one,
      );
      const said = skips.map((skip) => `${name}: ${skip}`);
      add(tallyOf({ passed: failed === 0 ? 1 : 0, failed, skipped, skips: said, failures }));
    } finally {
      if (one.folder !== scratch) rmSync(one.folder, { recursive: true, force: true });
    }
  }
}

async function runStage(stage: Stage, under?: Circumstance): Promise<Tally> {
  const files = stage.files.flatMap((pattern) => globSync(pattern, { cwd: home })).sort();
  if (files.length === 0) return failure(`${stage.name}: no such file`);
  const out = join(under?.folder ?? scratch, `${stage.name.replace(/\W+/g, '-')}.json`);
  rmSync(out, { force: true });
  const code = await run(
    stage.name,
    [
      '--disable-warning=ExperimentalWarning',
      '--test',
      ...(stage.atOnce === 0
        ? ['--test-isolation=none']
        : [`--test-concurrency=${stage.atOnce}`, '--test-force-exit']),
      ...(stage.without === undefined ? [] : [`--test-skip-pattern=${stage.without}`]),
      '--test-reporter=dot',
      '--test-reporter-destination=stdout',
      `--test-reporter=${join(home, 'scripts/tally-reporter.ts')}`,
      `--test-reporter-destination=${out}`,
      ...files,
    ],
    stage.minutesMax,
    { under, seed: stage.seed, more: stage.env },
  );
  const tally = readTally(out);
  if (stage.atOnce > 0) tellSlowest(tally);
  // A run that was cut off, or a file that failed before its tests: never counted as good.
  if (code !== 0 && tally.failed === 0) {
    tally.failed = 1;
    tally.failures.push('a file failed outside of its tests, or the run was cut off');
  }
  return { ...tally, failures: tally.failures.map((one) => `${stage.name}: ${one}`) };
}

/** Where the time of a stage went: files of half a minute and more. */
function tellSlowest({ seconds }: Tally): void {
  const slow = Object.entries(seconds).filter(([, took]) => took >= 30);
  for (const [file, took] of slow.sort(([, a], [, b]) => b - a)) {
    console.log(`${took.toFixed(0).padStart(6)} s ${file}`);
  }
}

function readTally(path: string): Tally {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Tally;
  } catch {
    return failure('ended before it could say what it did');
  }
}

function add(tally: Tally): void {
  total.passed += tally.passed;
  total.failed += tally.failed;
  total.skipped += tally.skipped;
  total.skips.push(...tally.skips);
  total.failures.push(...tally.failures);
}

function failure(what: string): Tally {
  return tallyOf({ failed: 1, failures: [what] });
}

/**
 * Runs node with these arguments; answers with its exit code. Killed, and said so, when it takes
 * too long.
 */
function run(
  name: string,
  args: readonly string[],
  minutesMax: number,
  {
    under,
    seed,
    more,
  }: {
    readonly under?: Circumstance | undefined;
    readonly seed?: number | undefined;
    readonly more?: Readonly<Record<string, string>> | undefined;
  } = {},
): Promise<number> {
  const began = performance.now();
  if (under !== undefined) console.log(`${name}: begins`);
  const plain = [process.execPath, ...args];
  const [program = '', ...words] = under?.command(plain) ?? plain;
  const child = spawn(program, words, {
    cwd: home,
    env: {
      ...process.env,
      ...under?.env,
      ...more,
      ...(seed === undefined ? {} : { SEED: String(seed) }),
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const late = setTimeout(() => {
    console.log(`${name}: not done after ${minutesMax} minutes, ended`);
    // faketime waits for its child, and would leave it behind.
    for (const pid of childrenOf(child.pid)) process.kill(pid, 'SIGKILL');
    child.kill('SIGKILL');
  }, minutesMax * 60_000);
  return new Promise((done) => {
    child.on('close', (code, signal) => {
      clearTimeout(late);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      const how = code === 0 ? 'ok' : `FAILED (${signal ?? code})`;
      console.log(`\n${name}: ${how} in ${seconds} s`);
      done(code ?? 1);
    });
  });
}

function childrenOf(pid: number | undefined): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return []; // it has ended just now
  }
}
