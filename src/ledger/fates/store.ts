/**
 * Keeps what became of messages, in day files beside the ledger. A thread writes them: neither mail
 * nor the ledger waits for it.
 *
 *   judged, logged, attempted ──▶ waiting ──batch──▶ thread ──▶ day file
 *                                    ▲                 │ not written: full disk, fault
 *                                    └── again later ──┘
 *
 * What waits has a limit. Beyond it facts are dropped and counted, and the operator is told.
 */
import { Worker } from 'node:worker_threads';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { secondMs } from '../../lib/time.ts';
import type { FateAnswer, FateStore, IncidentMail } from '../../ports/fate.ts';
import type { World } from '../../ports/world.ts';
import type { ThreadAsked, ThreadData, ThreadTold } from './thread.ts';
import type { Fact, Keeping, Wrote } from './writer.ts';

export type FateStoreOptions = {
  /** The folder of the ledger. */
  readonly folder: string;
  readonly keeping: Keeping;
  readonly world: World;
  /** Says what is wrong; undefined when it is over. */
  readonly trouble: (why: string | undefined) => void;
  /** For tests: another file for the thread to run. */
  readonly thread?: URL;
};

export type OpenFateStore = FateStore & {
  /**
   * Calls back once all that was told before is written, or was not written for a fault, which is
   * counted.
   */
  settled(done: () => void): void;
  configure(keeping: Keeping): void;
  /** Removes what is over. To be called every few minutes. */
  round(incidents: readonly IncidentMail[]): void;
  close(): Promise<void>;
};

/** A batch is handed over this long after its first fact. */
const gatherMs = 300;
/** Facts of a batch, and recipients in them. */
const batchMax = 4_000;
/** Facts and recipients that may wait: 60 MB at most. */
const waitingMax = 100_000;
const againMs = 5 * secondMs;
/** A batch with which the thread died this often is dropped. */
const deathsMax = 3;
/** A batch that is not written after this time is told as trouble. */
const slowMs = 30 * secondMs;
/** Each takes 3 seconds of the thread at most; so a write waits less than `slowMs`. */
const questionsMax = 8;
const answerMs = 8 * secondMs;
/** Twice at the end: to write what waits, and to end the thread. */
const closeMs = 3 * secondMs;
/** Callers that wait until facts are settled. The mail log is one. */
const settlingMax = 10_000;
const off = 'nothing is recorded: setting messages.keep is 0';
const threadMemoryMb = 128;

const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

export function openFateStore(options: FateStoreOptions): OpenFateStore {
  return new Store(options);
}

type Question = { resolve(told: ThreadTold): void; reject(error: unknown): void };
/** A fact as the thread gets it. */
type WaitingFact = { readonly json: string; readonly weight: number };
type Settling = { readonly upTo: number; readonly done: () => void };

class Store implements OpenFateStore {
  readonly #options: FateStoreOptions;
  #keeping: Keeping;
  #waiting: WaitingFact[] = [];
  #waitingWeight = 0;
  /** The batch that the thread has now, and the number of its last fact. */
  #batch:
    | { readonly facts: readonly WaitingFact[]; readonly upTo: number; again: boolean }
    | undefined;
  /** Facts that were told, and that were settled. */
  #told = 0;
  readonly #settling: Settling[] = [];
  #thread: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #slow: NodeJS.Timeout | undefined;
  readonly #questions = new Map<number, Question>();
  #nextQuestion = 0;
  #dropped = 0;
  #deaths = 0;
  /** The disk does not take what waits: the place in the mail log is kept all the same. */
  #isStuck = false;
  #isClosed = false;
  #onClosed = (): void => undefined;

  constructor(options: FateStoreOptions) {
    this.#options = options;
    this.#keeping = options.keeping;
  }

  judged(message: Parameters<FateStore['judged']>[0]): void {
    this.#add({ kind: 'judged', message }, 1 + message.recipients.length);
  }

  logged(...[message, how]: Parameters<FateStore['logged']>): void {
    this.#add({ kind: 'logged', message, startMissing: how?.startMissing === true }, 1);
  }

  merged(...[from, into]: Parameters<FateStore['merged']>): void {
    this.#add({ kind: 'merged', from, into }, 1);
  }

  attempted(attempt: Parameters<FateStore['attempted']>[0]): void {
    this.#add({ kind: 'attempted', attempt }, 1);
  }

