/**
 * How long `./postern up` takes until it says that it is ready: the first start makes the ledger;
 * the second one, with everything in place, is what a restart costs the mail server.
 *
 *   node bench/start.ts [--starts N] [--json]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Goal, goalLines, machineLoad, median, shown, table } from './figures.ts';
import { firstLine, postern, stop } from './servers.ts';

export type StartFigures = {
  readonly firstMs: number;
  readonly laterMs: readonly number[];
  readonly load: number;
  readonly goals: readonly Goal[];
};

export async function benchStart(options: {
  readonly starts: number;
  readonly say: (text: string) => void;
}): Promise<StartFigures> {
  const { starts, say } = options;
  const folder = mkdtempSync(join(tmpdir(), 'postern-start-'));
  try {
    const firstMs = await startOnce(folder);
    const laterMs: number[] = [];
    for (let start = 1; start <= starts; start++) {
      say(`start: ${start} of ${starts}`);
      laterMs.push(await startOnce(folder));
    }
    const goals: readonly Goal[] = [
      { what: 'second start to ready', value: median(laterMs), unit: 'ms', most: 1_000 },
    ];
    return { firstMs, laterMs, load: machineLoad(), goals };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startOnce(state: string): Promise<number> {
  const began = performance.now();
  const child = spawn(postern, ['up', '--state', state, '--port', '0', '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    await firstLine(child);
    return performance.now() - began;
  } finally {
    await stop(child);
  }
}

export function startTable({ firstMs, laterMs, load }: StartFigures): string {
  return [
    table([
      ['start to ready', 'ms'],
      ['first, with a new ledger', shown(firstMs)],
      ['later, median', shown(median(laterMs))],
      ['later, slowest', shown(Math.max(...laterMs))],
    ]),
    `${laterMs.length} later starts; load ${shown(load)}`,
  ].join('\n');
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      starts: { type: 'string', default: '7' },
      json: { type: 'boolean', default: false },
    },
  });
  const figures = await benchStart({
    starts: Number(values.starts),
    say: (text) => process.stderr.write(`${text}\n`),
  });
  if (values.json) console.log(JSON.stringify(figures));
  else console.log(`${startTable(figures)}\n\n${goalLines(figures.goals)}`);
}
