/**
 * `postern replay [--operator-clears DURATION] [--summary] [FILE | -]`: recorded events in, verdicts out.
 * A line that cannot be read, or that goes back in time by more than a minute, ends the run with exit 65.
 */

import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import { noCeilings } from '../core/policy.ts';
import { openReplay, type Replay, type ReplayVerdict } from '../flow/replay.ts';
import { eventLineMax, parseEvent } from '../flow/replay-event.ts';
import { OperatorError, sysexits } from '../lib/operator-error.ts';
import { durationOption } from './options.ts';
import { openProgress } from './progress.ts';
import { summaryText } from './replay-summary.ts';

/** Output is gathered up to this before it is written. */
const outputChunk = 64 * 1024;
const newline = 10;

type Options = { readonly operatorClears?: number; readonly summary?: true; readonly json?: true };

export function register(program: Command): void {
  program
    .command('replay')
    .summary('what would have been done to recorded mail')
    .description(
      'Runs recorded events (a JSON object a line: send, login, delivery, clear) through the guard on their own clock, ' +
        'with everything in memory, and prints a verdict a line for each send.',
    )
    .argument('[file]', 'events; - or nothing: standard input', '-')
    .option(
      '--operator-clears <duration>',
      'a person lifts each suspension after this long, such as 1h',
      durationOption,
    )
    .option('--summary', 'instead of verdicts, a table for people')
    .option('--json', 'with --summary: as one JSON object')
    .action(async (file: string, options: Options) => {
      const replay = openReplay({ policy: noCeilings, operatorClearsMs: options.operatorClears });
      await run(file, replay, options.summary === true ? undefined : printVerdict);
      if (options.summary === true)
        process.stdout.write(summaryText(replay, options.json === true));
    });
}

async function run(
  file: string,
  replay: Replay,
  print: ((verdict: ReplayVerdict) => string) | undefined,
): Promise<void> {
  const { source, bytes } = await open(file);
  const progress = openProgress('replaying', bytes);
  let pending = '';
  const flush = async (): Promise<void> => {
    const text = pending;
    pending = '';
    if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
  };
  process.stdout.on('error', (cause) => {
    // Whoever read us has had enough (`| head`).
    if ((cause as NodeJS.ErrnoException).code === 'EPIPE') process.exit(sysexits.ok);
    throw cause;
  });
  try {
    let number = 0;
    for await (const lines of linesOf(source)) {
      for (const line of lines) {
        number++;
        if (line === '' || line === '\r') continue;
        const verdict = step(replay, line, number, file);
        if (verdict !== undefined && print !== undefined) pending += print(verdict);
        if (pending.length > outputChunk) await flush();
      }
      progress.add(lines.bytes);
    }
  } finally {
    await flush();
    progress.end();
  }
}

function step(
  replay: Replay,
  line: string,
  number: number,
  file: string,
): ReplayVerdict | undefined {
  const where = `${file === '-' ? 'standard input' : file}, line ${number}`;
  const event = parseEvent(line, Date.parse);
  if (!event.ok) {
    throw new OperatorError('replay-line', `${where}: ${event.error}`, { exit: sysexits.dataErr });
  }
  const before = replay.now();
  const verdict = replay.apply(event.value);
  if (event.value.at < before - 60_000) {
    const text = `${where}: goes back in time from ${iso(before)} to ${iso(event.value.at)}`;
    throw new OperatorError('replay-order', text, {
      exit: sysexits.dataErr,
      hint: 'sort the events by `at`',
    });
  }
  return verdict;
}

const iso = (at: number): string => new Date(at).toISOString();

async function open(file: string): Promise<{ source: Readable; bytes: number | undefined }> {
  if (file === '-') return { source: process.stdin, bytes: undefined };
  try {
    const { size } = await stat(file);
    return { source: createReadStream(file, { highWaterMark: 256 * 1024 }), bytes: size };
  } catch (cause) {
    throw new OperatorError('replay-file', `cannot read ${file}`, {
      cause,
      exit: sysexits.noInput,
    });
  }
}

/** Lines of a chunk at a time; `bytes` of input they came from. */
type Lines = string[] & { bytes: number };

async function* linesOf(source: Readable): AsyncGenerator<Lines> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    const last = chunk.lastIndexOf(newline);
    if (last < 0) {
      restBytes += chunk.length;
      if (restBytes > eventLineMax) throw tooLong();
      rest.push(chunk);
      continue;
    }
    const whole = Buffer.concat([...rest, chunk.subarray(0, last)]);
    yield Object.assign(whole.toString('utf8').split('\n'), { bytes: chunk.length });
    rest = [chunk.subarray(last + 1)];
    restBytes = chunk.length - last - 1;
  }
  const tail = Buffer.concat(rest).toString('utf8');
  if (tail !== '') yield Object.assign([tail], { bytes: 0 });
}

function tooLong(): OperatorError {
  return new OperatorError('replay-line', `a line is longer than ${eventLineMax} bytes`, {
    exit: sysexits.dataErr,
  });
}

function printVerdict({ id, verdict, account, because }: ReplayVerdict): string {
  if (because.length > 0) return `${JSON.stringify({ id, verdict, account, because })}\n`;
  return `{"id":${JSON.stringify(id)},"verdict":"${verdict}","account":"${account}","because":[]}\n`;
}
