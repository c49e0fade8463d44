/**
 * Follows the systemd journal through journalctl(1): the records of mail programs, from a cursor or
 * from now on. If journalctl ends, it is started again after 1 second, then 2, up to 60. Records
 * that come faster than they are taken wait in the journal.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { openLineCutter } from '../../lib/line-cutter.ts';
import { peerText } from '../../lib/peer-text.ts';
import { minuteMs, secondMs } from '../../lib/time.ts';

export type JournalRecord = {
  readonly tag: string;
  readonly message: string;
  /** Number of the process, as text; empty if the record has none. */
  readonly pid: string;
  /** Milliseconds since 1970. */
  readonly logged: number;
  readonly cursor: string;
};

export type JournalFault = 'missing' | 'unreadable' | 'too-long' | 'ended';

export type JournalHooks = {
  records(records: readonly JournalRecord[]): void;
  fault(what: JournalFault, cause?: unknown): void;
  reading(is: boolean): void;
};

export type JournalFollower = {
  /** The cursor of the last record handed out. */
  place(): string | undefined;
  close(): Promise<void>;
};

const program = '/usr/bin/journalctl';
const retryMsMin = secondMs;
const retryMsMax = minuteMs;
const complaintMax = 2_000;
const wantedFields = [
  'MESSAGE',
  'SYSLOG_IDENTIFIER',
  '_UID',
  '_PID',
  '_SYSTEMD_UNIT',
  '_SOURCE_REALTIME_TIMESTAMP',
] as const;

/**
 * Records of mail programs (facility 2), and those in which journald says that it dropped records
 * (SD_MESSAGE_JOURNAL_DROPPED).
 */
const wantedRecords = ['SYSLOG_FACILITY=2', '+', 'MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e'];

type Child = ChildProcessByStdio<null, Readable, Readable>;

/**
 * Follows the journal. `uids`: whose records count. `more` are further arguments of journalctl,
 * such as `--namespace=mail`.
 */
export function followJournal(
  hooks: JournalHooks,
  how: {
    readonly uids: () => ReadonlySet<number>;
    readonly resume?: string | undefined;
    readonly more?: readonly string[];
  },
): JournalFollower {
  const follower = new ChildFollower(hooks, how);
  const done = follower.run();
  return {
    place: () => follower.cursor,
    async close() {
      follower.stop();
      await done;
    },
  };
}

class ChildFollower {
  cursor: string | undefined;
  readonly #hooks: JournalHooks;
  readonly #uids: () => ReadonlySet<number>;
  readonly #more: readonly string[];
  #child: Child | undefined;
  #closed = false;
  #rouse = (): void => undefined;

  constructor(
    hooks: JournalHooks,
    { more = [], resume, uids }: Parameters<typeof followJournal>[1],
  ) {
    this.#hooks = hooks;
    this.cursor = resume;
    this.#uids = uids;
    this.#more = more;
  }

