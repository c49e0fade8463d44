/**
 * Reading mail logs against pflogsumm (Debian's package), in turns on the same lines: Postfix's
 * part of a log that is made from what real mail servers wrote (test/sim/mail-log.ts), as frequent
 * as on a usual server, where people mostly write to people they wrote to before. Measured is each
 * process from its start to its end. Other work on the machine changes its processor time less than
 * the time on the clock.
 *
 *   node bench/logs.ts [--messages N] [--rounds N] [--json]
 *
 * pflogsumm counts. Postern reads, accounts for each line and ties each delivery to its message;
 * `postern replay` judges each message too.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type LogStory, makeMailLogs } from '../test/sim/mail-log.ts';
import { type Goal, goalLines, machineLoad, median, shown, table } from './figures.ts';
import { postern } from './servers.ts';

/** Seconds. */
type Took = { readonly processor: number; readonly clock: number };

export type LogFigures = {
  readonly lines: number;
  /** A round each. */
  readonly pflogsumm: readonly Took[];
  readonly joined: readonly Took[];
  readonly replayed: readonly Took[];
  readonly load: readonly [before: number, after: number];
  readonly goals: readonly Goal[];
};

const start = Date.UTC(2026, 10, 1);
/**
 * Half of the stories go through filters, notices and requeues; most mail does not. Postfix logs a
 * message of one recipient most often, and mail that comes in.
 */
const usual = {
  frequency: {
    one: 30,
    inbound: 20,
    filtered: 10,
    three: 5,
    sendmail: 5,
    piped: 5,
    proxied: 5,
    deferred: 4,
    bounced: 2,
  },
  friends: 40,
};
const fixture = resolve(import.meta.dirname, '../test/fixtures/logs/postfix.json');
const reader = joinPath(import.meta.dirname, 'read-log.ts');
/** As the launcher starts `postern replay`. */
const options = [
  '--disable-warning=ExperimentalWarning',
  '--single-threaded-gc',
  '--no-incremental-marking',
  '--max-semi-space-size=32',
];

export async function benchLogs(how: {
  readonly messages: number;
  readonly rounds: number;
  readonly say: (text: string) => void;
}): Promise<LogFigures> {
  const folder = mkdtempSync(joinPath(tmpdir(), 'postern-logs-'));
  const load = machineLoad();
  try {
    const { file, lines } = makeLog(folder, how.messages);
    const times: Record<'pflogsumm' | 'joined' | 'replayed', Took[]> = {
      pflogsumm: [],
      joined: [],
      replayed: [],
    };
    for (let round = 1; round <= how.rounds; round++) {
      how.say(`logs: round ${round} of ${how.rounds}, ${lines} lines`);
      times.pflogsumm.push(await timed(['/usr/sbin/pflogsumm', file]));
      times.joined.push(await timed([process.execPath, ...options, reader, file]));
      const replay = ['replay', '--format', 'postfix', '--summary', file];
      times.replayed.push(await timed([postern, ...replay]));
    }
    const goal = (what: string, of: readonly Took[], unit: keyof Took): Goal => ({
      what: `${what}, against pflogsumm, by ${unit} time`,
      value: median(of.map((took, round) => (times.pflogsumm[round]?.[unit] ?? 0) / took[unit])),
      unit: 'times',
      least: 3,
    });
    return {
      lines,
      ...times,
      load: [load, machineLoad()],
      goals: (['processor', 'clock'] as const).flatMap((unit) => [
        goal('reading and joining logs', times.joined, unit),
        goal('postern replay of logs', times.replayed, unit),
      ]),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeLog(folder: string, messages: number): { file: string; lines: number } {
  const stories = JSON.parse(readFileSync(fixture, 'utf8')) as LogStory[];
  const made = makeMailLogs(folder, {
    stories,
    messages,
    seed: 4_711,
    accounts: 20_000,
    start,
    linesPerFile: 1_000_000,
    usual,
  });
  const file = joinPath(folder, 'all.log');
  const all = openSync(file, 'w');
  for (const part of made.files) writeSync(all, readFileSync(part));
  closeSync(all);
  return { file, lines: made.lines };
}

/** User and system time of the command, as the shell tells it, and time on the clock. */
async function timed(command: readonly string[]): Promise<Took> {
  const began = performance.now();
  const child = spawn('/bin/sh', ['-c', '"$@" >/dev/null && times', 'sh', ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}`);
  const [, ofChildren = ''] = said.trim().split('\n');
  const processor = [...ofChildren.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds),
    0,
  );
  return { processor, clock: (performance.now() - began) / 1_000 };
}

export function logTable({ joined, lines, load, pflogsumm, replayed }: LogFigures): string {
  const row = (name: string, all: readonly Took[]): readonly string[] => {
    const processor = median(all.map((took) => took.processor));
    const clock = median(all.map((took) => took.clock));
    return [name, shown(processor), shown(clock), shown(lines / processor)];
  };
  return [
    table([
      [`${shown(lines)} lines`, 'processor s', 'clock s', 'lines/processor s'],
      row('pflogsumm', pflogsumm),
      row('Postern, reading and joining', joined),
      row('postern replay, judging too', replayed),
    ]),
    `median of ${joined.length} rounds; load before and after ${load.map(shown).join(', ')}`,
  ].join('\n');
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      messages: { type: 'string', default: '200000' },
      rounds: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
    },
  });
  const figures = await benchLogs({
    messages: Number(values.messages),
    rounds: Number(values.rounds),
    say: (text) => process.stderr.write(`${text}\n`),
  });
  console.log(values.json ? JSON.stringify(figures) : `${logTable(figures)}\n`);
  if (!values.json) console.log(goalLines(figures.goals));
}
