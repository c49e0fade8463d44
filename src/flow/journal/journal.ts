/**
 * Collects what flows want remembered and writes it to the ledger together (group commit).
 *
 * Soft changes (a message passed, an account learned) are written within seconds, in slices short
 * enough that no session notices, at even distances. Durable changes (a suspension, a held message)
 * are written on the next turn of the event loop: all that came in this turn by one disk write, and
 * only then answered. Messages that came before them are written first, in order.
 *
 *   ok ──a write fails──▶ failing ──a write works──▶ ok
 *
 * While failing, all changes wait (limits: pending-changes.ts) and Postern tries once a second.
 * Whoever waits for a durable commit gets `false` within five seconds, and the commit stays queued.
 * Nothing is ever written twice or out of order.
 *
 * A damaged page does not stop the writing: what meets such a page is given up, and the rest
 * is kept.
 */
import { assert } from '../../lib/assert.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import type { Change, Ledger } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';
import { type LedgerReads, liveReads } from './journal-reads.ts';
import { type CommitDone, PendingChanges, type PendingSlice } from './pending-changes.ts';
import { RecentRows } from './recent-rows.ts';

type OlderThan = Parameters<Ledger['prune']>[0];

export type JournalState = 'ok' | 'failing';

export type JournalOptions = {
  readonly ledger: Ledger;
  readonly world: World;
  /** Called once when writing begins to fail, and once when it works again. */
  readonly onState: (state: JournalState, why: string) => void;
};

export type Journal = {
  /** Adds a soft change, which is written soon. */
  add(change: Change): void;
  /**
   * Commits durable changes together: `done(true)` once they are on the disk, `done(false)` if that
   * takes more than five seconds.
   */
  commit(changes: readonly Change[], done: CommitDone): void;
  /** The same as a promise: true once the changes are on the disk, false if that takes too long. */
  committed(changes: readonly Change[]): Promise<boolean>;
  /** Writes all that waits, now. False: it could not be written. */
  flushNow(): boolean;
  /** Forgets old rows, a slice each tick; see Ledger.prune. */
  prune(olderThan: OlderThan): void;
  state(): { readonly state: JournalState; readonly why: string };
  /** The ledger as it will be when all that waits is written. */
  readonly live: LedgerReads;
  /** Writes and answers all that waits, and stops the timers. The ledger stays open. */
  close(): void;
};

const damagedCode = 'ledger-corrupt';
const flushEveryMs = 250;
const retryEveryMs = 1_000;
/** Failed attempts, one a second, before a waiting commit is answered `false`. */
const failuresBeforeAnswer = 4;
/** Rows in a slice: they take 2 to 10 ms, depending on how much of the file is in memory. */
const sliceWeight = 100;
/**
 * Share of the waiting accounts that is written each tick, so that a busy account is written once
 * in two seconds.
 */
const accountShare = 1 / 8;
const accountsPerTickMin = 50;

export function openJournal(options: JournalOptions): Journal {
  return new LedgerJournal(options);
}

