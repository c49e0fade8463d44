/**
 * `postern replay --format postfix FILE…`: replays old mail logs, the oldest first, also compressed
 * ones, and tells what it read.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { LogEvent, ReplayEvent } from '../../core/event.ts';
import { type LogLines, openLogLines } from '../../core/logs/log-lines.ts';
import { type LoggedEvents, openLoggedEvents } from '../../flow/replay/logged-events.ts';
import type { Replay, ReplayVerdict } from '../../flow/replay/replay.ts';
import type { WebmailPeople } from '../../flow/replay/webmail-people.ts';
import { sha256 } from '../../lib/hash.ts';
import { type LineCutter, lineEnd, openLineCutter } from '../../lib/line-cutter.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import type { Millis } from '../../lib/time.ts';
import { openProgress } from '../terminal/progress.ts';
import { cannotRead, inputName } from './input.ts';
import { logBytes } from './log-bytes.ts';
import type { ReadReport } from './read-report.ts';

export type LogReplay = {
  readonly files: readonly string[];
  /** The domain of logins that have none. */
  readonly defaultDomain: string;
  readonly replay: Pick<Replay, 'apply' | 'now' | 'summary'>;
  readonly verdict: (verdict: ReplayVerdict) => Promise<void> | undefined;
  /** Who was behind a webmail, where its log was given. */
  readonly people?: WebmailPeople;
};

/** How much of a file is looked at to learn when it begins, and whether it is a copy. */
const headMax = 64 * 1024;
/** How much is read at a time. */
const highWaterMark = 256 * 1024;
/** Shapes of lines that were not understood. */
const shapesShown = 3;

type LogFile = {
  readonly name: string;
  readonly writtenAt: Millis;
  readonly bytes: number;
  /** The time of its first fact. */
  readonly beginsAt: Millis;
  /** Equal for two files that begin alike; empty if it is not known. */
  readonly head: string;
};

export async function replayLogs(how: LogReplay): Promise<ReadReport> {
  const files: LogFile[] = [];
  for (const name of new Set(how.files)) files.push(await about(name, how.defaultDomain));
  files.sort((one, other) => one.beginsAt - other.beginsAt);
  const reading = new Reading(how, files[0]?.writtenAt ?? (Date.now() as Millis));
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const progress = openProgress('replaying', bytes > 0 ? bytes : undefined);
  try {
    for (const [nth, file] of files.entries()) {
      await reading.file(file, (by) => progress.add(by));
      await reading.fileEnd(files[nth + 1]?.writtenAt);
    }
    await reading.end();
  } finally {
    progress.end();
  }
  return reading.report();
}

async function about(name: string, defaultDomain: string): Promise<LogFile> {
  const now = Date.now() as Millis;
  if (name === '-') return { name, writtenAt: now, bytes: 0, beginsAt: now, head: '' };
  try {
    const found = await stat(name);
    if (found.isDirectory()) throw new Error('it is a directory');
    const writtenAt = Math.floor(found.mtimeMs) as Millis;
    const file = { name, writtenAt, bytes: found.size };
    // A pipe can be read only once.
    if (!found.isFile()) return { ...file, beginsAt: writtenAt, head: '' };
    return { ...file, ...(await headOf(name, writtenAt, defaultDomain)) };
  } catch (cause) {
    throw cannotRead(name, cause);
  }
}

async function headOf(
  name: string,
  writtenAt: Millis,
  defaultDomain: string,
): Promise<Pick<LogFile, 'beginsAt' | 'head'>> {
  const chunks: Buffer[] = [];
  let size = 0;
  const raw = createReadStream(name);
  for await (const chunk of logBytes(raw, () => undefined)) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= headMax) break;
  }
  raw.destroy();
  const head = Buffer.concat(chunks).subarray(0, headMax);
  const lines = openLogLines({ defaultDomain, writtenAt });
  const events: LogEvent[] = [];
  for (const line of openLineCutter(() => undefined).take(head)) events.push(...lines.take(line));
  events.push(...lines.end());
  return {
    beginsAt: events[0]?.at ?? writtenAt,
    head: head.length === 0 ? '' : sha256(head).toString('hex'),
  };
}

