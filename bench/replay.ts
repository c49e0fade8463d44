/**
 * Speed of `postern replay`: recorded sends of a quarter of a year, in a file, through the whole
 * command; events a second from the start of the process to its end.
 *
 *   node bench/replay.ts [--events N] [--runs N] [--json]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dayMs, hourMs } from '../src/lib/time.ts';
import { dice, type Goal, goalLines, machineLoad, median, shown, table } from './figures.ts';
import { accountName, friend } from './load-messages.ts';
import { firstLine, postern } from './servers.ts';

export type ReplayFigures = {
  readonly events: number;
  readonly fileMb: number;
  /** A run each. */
  readonly eventsPerSecond: readonly number[];
  readonly passed: number;
  readonly load: readonly [before: number, after: number];
  readonly goals: readonly Goal[];
};

/** Eleven a day each. */
const eventsPerAccount = 1_000;
const friends = 60;
const days = 90;
const firstDay = Date.UTC(2026, 0, 5);

/** Sends of office people, each at his own hours; one message in twelve goes to somebody new. */
export async function writeEvents(path: string, events: number): Promise<void> {
  const file = createWriteStream(path);
  const roll = dice(4_711);
  const accounts = Math.ceil(events / eventsPerAccount);
  const times = Float64Array.from({ length: events }, () => {
    const day = Math.floor(roll() * days);
    return firstDay + day * dayMs + 7 * hourMs + Math.floor((roll() + roll()) * 6 * hourMs);
  }).sort();
  let text = '';
  for (const [number, at] of times.entries()) {
    const account = Math.floor(roll() * accounts);
    const recipients = Array.from({ length: roll() < 0.8 ? 1 : 3 }, (_, index) =>
      roll() < 1 / 12
        ? `new${number}.${index}@stranger${number % 5_000}.example`
        : friend(account, Math.floor(roll() * friends)),
    );
    const login = accountName(account);
    text += `${JSON.stringify({
      type: 'send',
      id: `m${number}`,
      at: new Date(at).toISOString(),
      account: login,
      recipients,
      client: `100.64.${account & 255}.7`,
      sender: login,
      size: 4_096,
    })}\n`;
    if (text.length < 1e6) continue;
    if (!file.write(text)) await once(file, 'drain');
    text = '';
  }
  file.end(text);
  await once(file, 'finish');
}

export async function benchReplay(options: {
  readonly events: number;
  readonly runs: number;
  readonly say: (text: string) => void;
}): Promise<ReplayFigures> {
  const { events, runs, say } = options;
  const folder = mkdtempSync(join(tmpdir(), 'postern-replay-'));
  const path = join(folder, 'events.jsonl');
  const before = machineLoad();
  try {
    await writeEvents(path, events);
    const rates: number[] = [];
    for (let run = 1; run <= runs; run++) {
      say(`replay: run ${run} of ${runs}, ${events} events`);
      rates.push(events / (await replayOnce(path)));
    }
    const passed = await passedOf(path);
    return {
      events,
      fileMb: statSync(path).size / 1e6,
      eventsPerSecond: rates,
      passed,
      load: [before, machineLoad()],
      goals: [
        { what: 'postern replay', value: median(rates), unit: 'events/s', least: 200_000 },
        { what: 'honest mail that passes', value: (100 * passed) / events, unit: '%', least: 99 },
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Seconds of the whole command; its verdicts are written and thrown away. */
export async function replayOnce(path: string, program: string = postern): Promise<number> {
  const began = performance.now();
  const child = spawn(program, ['replay', path], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`postern replay ended with ${code}`);
  return (performance.now() - began) / 1_000;
}

async function passedOf(path: string): Promise<number> {
  const child = spawn(postern, ['replay', '--summary', '--json', path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const summary = JSON.parse(await firstLine(child)) as { verdicts: { pass: number } };
  return summary.verdicts.pass;
}

export function replayTable({ events, fileMb, eventsPerSecond, load }: ReplayFigures): string {
  return [
    table([
      ['events', 'file MB', 'events/s', 'slowest', 'fastest'],
      [
        shown(events),
        shown(fileMb),
        ...[
          median(eventsPerSecond),
          Math.min(...eventsPerSecond),
          Math.max(...eventsPerSecond),
        ].map(shown),
      ],
    ]),
    `median of ${eventsPerSecond.length} runs; load before and after ${load.map(shown).join(', ')}`,
  ].join('\n');
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      events: { type: 'string', default: '600000' },
      runs: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
    },
  });
  const figures = await benchReplay({
    events: Number(values.events),
    runs: Number(values.runs),
    say: (text) => process.stderr.write(`${text}\n`),
  });
  if (values.json) console.log(JSON.stringify(figures));
  else console.log(`${replayTable(figures)}\n\n${goalLines(figures.goals)}`);
}
