/**
 * The mail log as a door: follows the log, turns lines into events, hands them to the flow, and
 * remembers its position. No mail waits for this door, and its faults never affect another door.
 */

import type { DefaultDomain } from '../../core/account-name.ts';
import type { LogEvent } from '../../core/event.ts';
import type { LogCounts } from '../../core/logs/log-facts.ts';
import type { ShapeCount } from '../../formats/logs/shapes.ts';
import { hourMs, type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import type { LogHandler } from '../../ports/message.ts';
import type { Clock, Count, Log } from '../../ports/world.ts';
import { followFile } from './follow.ts';
import { type LostLines, lostInLine, lostInRecord } from './lost-lines.ts';
import { type LineContext, type MailLines, openMailLines } from './mail-line.ts';
import type { LogPosition } from './rotated.ts';
import type { LogSource } from './source.ts';
import { followJournal } from './systemd-journal.ts';
import { openWebmailLines } from './webmail-lines.ts';

export type MailLogOptions = {
  /** Finds the log. Called at start, and every minute until a log is found. */
  readonly source: () => Promise<LogSource>;
  /** The uids of programs whose records in the journal count; root is one of them. */
  readonly journalUids: () => ReadonlySet<number>;
  /** Further files, such as one that Dovecot writes. */
  readonly more: readonly string[];
  /** Files in which a webmail writes logins. */
  readonly webmail?: readonly string[];
  /** Files of all instances of Postfix that write one. Asked for at start and every minute. */
  readonly instances?: () => Promise<readonly string[]>;
  readonly defaultDomain: DefaultDomain;
  readonly handler: LogHandler;
  /** Stored positions, one for each log. */
  readonly places: {
    readonly read: (key: string) => string | undefined;
    readonly write: (key: string, place: string) => void;
  };
  readonly clock: Clock;
  readonly log: Log;
  readonly count: Count;
  /** Reports the logs, how many of them are being read, and how many should be. */
  readonly state: (
    names: readonly string[],
    reading: number,
    wanted: number,
    /** Logs that are followed and cannot be read now. */
    unread: readonly string[],
  ) => void;
  /** Reports that lines were read, and what a log service says it dropped. */
  readonly health: {
    lines(): void;
    lost(source: string, lines: number): void;
    /** The file of a log was moved or removed, and no other one is there. */
    away(log: string, is: boolean): void;
    /** The most frequent shapes of lines of a log that are of mail and were not understood. */
    strangest(log: string, shapes: readonly ShapeCount[]): void;
  };
  /** For tests. */
  readonly pollMs?: number;
  readonly journalWords?: readonly string[];
};

export type MailLog = AsyncDisposable;

const shapesShown = 3;
const saveEveryMs = 3 * secondMs;
const lookAgainMs = minuteMs;

type Follower = { place(): LogPosition | string | undefined; close(): Promise<void> };
type Followed = { readonly name: string; readonly follower: Follower; reading: boolean };

export function openMailLog(options: MailLogOptions): MailLog {
  return new MailLogReader(options);
}

class MailLogReader implements MailLog {
  readonly #options: MailLogOptions;
  readonly #followed = new Map<string, Followed>();
  readonly #saved = new Map<string, string>();
  /** When each fault of each log was last logged. */
  readonly #faultLoggedAt = new Map<string, Millis>();
  /** As what the lines of each log were read. */
  readonly #counts = new Map<string, LogCounts>();
  readonly #timers: NodeJS.Timeout[] = [];
  #finding: Promise<void>;
  #sourceFound = false;
  #closed = false;

  constructor(options: MailLogOptions) {
    this.#options = options;
    this.#finding = this.#find();
    this.#timers.push(setInterval(() => this.#save(), saveEveryMs).unref());
    this.#timers.push(setInterval(() => this.#lookAgain(), lookAgainMs).unref());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#closed = true;
    await this.#finding;
    await Promise.all([...this.#followed.values()].map(({ follower }) => follower.close()));
    this.#save();
  }

  #lookAgain(): void {
    this.#finding = this.#sourceFound ? this.#findInstances() : this.#find();
  }

  async #find(): Promise<void> {
    const source = await this.#options.source();
    if (this.#closed) return;
    this.#sourceFound = source.kind !== 'none';
    if (source.kind === 'file') this.#file(source.path);
    else if (source.kind === 'journal') this.#journal();
    else if (source.kind === 'none') this.#fault('mail log', 'missing', undefined);
    for (const path of this.#options.more) this.#file(path);
    for (const path of this.#options.webmail ?? []) this.#file(path, openWebmailLines());
    this.#state();
    await this.#findInstances();
  }

  async #findInstances(): Promise<void> {
    const files = (await this.#options.instances?.()) ?? [];
    if (this.#closed) return;
    for (const path of files) this.#file(path);
    this.#state();
  }

  #file(path: string, reading: MailLines = openMailLines()): void {
    if (this.#followed.has(path)) return;
    const { pollMs } = this.#options;
    const resume = placeOf(this.#options.places.read(keyOf(path)));
    const { fileEvents } = reading;
    const follower = followFile(
      path,
      {
        lines: (lines) => {
          this.#note(lines, lostInLine);
          this.#take(path, lines, fileEvents);
          this.#counted(path, reading);
        },
        ...this.#hooks(path),
        away: (is) => this.#options.health.away(path, is),
      },
      { resume, ...(pollMs === undefined ? {} : { pollMs }) },
    );
    this.#followed.set(path, { name: path, follower, reading: false });
  }

  #journal(): void {
    const name = 'journal';
    const reading = openMailLines();
    const { journalEvents } = reading;
    const follower = followJournal(
      {
        records: (records) => {
          this.#note(records, lostInRecord);
          this.#take(name, records, journalEvents);
          this.#counted(name, reading);
        },
        ...this.#hooks(name),
      },
      {
        resume: this.#options.places.read(keyOf(name)),
        uids: this.#options.journalUids,
        more: this.#options.journalWords ?? [],
      },
    );
    this.#followed.set(name, { name, follower, reading: false });
  }

  #hooks(name: string): {
    fault: (what: LogFault, cause?: unknown) => void;
    reading: (is: boolean) => void;
  } {
    return {
      fault: (what, cause) => this.#fault(name, what, cause),
      reading: (is) => {
        const followed = this.#followed.get(name);
        if (followed !== undefined) followed.reading = is;
        this.#state();
      },
    };
  }

  #note<Line>(lines: readonly Line[], lostIn: (line: Line) => LostLines | undefined): void {
    const { count, health } = this.#options;
    health.lines();
    for (const line of lines) {
      const lost = lostIn(line);
      if (lost === undefined) continue;
      count('postern_mail_log_lost_total', lost.lines);
      health.lost(lost.source, lost.lines);
    }
  }

  /** Counts as what the new lines were read. */
  #counted(name: string, { counts, strangest }: MailLines): void {
    const { count, health } = this.#options;
    const now = counts();
    const before = this.#counts.get(name);
    this.#counts.set(name, now);
    for (const as of ['told', 'known', 'strange', 'other', 'formless'] as const) {
      const more = now[as] - (before?.[as] ?? 0);
      if (more > 0) count('postern_mail_log_read_total', more, as);
    }
    if (now.strange > (before?.strange ?? 0)) health.strangest(name, strangest(shapesShown));
  }

  #take<Line>(
    name: string,
    lines: readonly Line[],
    eventsOf: (line: Line, context: LineContext) => readonly LogEvent[],
  ): void {
    const { clock, count, defaultDomain, handler, log } = this.#options;
    count('postern_mail_log_lines_total', lines.length);
    const context = { defaultDomain, now: clock.now() };
    for (const line of lines) {
      try {
        for (const event of eventsOf(line, context)) handler.seen(event);
      } catch (error) {
        // An error in one line must not stop the others.
        count('postern_mail_log_faults_total', 1, 'bug');
        const stack = error instanceof Error ? error.stack : String(error);
        log('error', 'maillog.failed', { stack });
      }
    }
    const place = this.#placeOf(name);
    if (place !== undefined) handler.taken(keyOf(name), place);
  }

  /** Counts a fault each time, and logs it once an hour. */
  #fault(name: string, what: LogFault, cause: unknown): void {
    const { clock, count } = this.#options;
    count('postern_mail_log_faults_total', 1, what);
    const now = clock.now();
    const key = `${name} ${what}`;
    const last = this.#faultLoggedAt.get(key);
    if (last !== undefined && Math.abs(now - last) < hourMs) return;
    this.#faultLoggedAt.set(key, now);
    const why = cause instanceof Error ? cause.message : undefined;
    this.#options.log('warn', 'maillog.trouble', {
      source: name,
      what,
      ...(why === undefined ? {} : { why }),
    });
  }

  #state(): void {
    const all = [...this.#followed.values()];
    const wanted = all.length + (this.#sourceFound ? 0 : 1);
    const names = all.map(({ name }) => name);
    const unread = all.filter(({ reading }) => !reading).map(({ name }) => name);
    this.#options.state(names, all.length - unread.length, wanted, unread);
  }

  #placeOf(name: string): string | undefined {
    const place = this.#followed.get(name)?.follower.place();
    return place === undefined || typeof place === 'string' ? place : JSON.stringify(place);
  }

  #save(): void {
    for (const name of this.#followed.keys()) {
      const text = this.#placeOf(name);
      if (text === undefined || this.#saved.get(name) === text) continue;
      this.#saved.set(name, text);
      this.#options.places.write(keyOf(name), text);
    }
  }
}

type LogFault = 'missing' | 'unreadable' | 'too-long' | 'skipped' | 'ended';

const keyOf = (name: string): string => `mail-log ${name}`;

function placeOf(text: string | undefined): LogPosition | undefined {
  if (text === undefined) return undefined;
  try {
    const { inode, offset, sample } = JSON.parse(text) as Partial<LogPosition>;
    if (typeof inode !== 'string' || typeof sample !== 'string') return undefined;
    return Number.isSafeInteger(offset) ? { inode, offset: Number(offset), sample } : undefined;
  } catch {
    return undefined;
  }
}
