/**
 * What the judgement of inbound mail costs honest senders and what spam it stops, beside postgrey
 * and rspamd, on a world that a tool outside this project plays. One table a seed.
 *
 *   node bench/inbound.ts [--seeds N] [--world FILE] [--first-week] [--baselines FOLDER]
 *
 * POSTERN_GREYLIST names the tool, by default ../shared/tools/evaluate-greylist.mjs beside the
 * checkout. FOLDER has the tool's results for other programs: postgrey-1.json, rspamd-1.json, …
 * by seed; with --first-week postgrey-first1.json, ….
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { table } from './figures.ts';
import { postern } from './servers.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3' },
    world: { type: 'string' },
    'first-week': { type: 'boolean', default: false },
    baselines: { type: 'string' },
  },
});

const beside = resolve(import.meta.dirname, '../../shared/tools/evaluate-greylist.mjs');
const tool = process.env['POSTERN_GREYLIST'] ?? beside;
if (!existsSync(tool)) throw new Error(`no tool at ${tool}; POSTERN_GREYLIST names it`);

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
const policies: readonly (readonly [string, readonly string[]])[] = [
  ['Postern, wait 10m', replay()],
  ['Postern, wait 1m', replay('--wait', '1m')],
  ['Postern, nothing waits', replay('--wait', '0s')],
  ['Postern, defer', replay('--stance', 'defer')],
  ['content filter alone', [process.execPath, '-e', contentAlone]],
];

const folder = mkdtempSync(join(tmpdir(), 'postern-bench-inbound-'));
const first = values['first-week'];
try {
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    const rows: string[][] = [];
    for (const program of values.baselines === undefined ? [] : ['postgrey', 'rspamd']) {
      const name = `${program}-${first ? 'first' : ''}${seed}.json`;
      rows.push(row(program, read(join(values.baselines ?? '', name))));
    }
    for (const [name, command] of policies) rows.push(row(name, await play(seed, command)));
    const head = ['honest waits', 'p99 of these', 'p99 of all', 'lost', 'only kept', 'codes late'];
    process.stdout.write(`seed ${seed}\n${table([['', ...head, 'spam stopped'], ...rows])}\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

async function play(seed: number, command: readonly string[]): Promise<Result> {
  const to = join(folder, 'result.json');
  const options = ['--stage', 'data', '--json', to, '--seed', `inbound-${seed}`];
  if (values.world !== undefined) options.push('--world', values.world);
  if (first) options.push('--warmup', '0', '--days', '7');
  await promisify(execFile)(process.execPath, [tool, ...options, '--', ...command]);
  return read(to);
}

function read(file: string): Result {
  return JSON.parse(readFileSync(file, 'utf8'));
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