  settled(done: () => void): void {
    const isOpen = this.#batch !== undefined || this.#waiting.length > 0;
    if (!isOpen || this.#isClosed || this.#isStuck || this.#settling.length >= settlingMax) done();
    else this.#settling.push({ upTo: this.#told, done });
  }

  configure(keeping: Keeping): void {
    this.#keeping = keeping;
    if (this.#thread !== undefined) this.#post({ kind: 'configure', keeping });
  }

  round(incidents: readonly IncidentMail[]): void {
    const now = this.#options.world.clock.now();
    this.#post({ kind: 'round', now, sinceStartMs: performance.now(), incidents });
  }

  async find(query: Parameters<FateStore['find']>[0]): Promise<FateAnswer> {
    if (this.#keeping.keepMs === 0) return { found: [], partial: off, days: 0 };
    await this.#flushed();
    const told = await this.#ask((id) => ({ kind: 'find', id, query }));
    if (told.kind !== 'found') throw failed('it gave another answer');
    return told.answer;
  }

  async forget(address: string, { dryRun }: { readonly dryRun: boolean }): Promise<number> {
    await this.#flushed();
    const told = await this.#ask((id) => ({ kind: 'forget', id, address, dryRun }));
    if (told.kind !== 'forgot') throw failed('it gave another answer');
    return told.changed;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    await this.#flushed();
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#slow);
    for (const { done } of this.#settling.splice(0)) done();
    if (this.#waiting.length > 0) this.#drop(this.#waiting.length);
    const thread = this.#thread;
    if (thread === undefined) return;
    const closed = new Promise<void>((resolve) => {
      this.#onClosed = resolve;
    });
    this.#post({ kind: 'close' });
    await within(closed, closeMs);
    await thread.terminate();
    for (const { reject } of this.#questions.values()) reject(failed('the guard is ending'));
    this.#questions.clear();
  }

  #add(fact: Fact, weight: number): void {
    if (this.#isClosed || this.#keeping.keepMs === 0) return;
    if (this.#waitingWeight + weight > waitingMax) {
      this.#drop(1);
      return;
    }
    this.#told++;
    // Now, and not all of a batch at once: that would stop the mail for ten milliseconds.
    this.#waiting.push({ json: JSON.stringify(fact), weight });
    this.#waitingWeight += weight;
    if (this.#batch !== undefined) return;
    if (this.#waitingWeight >= batchMax) this.#send();
    else this.#later(gatherMs);
  }

  #later(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#batch?.again === true) this.#resend();
      else this.#send();
    }, ms).unref();
  }

  #send(): void {
    if (this.#batch !== undefined || this.#waiting.length === 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const facts = this.#waiting.splice(0, batchMax);
    this.#waitingWeight =
      this.#waiting.length === 0 ? 0 : this.#waiting.reduce((sum, fact) => sum + fact.weight, 0);
    this.#batch = { facts, upTo: this.#told - this.#waiting.length, again: false };
    this.#resend();
  }

  #resend(): void {
    if (this.#batch === undefined) return;
    this.#batch.again = false;
    clearTimeout(this.#slow);
    this.#slow = setTimeout(() => {
      this.#isStuck = true;
      this.#settle(this.#told);
      this.#trouble(`the disk has not taken them for ${slowMs / secondMs} seconds`);
    }, slowMs).unref();
    const facts = `[${this.#batch.facts.map(({ json }) => json).join()}]`;
    this.#post({ kind: 'write', facts, now: this.#options.world.clock.now() });
  }

  #hear(told: ThreadTold): void {
    switch (told.kind) {
      case 'wrote':
        this.#wrote(told);
        break;
      case 'not-written':
        this.#notWritten(told.why);
        break;
      case 'round':
        this.#roundDone(told);
        break;
      case 'closed':
        this.#onClosed();
        break;
      default: {
        const question = this.#questions.get(told.id);
        this.#questions.delete(told.id);
        if (told.kind === 'not-answered') question?.reject(failed(told.why));
        else question?.resolve(told);
      }
    }
  }

  #wrote({ damaged, failed, outOfRange, unusable }: Extract<ThreadTold, { kind: 'wrote' }>): void {
    const { count, log } = this.#options.world;
    const batch = this.#batch;
    this.#batch = undefined;
    this.#deaths = 0;
    this.#isStuck = false;
    clearTimeout(this.#slow);
    count('postern_fates_written_total', (batch?.facts.length ?? 0) - outOfRange - failed);
    if (outOfRange > 0) count('postern_fates_dropped_total', outOfRange, 'day');
    if (failed > 0) count('postern_fates_dropped_total', failed, 'bug');
    for (const path of damaged) log('error', 'messages.damaged', { path });
    this.#dropped = 0;
    this.#trouble(unusable[0]);
    this.#settle(batch?.upTo ?? 0);
    if (this.#waiting.length > 0) this.#send();
  }

  #notWritten(why: string): void {
    clearTimeout(this.#slow);
    if (this.#batch === undefined) return;
    this.#batch.again = true;
    this.#isStuck = true;
    this.#trouble(why);
    // The mail log must not wait for a disk: its place is kept, and the facts wait in memory.
    this.#settle(this.#told);
    this.#later(againMs);
  }

  #roundDone({
    cleared,
    faults,
    removed,
    shortened,
  }: Extract<ThreadTold, { kind: 'round' }>): void {
    const { log } = this.#options.world;
    if (removed.length + shortened.length + cleared.length > 0) {
      log('info', 'messages.removed', { removed, shortened, cleared });
    }
    for (const why of faults) log('warn', 'messages.not-removed', { why });
  }

  #settle(upTo: number): void {
    while ((this.#settling[0]?.upTo ?? Number.POSITIVE_INFINITY) <= upTo) {
      this.#settling.shift()?.done();
    }
  }

  #drop(facts: number): void {
    this.#options.world.count('postern_fates_dropped_total', facts, 'waiting');
    this.#dropped += facts;
    if (this.#dropped === facts) this.#trouble('too many wait to be written; newer ones are lost');
  }

  #trouble(why: string | undefined): void {
    this.#options.trouble(
      why === undefined
        ? undefined
        : `What became of messages is not recorded now: ${why}. Mail is not affected. Check the ` +
            `disk of ${this.#options.folder}`,
    );
  }

  #post(asked: ThreadAsked): void {
    this.#thread ??= this.#start();
    this.#thread.postMessage(asked);
  }