class Reading {
  readonly #how: LogReplay;
  readonly #lines: LogLines;
  readonly #events: LoggedEvents = openLoggedEvents();
  readonly #notes: string[] = [];
  /** Head of a file → the file and how many lines it has. */
  readonly #read = new Map<string, { readonly name: string; lines: number }>();
  #tooLong = 0;

  constructor(how: LogReplay, writtenAt: Millis) {
    this.#how = how;
    this.#lines = openLogLines({ defaultDomain: how.defaultDomain, writtenAt });
  }

  async file(file: LogFile, done: (bytes: number) => void): Promise<void> {
    const { head, name } = file;
    const before = head === '' ? undefined : this.#read.get(head);
    if (before !== undefined) this.#notes.push(`${name}: a copy of ${before.name}; read once`);
    const skip = before?.lines ?? 0;
    let count = 0;
    const cutter = openLineCutter(() => {
      this.#tooLong++;
    });
    const raw = name === '-' ? process.stdin : createReadStream(name, { highWaterMark });
    raw.on('data', (chunk: Buffer) => done(chunk.length));
    const damaged = (why: string): void => void this.#notes.push(`${inputName(name)}: ${why}`);
    try {
      for await (const chunk of logBytes(raw, damaged)) {
        count = await this.#chunk(cutter, chunk, count, skip);
      }
      count = await this.#chunk(cutter, lineEnd, count, skip);
    } catch (cause) {
      if (cause instanceof OperatorError) throw cause;
      throw cannotRead(name, cause);
    }
    if (head !== '' && count > skip) this.#read.set(head, { name, lines: count });
  }

  /** Takes the lines behind the first `skip`; returns how many lines the file has up to here. */
  async #chunk(cutter: LineCutter, chunk: Buffer, count: number, skip: number): Promise<number> {
    let nth = count;
    for (const line of cutter.take(chunk)) {
      nth++;
      if (nth <= skip || line === '') continue;
      for (const event of this.#lines.take(line)) {
        for (const due of this.#events.take(event)) {
          const full = this.#apply(due);
          if (full !== undefined) await full;
        }
      }
    }
    return nth;
  }

  async fileEnd(nextWrittenAt: Millis | undefined): Promise<void> {
    for (const event of this.#lines.end(nextWrittenAt)) {
      for (const due of this.#events.take(event)) await this.#apply(due);
    }
  }

  async end(): Promise<void> {
    for (const event of this.#events.end()) {
      const full = this.#apply(event);
      if (full !== undefined) await full;
    }
  }

  report(): ReadReport {
    const counts = this.#lines.counts();
    return {
      lines: {
        ...counts,
        lines: counts.lines + this.#tooLong,
        formless: counts.formless + this.#tooLong,
      },
      notUnderstood: this.#lines.strangest(shapesShown),
      leftOut: this.#events.leftOut(),
      cameIn: this.#events.cameIn(),
      unnamed: this.#events.unnamed(),
      notes: [...this.#notes, ...untimedNote(this.#lines.untimed())],
    };
  }

  /** Returns what to wait for: there are too many events for a wait after each. */
  #apply(event: ReplayEvent): Promise<void> | undefined {
    const { people, replay, verdict } = this.#how;
    let full: Promise<void> | undefined;
    // At most one is a message.
    for (const one of people?.take(event) ?? [event]) {
      const said = replay.apply(one);
      if (said !== undefined) full = verdict(said);
    }
    return full;
  }
}

/** How often an account sends is most of what is judged. */
function untimedNote(lines: number): readonly string[] {
  if (lines === 0) return [];
  return [
    `lines without a time that can be read: ${lines}. Each was judged at the time of the line ` +
      'before it, so verdicts may be wrong. Give a log with times',
  ];
}
