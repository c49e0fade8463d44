/**
 * Answers questions about statistics off the event loop. A month of 50,000 accounts a day takes
 * half a second to add up, and no mail may wait for that. One thread reads the ledger's file, one
 * question at a time:
 *
 *   no thread ──question──▶ asked ──answer──▶ idle ──question──▶ asked
 *       ▲                     │ late, or it died      │ long unused
 *       └────────────────── ending ◀──────────────────┘
 *
 * Questions wait while the thread is ending, so that there are never two. A disk fault ends it too.
 */
import { Worker } from 'node:worker_threads';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { minuteMs, secondMs } from '../../lib/time.ts';
import type { AskStats, StatsAnswer, StatsQuery } from '../../ports/stats.ts';
import type { Log } from '../../ports/world.ts';
import { threadFile } from './threads.ts';

/** A question is answered within this time. The command line waits ten seconds for the guard. */
const deadlineUsualMs = 8 * secondMs;
/** Questions that may wait. A page asks four, and pages share answers. */
const waitingMax = 16;
/** The thread stays this long unused: open pages ask each minute. Then its memory is freed. */
const unusedMs = 5 * minuteMs;
const threadMemoryMb = 64;
const guardEnds = 'the guard is ending';

export type StatisticsReader = {
  readonly ask: AskStats;
  stop(): void;
};

export type ReaderOptions = {
  readonly log: Log;
  readonly deadlineMs?: number;
  /** For tests: another file for the thread to run. */
  readonly thread?: URL;
};

type Question = {
  readonly query: StatsQuery;
  answer(answer: StatsAnswer): void;
  fail(error: unknown): void;
};

export function statisticsReader(path: string, options: ReaderOptions): StatisticsReader {
  const reader = new Reader(path, options);
  return { ask: (query) => reader.ask(query), stop: () => reader.stop() };
}

class Reader {
  readonly #path: string;
  readonly #options: ReaderOptions;
  readonly #waiting = new Set<Question>();
  #asked: Question | undefined;
  #thread: Worker | undefined;
  /** Why the thread is being ended; undefined if it is not. */
  #ending: 'late' | 'unused' | 'stopped' | undefined;
  #unused: NodeJS.Timeout | undefined;

  constructor(path: string, options: ReaderOptions) {
    this.#path = path;
    this.#options = options;
  }

  ask(query: StatsQuery): Promise<StatsAnswer> {
    if (this.#ending === 'stopped') return Promise.reject(failed(guardEnds));
    if (this.#waiting.size >= waitingMax) return Promise.reject(busy());
    const { promise, resolve, reject } = Promise.withResolvers<StatsAnswer>();
    const timer = setTimeout(() => this.#late(question), this.#deadlineMs);
    const question: Question = {
      query,
      answer(answer) {
        clearTimeout(timer);
        resolve(answer);
      },
      fail(error) {
        clearTimeout(timer);
        reject(error);
      },
    };
    this.#waiting.add(question);
    this.#next();
    return promise;
  }

  /** For good. */
  stop(): void {
    const questions = [...this.#waiting, ...(this.#asked === undefined ? [] : [this.#asked])];
    this.#waiting.clear();
    for (const question of questions) question.fail(failed(guardEnds));
    this.#end('stopped');
  }

  get #deadlineMs(): number {
    return this.#options.deadlineMs ?? deadlineUsualMs;
  }

  #next(): void {
    if (this.#asked !== undefined || this.#ending !== undefined) return;
    clearTimeout(this.#unused);
    const [question] = this.#waiting;
    if (question === undefined) {
      this.#unused = setTimeout(() => this.#end('unused'), unusedMs).unref();
      return;
    }
    this.#waiting.delete(question);
    this.#asked = question;
    this.#thread ??= this.#start();
    this.#thread.postMessage(question.query);
  }

  #start(): Worker {
    const thread = new Worker(this.#options.thread ?? threadFile('statistics-thread'), {
      workerData: { path: this.#path },
      resourceLimits: { maxOldGenerationSizeMb: threadMemoryMb, maxYoungGenerationSizeMb: 8 },
      name: 'ledger-statistics',
    });
    let why: unknown = 'it ended on its own';
    thread.on('message', (answer: StatsAnswer) => {
      this.#asked?.answer(answer);
      this.#asked = undefined;
      this.#next();
    });
    thread.on('error', (error) => {
      why = error;
    });
    thread.on('exit', () => this.#ended(why));
    thread.unref();
    return thread;
  }

  #late(question: Question): void {
    question.fail(
      new OperatorError('statistics-late', `no answer within ${this.#deadlineMs / 1_000} seconds`, {
        hint: 'the machine or its disk is busy; try again in a minute',
        exit: sysexits.tempFail,
      }),
    );
    if (!this.#waiting.delete(question)) this.#end('late');
  }

  #end(why: 'late' | 'unused' | 'stopped'): void {
    clearTimeout(this.#unused);
    if (this.#thread !== undefined || why === 'stopped') this.#ending = why;
    // SQLite first finishes what it is doing. Then the thread ends, and `exit` says so.
    void this.#thread?.terminate();
  }

  #ended(died: unknown): void {
    const why = this.#ending === 'late' ? 'it did not answer in time' : faultText(died);
    if (this.#ending === undefined || this.#ending === 'late') {
      this.#options.log('warn', 'ledger.statistics-thread-ended', { path: this.#path, why });
    }
    this.#thread = undefined;
    this.#asked?.fail(failed(why, died));
    this.#asked = undefined;
    if (this.#ending === 'stopped') return;
    this.#ending = undefined;
    this.#next();
  }
}

function busy(): OperatorError {
  return new OperatorError('statistics-busy', 'too many questions for statistics wait already', {
    hint: 'try again in a minute; `sudo postern stats` reads the ledger without the guard',
    exit: sysexits.tempFail,
  });
}

function failed(why: string, cause?: unknown): OperatorError {
  return new OperatorError('statistics-failed', `the numbers cannot be read now: ${why}`, {
    cause,
    hint: 'try again in a minute; mail is not affected',
    exit: sysexits.tempFail,
  });
}