  #start(): Worker {
    const { folder, thread: file } = this.#options;
    const data: ThreadData = { folder, keeping: this.#keeping };
    const thread = new Worker(file ?? new URL(`thread.${ending}`, import.meta.url), {
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: threadMemoryMb, maxYoungGenerationSizeMb: 8 },
      name: 'messages',
    });
    let why = 'its thread ended';
    thread.on('message', (told: ThreadTold) => this.#hear(told));
    thread.on('error', (error) => {
      why = faultText(error);
    });
    thread.on('exit', () => this.#ended(thread, why));
    thread.unref();
    return thread;
  }

  #ended(thread: Worker, why: string): void {
    if (this.#thread === thread) this.#thread = undefined;
    this.#onClosed();
    if (this.#isClosed) return;
    this.#options.world.log('error', 'messages.thread-ended', { why });
    for (const { reject } of this.#questions.values()) reject(failed(why));
    this.#questions.clear();
    if (++this.#deaths >= deathsMax && this.#batch !== undefined) {
      this.#deaths = 0;
      this.#wrote({ kind: 'wrote', ...lost(this.#batch.facts.length) });
    } else this.#notWritten(why);
  }

  /** What was told before a question is in its answer, if the disk takes it in time. */
  #flushed(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#send();
    this.settled(resolve);
    return within(promise, closeMs);
  }

  #ask(make: (id: number) => ThreadAsked): Promise<ThreadTold> {
    if (this.#isClosed) return Promise.reject(failed('the guard is ending'));
    if (this.#questions.size >= questionsMax) return Promise.reject(busy());
    const id = ++this.#nextQuestion;
    const { promise, resolve, reject } = Promise.withResolvers<ThreadTold>();
    this.#questions.set(id, { resolve, reject });
    const timer = setTimeout(() => {
      if (this.#questions.delete(id)) {
        reject(failed(`no answer within ${answerMs / secondMs} seconds`));
      }
    }, answerMs);
    this.#post(make(id));
    return promise.finally(() => clearTimeout(timer));
  }
}

function lost(failed: number): Wrote {
  return { failed, outOfRange: 0, damaged: [], unusable: [] };
}

function within(promise: Promise<void>, ms: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function busy(): OperatorError {
  return new OperatorError('messages-busy', 'too many searches for messages wait already', {
    hint: 'try again in a minute',
    exit: sysexits.tempFail,
  });
}

function failed(why: string): OperatorError {
  return new OperatorError('messages-failed', `messages cannot be searched now: ${why}`, {
    hint: 'try again in a minute; mail is not affected',
    exit: sysexits.tempFail,
  });
}