  async run(): Promise<void> {
    for (let waitMs = retryMsMin; !this.#closed; waitMs = Math.min(waitMs * 2, retryMsMax)) {
      const began = performance.now();
      const cursor = this.cursor;
      await this.#follow();
      if (this.#closed) return;
      const lived = performance.now() - began;
      if (lived > retryMsMax) waitMs = retryMsMin;
      // An invalid cursor would end journalctl each time, so it is given up.
      if (lived < retryMsMin && cursor !== undefined && cursor === this.cursor) {
        this.cursor = undefined;
      }
      await this.#pause(waitMs);
    }
  }

  stop(): void {
    this.#closed = true;
    this.#child?.kill('SIGTERM');
    this.#rouse();
  }

  /** Runs journalctl once, until it ends. */
  async #follow(): Promise<void> {
    const from = this.cursor === undefined ? ['--lines=0'] : [`--after-cursor=${this.cursor}`];
    const args = [
      ...['--follow', '--output=json', '--no-pager', ...from],
      ...(this.cursor === undefined ? [] : ['--no-tail']),
      `--output-fields=${wantedFields.join(',')}`,
      ...this.#more,
      ...wantedRecords,
    ];
    const env = { LC_ALL: 'C', PATH: '/usr/bin:/bin' };
    const child: Child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    this.#child = child;
    const ended = new Promise<unknown>((resolve) => {
      child.once('error', resolve);
      child.once('close', (code) => resolve(code));
    });
    child.once('spawn', () => this.#hooks.reading(true));
    const complaint = this.#listen(child);
    try {
      await this.#take(child.stdout);
    } catch (cause) {
      child.kill('SIGTERM');
      this.#hooks.fault('ended', cause);
    }
    const how = await ended;
    this.#child = undefined;
    this.#hooks.reading(false);
    if (this.#closed) return;
    const gone = how instanceof Error && 'code' in how && how.code === 'ENOENT';
    if (gone) this.#hooks.fault('missing', how);
    else this.#hooks.fault('ended', new Error(complaint() || `journalctl ended: ${how}`));
  }

  /** Reads stderr, where journalctl says that it lacks permissions while it keeps running. */
  #listen(child: Child): () => string {
    let said = '';
    let isReported = false;
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-complaintMax);
      if (
        isReported ||
        !/insufficient permissions|not seeing messages from other users/.test(said)
      ) {
        return;
      }
      isReported = true;
      this.#hooks.reading(false);
      this.#hooks.fault('unreadable', new Error(said.trim().split('\n')[0]));
    });
    return () => said.trim().split('\n').at(-1) ?? '';
  }

  async #take(stdout: Readable): Promise<void> {
    const cutter = openLineCutter(() => this.#hooks.fault('too-long'));
    for await (const chunk of stdout as AsyncIterable<Buffer>) {
      const uids = this.#uids();
      const all = cutter.take(chunk).flatMap((line) => parseRecord(line, uids) ?? []);
      const last = all.at(-1);
      if (last === undefined) continue;
      this.cursor = last.cursor;
      const records = all.filter(({ isTrusted }) => isTrusted);
      if (records.length > 0) this.#hooks.records(records);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      this.#rouse = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/**
 * Web servers. They run as root and pass on what visitors give them, for example to logger(1) for
 * their own log.
 */
const webUnits =
  /^(?:apache2?|httpd|nginx|lighttpd|caddy|php[\d.]*(?:-fpm)?)(?:@[^.]{0,100})?\.service$/;

/**
 * Parses a line of `journalctl --output=json`. Undefined if it is not a record. A record is trusted
 * if one of `uids` wrote it: everybody may call logger(1) with any text. The fields with an
 * underscore are journald's own, which no client can set.
 */
export function parseRecord(
  line: string,
  uids: ReadonlySet<number>,
): (JournalRecord & { readonly isTrusted: boolean }) | undefined {
  let fields: Readonly<Record<string, unknown>>;
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    fields = { ...value };
  } catch {
    return undefined;
  }
  const { __CURSOR: cursor, SYSLOG_IDENTIFIER: tag } = fields;
  const message = text(fields['MESSAGE']);
  if (typeof cursor !== 'string' || typeof tag !== 'string' || message === undefined) {
    return undefined;
  }
  const uid = fields['_UID'];
  const unit = fields['_SYSTEMD_UNIT'];
  const isTrusted =
    typeof uid === 'string' &&
    /^\d+$/.test(uid) &&
    uids.has(Number(uid)) &&
    !(typeof unit === 'string' && webUnits.test(unit));
  const pid = fields['_PID'];
  const microseconds = fields['_SOURCE_REALTIME_TIMESTAMP'] ?? fields['__REALTIME_TIMESTAMP'];
  const logged = Math.floor(Number(microseconds) / 1_000);
  return { tag, message, pid: typeof pid === 'string' ? pid : '', logged, cursor, isTrusted };
}

/** The text of a field. journalctl prints bytes that are not UTF-8 as a list of numbers. */
function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  return peerText(Buffer.from(value.filter((byte) => typeof byte === 'number')));
}