class LedgerJournal implements Journal {
  readonly live: LedgerReads;
  readonly #options: JournalOptions;
  readonly #pending = new PendingChanges();
  readonly #recent = new RecentRows();
  readonly #stopTicks: () => void;
  #stopRetries = (): void => {};
  #state: JournalState = 'ok';
  #why = '';
  /** Failed attempts in a row. */
  #failures = 0;
  #chained = false;
  /** Rows and accounts that the last tick or commit asked to write and that still wait. */
  #rowsDue = 0;
  #accountsDue = 0;
  #pruneTo: OlderThan | undefined;
  #open = true;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.live = liveReads(options.ledger, this.#pending, this.#recent);
    this.#stopTicks = options.world.timers.every(flushEveryMs, () => this.#tick());
  }

  add(change: Change): void {
    assert(this.#open, 'a closed journal is not written to');
    this.#recent.note(change);
    const dropped = this.#pending.add(change);
    if (dropped !== undefined) this.#countDropped(dropped);
    this.#writeFullSlice();
  }

  commit(changes: readonly Change[], done: CommitDone): void {
    assert(this.#open, 'a closed journal is not written to');
    const { timers } = this.#options.world;
    for (const change of changes) this.#recent.note(change);
    if (!this.#pending.commit(changes, done)) {
      for (const { kind } of changes) this.#countDropped(kind);
      timers.soon(() => this.#answer(done, false));
      return;
    }
    this.#rowsDue = this.#pending.rowCount;
    if (this.#state === 'ok') this.#chain();
    else if (this.#failures >= failuresBeforeAnswer) timers.soon(() => this.#answerOverdue());
  }

  committed(changes: readonly Change[]): Promise<boolean> {
    return new Promise((resolve) => this.commit(changes, resolve));
  }

  flushNow(): boolean {
    for (let slice = this.#oldest(); slice !== undefined; slice = this.#oldest()) {
      if (!this.#write(slice)) return false;
    }
    return true;
  }

  prune(olderThan: OlderThan): void {
    this.#pruneTo = olderThan;
  }

  state(): { readonly state: JournalState; readonly why: string } {
    return { state: this.#state, why: this.#why };
  }

  close(): void {
    if (!this.#open) return;
    if (!this.flushNow()) {
      const changes = this.#pending.rowCount + this.#pending.accountCount;
      this.#options.world.log('error', 'ledger.lost', { changes, why: this.#why });
      for (const done of this.#pending.overdue(0)) this.#answer(done, false);
    }
    this.#open = false;
    this.#stopRetries();
    this.#stopTicks();
  }

  #tick(): void {
    if (this.#state === 'failing') return;
    const { rowCount, accountCount } = this.#pending;
    this.#rowsDue = rowCount;
    this.#accountsDue = Math.max(accountsPerTickMin, Math.ceil(accountCount * accountShare));
    if (rowCount + accountCount > 0) this.#chain();
    if (this.#pruneTo !== undefined) this.#pruneSlice(this.#pruneTo);
  }

  /**
   * A busy guard writes a slice as soon as there is one, at even distances: all slices of a tick
   * one after another would make the messages of that time slow.
   */
  #writeFullSlice(): void {
    if (this.#pending.rowCount < sliceWeight || this.#rowsDue > 0) return;
    if (this.#state === 'failing') return;
    this.#rowsDue = sliceWeight;
    this.#chain();
  }

  /** Writes one slice each turn until nothing is due. Later changes wait for the next tick. */
  #chain(): void {
    if (this.#chained) return;
    this.#chained = true;
    this.#options.world.timers.soon(() => {
      this.#chained = false;
      if (!this.#open || this.#state === 'failing') return;
      const slice = this.#due();
      if (slice !== undefined && this.#write(slice)) this.#chain();
    });
  }

  #due(): PendingSlice | undefined {
    if (this.#rowsDue > 0 && this.#pending.rowCount > 0) {
      const rows = this.#pending.rowSlice(sliceWeight);
      this.#rowsDue -= rows.entries.length;
      return rows;
    }
    if (this.#accountsDue <= 0) return undefined;
    const accounts = this.#pending.accountSlice(sliceWeight);
    this.#accountsDue -= accounts.entries.length;
    return accounts.entries.length > 0 ? accounts : undefined;
  }

  #oldest(): PendingSlice | undefined {
    if (this.#pending.rowCount > 0) return this.#pending.rowSlice(sliceWeight);
    const accounts = this.#pending.accountSlice(sliceWeight);
    return accounts.entries.length > 0 ? accounts : undefined;
  }

  /** Writes one slice. False: the ledger cannot be written now. */
  #write(slice: PendingSlice): boolean {
    try {
      this.#options.ledger.write(slice.changes, { durable: slice.durable });
    } catch (error) {
      if (error instanceof OperatorError && error.code !== damagedCode) {
        this.#fail(error);
        return false;
      }
      return this.#isolate(slice, error);
    }
    this.#options.world.count('postern_ledger_commits_total');
    this.#settle(slice, true);
    return true;
  }

  #settle(slice: PendingSlice, kept: boolean): void {
    this.#pending.settle(slice);
    if (kept && this.#state === 'failing') this.#recover();
    for (const { done } of slice.entries) if (done !== undefined) this.#answer(done, kept);
  }

  /**
   * Writes each entry of a refused slice alone. A change that the ledger refuses is a mistake of
   * ours, or meets a damaged page: it is given up, so that the others are kept.
   */
  #isolate(slice: PendingSlice, error: unknown): boolean {
    if (slice.entries.length > 1) {
      return slice.entries.every(() => {
        const one =
          slice.from === 'rows' ? this.#pending.rowSlice(0) : this.#pending.accountSlice(0);
        return one.entries.length === 0 || this.#write(one);
      });
    }
    const isDamage = error instanceof OperatorError;
    if (isDamage && slice.changes.length > 1) return this.#writeEach(slice);
    const kinds = slice.changes.map(({ kind }) => kind);
    // The guard tells of damage itself (daemon/ledger.ts), not for each change.
    if (!isDamage) {
      this.#options.world.log('error', 'ledger.change-refused', { kinds, error: String(error) });
    }
    for (const kind of kinds) this.#countDropped(kind);
    this.#settle(slice, false);
    return true;
  }

  /** Writes each change of a commit alone: if one table is damaged, the suspension is kept. */
  #writeEach(slice: PendingSlice): boolean {
    let kept = true;
    for (const change of slice.changes) {
      try {
        this.#options.ledger.write([change], { durable: slice.durable });
      } catch (error) {
        if (error instanceof OperatorError && error.code !== damagedCode) {
          this.#fail(error);
          return false;
        }
        this.#countDropped(change.kind);
        kept = false;
      }
    }
    this.#settle(slice, kept);
    return true;
  }

  #fail(error: OperatorError): void {
    const { onState } = this.#options;
    const { count, log, timers } = this.#options.world;
    count('postern_ledger_failures_total');
    this.#why = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
    if (this.#state === 'failing') return;
    this.#state = 'failing';
    this.#failures = 0;
    this.#stopRetries = timers.every(retryEveryMs, () => this.#retry());
    log('error', 'ledger.failing', { code: error.code, why: this.#why });
    onState(this.#state, this.#why);
  }

  #retry(): void {
    const slice = this.#oldest();
    if (slice === undefined) {
      this.#recover();
    } else if (!this.#write(slice)) {
      this.#failures += 1;
      this.#pending.noteFailure();
      this.#answerOverdue();
    }
  }

  #recover(): void {
    const { onState } = this.#options;
    const { log } = this.#options.world;
    this.#stopRetries();
    this.#state = 'ok';
    this.#why = '';
    log('info', 'ledger.recovered', { waiting: this.#pending.rowCount });
    this.#rowsDue = this.#pending.rowCount;
    this.#chain();
    onState(this.#state, this.#why);
  }

  #answerOverdue(): void {
    if (this.#state !== 'failing') return;
    // After a long failure, new commits are answered at once.
    const failuresMax = this.#failures >= failuresBeforeAnswer ? 0 : failuresBeforeAnswer;
    for (const done of this.#pending.overdue(failuresMax)) this.#answer(done, false);
  }

  #answer(done: CommitDone, kept: boolean): void {
    try {
      done(kept);
    } catch (error) {
      this.#options.world.log('error', 'ledger.answer-failed', { error: String(error) });
    }
  }

  #pruneSlice(olderThan: OlderThan): void {
    try {
      if (!this.#options.ledger.prune(olderThan)) this.#pruneTo = undefined;
    } catch (error) {
      // Old rows can wait for the next round. If the disk fails, the next write shows it.
      this.#pruneTo = undefined;
      this.#options.world.log('warn', 'ledger.prune-failed', { error: String(error) });
    }
  }

  #countDropped(kind: Change['kind']): void {
    this.#options.world.count('postern_ledger_dropped_total', 1, kind);
  }
}
