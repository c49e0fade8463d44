/**
 * What the judgement of inbound mail costs honest senders and what spam it stops, beside postgrey
 * in the same run, on a world that a tool outside this project plays. One table a seed. `rspamd`
 * has the tool's results for rspamd: rspamd-1.json, … by seed; with --first-week
 * rspamd-first1.json, ….
 *
 *   POSTERN_GREYLIST=/where/evaluate-greylist.mjs
 *   node bench/inbound.ts [--seeds N] [--world FILE] [--first-week] [--rspamd FOLDER]
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { type Goal, goalLines, table } from './figures.ts';
import { startPostgrey } from './postgrey.ts';
import { postern } from './servers.ts';

type Options = {
  /** The tool. */
  readonly tool: string;
  readonly seeds: number;
  readonly world: string | undefined;
  readonly isFirstWeek: boolean;
  /** Folder with results for rspamd. */
  readonly rspamd: string | undefined;
  readonly say: (text: string) => void;
};

/** What the tool writes with --json. */
type Result = {
  readonly honest: {
    readonly deliveries: number;
    readonly deferred: number;
    readonly lost: number;
    readonly kept: number;
    readonly late: number;
  };
  readonly delayOfDeferred: { readonly p99: number };
  readonly delayOfAll: { readonly p99: number };
  readonly spam: { readonly deliveries: number; readonly stopped: number };
};

/** Spam is what the content filter calls spam; nothing is known of senders, and nothing waits. */
const contentAlone = `
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { type, score } = JSON.parse(line)
    if (type === 'rcpt') console.log('{"action":"dunno"}')
    const held = '{"action":"hold","seconds":0}'
    if (type === 'data') console.log(score >= 5 ? held : '{"action":"dunno"}')
    if (type === 'due') console.log('{"action":"quarantine"}')
  })`;
const replay = (...options: readonly string[]): readonly string[] => [
  postern,
  ...['replay', '--inbound', ...options, '-'],
];
const usual = 'Postern';
const policies: readonly (readonly [string, readonly string[]])[] = [
  [usual, replay()],
  ['Postern, wait 1m', replay('--wait', '1m')],
  ['Postern, wait 5m', replay('--wait', '5m')],
  ['Postern, wait 10m', replay('--wait', '10m')],
  ['Postern, defer', replay('--stance', 'defer')],
  ['content filter alone', [process.execPath, '-e', contentAlone]],
];

type Figures = { readonly text: string; readonly goals: readonly Goal[] };

export async function benchInbound(options: Options): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-inbound-'));
  const texts: string[] = [];
  const goals: Goal[] = [];
  try {
    for (let seed = 1; seed <= options.seeds; seed++) {
      const results = new Map<string, Result>();
      const played = async (name: string, words: readonly string[]): Promise<void> => {
        options.say(`inbound: seed ${seed}, ${name}`);
        results.set(name, await play(folder, seed, words, options));
      };
      await withPostgrey(played);
      if (options.rspamd !== undefined) {
        const name = `rspamd-${options.isFirstWeek ? 'first' : ''}${seed}.json`;
        results.set('rspamd', read(join(options.rspamd, name)));
      }
      for (const [name, command] of policies) {
        await played(name, ['--stage', 'data', '--', ...command]);
      }
      texts.push(seedTable(seed, results));
      goals.push(...goalsOf(seed, results, options.isFirstWeek));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return { text: texts.join('\n\n'), goals };
}

/** It reads the time from an attribute of the request. */
async function withPostgrey(
  played: (name: string, words: readonly string[]) => Promise<void>,
): Promise<void> {
  await using server = await startPostgrey();
  const where = ['--policy', `127.0.0.1:${server.port}`];
  await played('postgrey', [...where, '--time-attribute', 'policy_test_time']);
}

async function play(
  folder: string,
  seed: number,
  words: readonly string[],
  { tool, isFirstWeek, world }: Options,
): Promise<Result> {
  const to = join(folder, 'result.json');
  const options = ['--json', to, '--seed', `inbound-${seed}`];
  if (world !== undefined) options.push('--world', world);
  if (isFirstWeek) options.push('--warmup', '0', '--days', '7');
  await promisify(execFile)(process.execPath, [tool, ...options, ...words]);
  return read(to);
}

function read(file: string): Result {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function goalsOf(
  seed: number,
  results: ReadonlyMap<string, Result>,
  isFirstWeek: boolean,
): readonly Goal[] {
  const ours = results.get(usual);
  if (ours === undefined) return [];
  const { honest, delayOfAll } = ours;
  const share = (part: number): number => (100 * part) / honest.deliveries;
  const name = (what: string): string => `inbound, seed ${seed}: ${what}`;
  const stopped = ({ spam }: Result): number => spam.stopped / spam.deliveries;
  const goals: Goal[] = [
    {
      what: name('honest mail that waits'),
      value: share(honest.deferred),
      unit: '%',
      most: isFirstWeek ? 3 : 0.8,
    },
    { what: name('p99 of all honest mail'), value: delayOfAll.p99, unit: 's', most: 60 },
    { what: name('lost, and late codes'), value: honest.lost + honest.late, unit: '', most: 0 },
    {
      what: name('only in Junk or quarantine'),
      value: share(honest.kept),
      unit: '%',
      most: isFirstWeek ? 0.3 : 0.1,
    },
  ];
  for (const [other, least] of [['postgrey', 1.2] as const, ['rspamd', 1.8] as const]) {
    const theirs = results.get(other);
    if (theirs === undefined) continue;
    const value = stopped(ours) / stopped(theirs);
    goals.push({ what: name(`spam stopped by ${other}'s`), value, unit: 'x', least });
  }
  return goals;
}

function seedTable(seed: number, results: ReadonlyMap<string, Result>): string {
  const head = ['honest waits', 'p99 of these', 'p99 of all', 'lost', 'only kept', 'codes late'];
  const rows = [...results].map(([name, result]) => row(name, result));
  return table([[`seed ${seed}`, ...head, 'spam stopped'], ...rows]);
}

function row(name: string, { honest, spam, delayOfDeferred, delayOfAll }: Result): string[] {
  const share = (part: number, of: number): string => `${((100 * part) / of).toFixed(2)} %`;
  return [
    name,
    share(honest.deferred, honest.deliveries),
    `${delayOfDeferred.p99} s`,
    `${delayOfAll.p99} s`,
    share(honest.lost, honest.deliveries),
    share(honest.kept, honest.deliveries),
    String(honest.late),
    share(spam.stopped, spam.deliveries),
  ];
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '3' },
      world: { type: 'string' },
      'first-week': { type: 'boolean', default: false },
      rspamd: { type: 'string' },
    },
  });
  const tool = process.env['POSTERN_GREYLIST'];
  if (tool === undefined) throw new Error('POSTERN_GREYLIST names the tool that plays the world');
  const { goals, text } = await benchInbound({
    tool,
    seeds: Number(values.seeds),
    world: values.world,
    isFirstWeek: values['first-week'],
    rspamd: values.rspamd,
    say: (line) => process.stderr.write(`${line}\n`),
  });
  console.log(`${text}\n\n${goalLines(goals)}`);
}
