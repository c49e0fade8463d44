/**
 * `postern replay --format postfix FILE…`: replays old mail logs, the oldest first, also compressed
 * ones.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ReplayEvent } from '../../core/event.ts';
import { type HistoryContext, type LogHistory, openHistory } from '../../doors/log/history.ts';
import type { Replay, ReplayVerdict } from '../../flow/replay/replay.ts';
import { openLineCutter } from '../../lib/line-cutter.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { Millis } from '../../lib/time.ts';
import { openProgress } from '../terminal/progress.ts';

export type LogReplay = {
  readonly files: readonly string[];
  /** The domain of logins that have none. */
  readonly defaultDomain: string;
  readonly replay: Replay;
  readonly verdict: (verdict: ReplayVerdict) => Promise<void> | undefined;
};

/** The last line of a file may end without it. */
const lineEnd = Buffer.from('\n');

type LogFile = { readonly name: string; readonly writtenAt: Millis; readonly bytes: number };

export async function replayLogs(how: LogReplay): Promise<void> {
  const history = openHistory();
  const files = await inOrder(how.files);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const progress = openProgress('replaying', bytes > 0 ? bytes : undefined);
  try {
    for (const file of files) await replayFile(file, history, how, (by) => progress.add(by));
    await apply(history.end(), how);
  } finally {
    progress.end();
  }
}

/** The oldest file first. The shell expands `mail.log*` with the newest first. */
async function inOrder(names: readonly string[]): Promise<readonly LogFile[]> {
  const files = await Promise.all(names.map(about));
  return files.sort((one, other) => one.writtenAt - other.writtenAt);
}

async function about(name: string): Promise<LogFile> {
  if (name === '-') return { name, writtenAt: Date.now() as Millis, bytes: 0 };
  try {
    const found = await stat(name);
    if (found.isDirectory()) throw new Error('it is a directory');
    return { name, writtenAt: Math.floor(found.mtimeMs) as Millis, bytes: found.size };
  } catch (cause) {
    throw cannotRead(name, cause);
  }
}

async function replayFile(
  file: LogFile,
  history: LogHistory,
  how: LogReplay,
  done: (bytes: number) => void,
): Promise<void> {
  const context: HistoryContext = { defaultDomain: how.defaultDomain, writtenAt: file.writtenAt };
  const cutter = openLineCutter(() => undefined);
  const raw = file.name === '-' ? process.stdin : createReadStream(file.name);
  raw.on('data', (chunk: Buffer) => done(chunk.length));
  const take = async (chunk: Buffer): Promise<void> => {
    for (const line of cutter.take(chunk)) {
      const events = history.take(line, context);
      if (events.length > 0) await apply(events, how);
    }
  };
  try {
    for await (const chunk of unpacked(raw, file.name)) await take(chunk as Buffer);
    await take(lineEnd);
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    throw cannotRead(file.name, cause);
  }
}

function unpacked(raw: Readable, name: string): Readable | Transform {
  if (!name.endsWith('.gz')) return raw;
  const gunzip = createGunzip();
  raw.on('error', (cause) => gunzip.destroy(cause));
  return raw.pipe(gunzip);
}

async function apply(
  events: readonly ReplayEvent[],
  { replay, verdict }: LogReplay,
): Promise<void> {
  for (const event of events) {
    const said = replay.apply(event);
    if (said !== undefined) await verdict(said);
  }
}

function cannotRead(name: string, cause: unknown): OperatorError {
  return new OperatorError('replay-file', `cannot read ${name}`, {
    cause,
    exit: sysexits.noInput,
  });
}
