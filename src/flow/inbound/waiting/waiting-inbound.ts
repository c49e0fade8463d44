/**
 * Mail that came in and waits in the mail server's hold queue, and what is in quarantine there.
 *
 *   waiting ──its time is over, judged once more──▶ released
 *      │                        └────────────────▶ quarantined ──14 days──▶ expired
 *      └── an operator, or a setting ──▶ released, dropped
 *
 * A message is written down on the disk before it is held, and on a list of the root helper, which
 * releases it if the guard does not come back. Whatever fails, a message is rather delivered than
 * kept: nothing is copied, and nothing bounces.
 */
import { inboundWaitingMax, quarantineMax } from '../../../core/inbound/kept.ts';
import { faultText } from '../../../lib/error-text.ts';
import { dayMs, hourMs, type Millis, minuteMs, secondMs } from '../../../lib/time.ts';
import type {
  InboundLedger,
  InboundRow,
  InboundState,
  LetGoList,
} from '../../../ports/inbound/inbound.ts';
import type { Mta } from '../../../ports/mail-server.ts';
import type { Troubles } from '../../../ports/troubles.ts';
import type { World } from '../../../ports/world.ts';
import type { Journal } from '../../journal/journal.ts';

export type WaitingSettings = {
  /** New mail may be held now; what waits is released once this is false. */
  readonly holds: boolean;
  readonly quarantineMs: number;
  /** Users are told about the quarantine. */
  readonly tells: boolean;
};

export type WaitingDeps = {
  readonly journal: Pick<Journal, 'add' | 'committed' | 'state'>;
  readonly ledger: Pick<InboundLedger, 'inboundDue'>;
  readonly mta: Mta | undefined;
  readonly list: LetGoList | undefined;
  readonly troubles: Pick<Troubles, 'set'>;
  readonly world: World;
  readonly settings: WaitingSettings;
  /** Judges a message again whose time is over. Never rejects. */
  readonly judgeAgain: (row: InboundRow) => Promise<Pick<InboundRow, 'reasons'> | 'release'>;
  /** The message no longer waits: its octets are freed. */
  readonly over: (queueId: string) => void;
};

const tickMs = 2 * secondMs;
/** After a fault of the queue tools. */
const againMs = 15 * secondMs;
/** Messages that are judged again at the same time. */
const batchMax = 50;
/** A younger row may belong to a message that the mail server is still taking in. */
const settleMs = 5 * minuteMs;
/** A message that could not be told about stays for this long beyond its time. */
const untoldMs = 14 * dayMs;
/**
 * Nothing is deleted for this time after a start, or after the clock was set: a clock that is wrong
 * by weeks is usually put right soon.
 */
const steadyMs = hourMs;
/** Longer between two reviews: the clock was set, or this machine slept. */
const leapMs = 10 * minuteMs;
/** Characters of all rows in memory: strangers choose their length. */
const charactersMax = 64 * 1024 * 1024;
const part = 'incoming mail that waits';

export class WaitingInbound {
  readonly #deps: WaitingDeps;
  /** All that waits or is in quarantine. */
  readonly #rows = new Map<string, InboundRow>();
  readonly #stop: () => void;
  #waiting = 0;
  #characters = 0;
  #busy = false;
  #notBefore = 0;
  #reviewedAt: Millis;
  #steadySince: Millis;

  constructor(deps: WaitingDeps) {
    this.#deps = deps;
    this.#reviewedAt = deps.world.clock.now();
    this.#steadySince = this.#reviewedAt;
    for (const row of deps.ledger.inboundDue(farFuture, inboundWaitingMax + quarantineMax)) {
      this.#put(row);
    }
    this.#stop = deps.world.timers.every(tickMs, () => void this.review());
  }

  close(): void {
    this.#stop();
  }

  get waiting(): number {
    return this.#waiting;
  }

  get quarantined(): number {
    return this.#rows.size - this.#waiting;
  }

  get(queueId: string): InboundRow | undefined {
    return this.#rows.get(queueId);
  }

  /** The newest first. */
  all(state: 'waiting' | 'quarantined'): readonly InboundRow[] {
    const rows = [...this.#rows.values()].filter((row) => row.state === state);
    return rows.sort((one, other) => other.at - one.at);
  }

  /**
   * Writes a message down before it is held. False: it must not be held. `queueId` is not empty.
   */
  async hold(row: InboundRow): Promise<boolean> {
    const { journal, list, mta, settings } = this.#deps;
    if (mta === undefined || !settings.holds || journal.state().state !== 'ok') return false;
    // Whoever reaches the door names the queue id. A message that is kept must not be renamed.
    if (this.#rows.has(row.queueId)) return false;
    const isFull = this.#waiting >= inboundWaitingMax || this.quarantined >= quarantineMax;
    if (isFull || this.#characters + charactersOf(row) > charactersMax) {
      this.#deps.world.count('postern_inbound_unheld_total', 1, 'full');
      return false;
    }
    this.#put(row);
    const isWritten = await journal.committed([{ kind: 'inbound', row }]);
    if (isWritten && (list === undefined || (await list.add(row.queueId, row.due)))) return true;
    this.#deps.world.count('postern_inbound_unheld_total', 1, isWritten ? 'list' : 'ledger');
    this.#end(row, 'released', 'postern');
    return false;
  }

  /** The address is taken out of what would be written again; the message stays where it is. */
  forgetAddress(address: string): void {
    for (const row of this.#rows.values()) {
      const isIn = row.sender === address || row.recipients.includes(address);
      if (!isIn) continue;
      const recipients = row.recipients.filter((one) => one !== address);
      const sender = row.sender === address ? '' : row.sender;
      this.#put({ ...row, recipients, sender, subject: '' });
    }
  }

  /** Notes that the recipients of these were told. */
  told(rows: readonly InboundRow[], at: Millis): void {
    for (const { queueId } of rows) {
      const row = this.#rows.get(queueId);
      if (row === undefined) continue;
      this.#put({ ...row, toldAt: at });
      this.#deps.journal.add({ kind: 'inbound', row: { ...row, toldAt: at } });
    }
  }

  /** Deals with what is due. Runs at intervals, one at a time. */
  async review(): Promise<void> {
    const { clock, log } = this.#deps.world;
    const now = clock.now();
    const sinceMs = now - this.#reviewedAt;
    if (sinceMs < 0 || sinceMs > leapMs) this.#steadySince = now;
    this.#reviewedAt = now;
    if (this.#busy || this.#rows.size === 0 || now < this.#notBefore) return;
    const due = this.#due(now);
    if (due.length === 0) return;
    this.#busy = true;
    try {
      await this.#judgeWaiting(due.filter(({ state }) => state === 'waiting'));
      await this.#move(
        due.filter(({ state }) => state === 'quarantined'),
        'expired',
        'postern',
      );
      this.#deps.troubles.set(part, undefined);
    } catch (fault) {
      this.#notBefore = now + againMs;
      log('error', 'inbound.not-moved', { messages: due.length, why: faultText(fault) });
      const why = `the queue tools failed: ${faultText(fault)}`;
      this.#deps.troubles.set(part, `incoming mail waits longer than it should: ${why}`);
    } finally {
      this.#busy = false;
    }
  }

  /** Released or dropped by an operator. Answers with what was moved. */
  async byHand(
    rows: readonly InboundRow[],
    state: 'released' | 'dropped',
    by: string,
  ): Promise<ReadonlySet<string>> {
    return await this.#move(rows, state, by);
  }

  #due(now: Millis): readonly InboundRow[] {
    const { holds, tells } = this.#deps.settings;
    const isSteady = now - this.#steadySince >= steadyMs;
    const isDue = ({ at, due, state, toldAt }: InboundRow): boolean => {
      // From the future: the clock was set back since it came.
      if (state === 'waiting') return due <= now || at > now || !holds;
      if (!isSteady) return false;
      return due <= now && (toldAt > 0 || !tells || due + untoldMs <= now);
    };
    // Some of each: what cannot be deleted must not keep others waiting.
    const found = { waiting: [] as InboundRow[], quarantined: [] as InboundRow[] };
    for (const row of this.#rows.values()) {
      const some = row.state === 'waiting' ? found.waiting : found.quarantined;
      if (some.length < batchMax && isDue(row)) some.push(row);
    }
    return [...found.waiting, ...found.quarantined];
  }

  async #judgeWaiting(rows: readonly InboundRow[]): Promise<void> {
    if (rows.length === 0) return;
    const { holds } = this.#deps.settings;
    const judged = await Promise.all(
      rows.map(async (row) => ({
        row,
        said: holds ? await this.#deps.judgeAgain(row) : ('release' as const),
      })),
    );
    // A message that the root helper released, or an operator, can no longer be kept.
    const suspects = judged.flatMap(({ row, said }) => (said === 'release' ? [] : row.queueId));
    const onHold = suspects.length === 0 ? undefined : await this.#deps.mta?.onHold(suspects);
    const kept = new Set<string>();
    for (const { row, said } of judged) {
      const there = onHold?.get(row.queueId);
      if (said === 'release' || there === undefined) continue;
      const { bytes, instance } = there;
      const found = { ...row, ...said, instance, bytes: bytes > 0 ? bytes : row.bytes };
      if (await this.#quarantine(found)) kept.add(row.queueId);
    }
    if (kept.size > 0) await this.#deps.list?.remove([...kept]);
    await this.#move(
      rows.filter(({ queueId }) => !kept.has(queueId)),
      'released',
      'postern',
    );
  }

  async #quarantine(row: InboundRow): Promise<boolean> {
    const { journal, settings, world } = this.#deps;
    const at = world.clock.now();
    const due = (at + settings.quarantineMs) as Millis;
    const kept = { ...row, due, state: 'quarantined', facts: '', changedAt: at } as const;
    // What cannot be written down is delivered.
    if (journal.state().state !== 'ok' || !this.#isStill(row)) return false;
    if (!(await journal.committed([{ kind: 'inbound', row: kept }]))) return false;
    // An operator was faster.
    if (!this.#isStill(row)) return true;
    this.#put(kept);
    this.#deps.over(row.queueId);
    world.count('postern_inbound_waited_total', 1, 'quarantined');
    world.log('info', 'inbound.quarantined', { id: row.queueId, points: row.points });
    return true;
  }

  /** Moves these in the queue. What is not there any more is `gone`. */
  async #move(
    wanted: readonly InboundRow[],
    state: Extract<InboundState, 'released' | 'dropped' | 'expired'>,
    by: string,
  ): Promise<ReadonlySet<string>> {
    const { list, mta, world } = this.#deps;
    const rows = wanted.filter((row) => this.#isStill(row));
    const ids = rows.map(({ queueId }) => queueId);
    if (ids.length === 0) return new Set();
    if (mta === undefined) throw new Error('Postern may not use the mail queue');
    const { done, fault } = await (state === 'released' ? mta.release(ids) : mta.drop(ids));
    for (const row of rows) if (done.has(row.queueId)) this.#end(row, state, by);
    const left = rows.filter(({ queueId }) => !done.has(queueId));
    if (fault !== undefined) {
      // The others come first the next time.
      for (const row of left) this.#putLast(row);
      throw fault;
    }
    const now = world.clock.now();
    const there = left.length === 0 ? new Map() : await mta.onHold(left.map((row) => row.queueId));
    for (const row of left) {
      if (there.has(row.queueId) || !this.#isStill(row)) continue;
      const isYoung = row.state === 'waiting' && now - row.at < settleMs;
      // Not judged every few seconds until then.
      if (isYoung) this.#put({ ...row, due: Math.max(row.due, now + againMs) as Millis });
      else this.#end(row, 'gone', 'queue');
    }
    const ended = ids.filter((id) => !this.#rows.has(id));
    if (ended.length > 0) await list?.remove(ended);
    return done;
  }

  /** No other step has moved the message since `row` was read: each step waits for programs. */
  #isStill({ queueId, state }: InboundRow): boolean {
    return this.#rows.get(queueId)?.state === state;
  }

  #end(row: InboundRow, state: InboundState, by: string): void {
    const { journal, over, world } = this.#deps;
    const at = world.clock.now();
    const current = this.#rows.get(row.queueId) ?? row;
    this.#drop(row.queueId);
    over(row.queueId);
    journal.add({
      kind: 'inbound',
      row: { ...current, state, by, facts: '', due: 0 as Millis, changedAt: at },
    });
    if (row.state !== 'waiting') return;
    world.count('postern_inbound_waited_total', 1, state);
    world.log('info', 'inbound.left', { id: row.queueId, state, by, waitedMs: at - row.at });
  }

  #put(row: InboundRow): void {
    const before = this.#rows.get(row.queueId);
    if (before?.state === 'waiting') this.#waiting--;
    if (row.state === 'waiting') this.#waiting++;
    this.#characters += charactersOf(row) - (before === undefined ? 0 : charactersOf(before));
    this.#rows.set(row.queueId, row);
  }

  #putLast({ queueId }: InboundRow): void {
    const row = this.#rows.get(queueId);
    if (row === undefined) return;
    this.#rows.delete(queueId);
    this.#rows.set(queueId, row);
  }

  #drop(queueId: string): void {
    const row = this.#rows.get(queueId);
    if (row === undefined) return;
    if (row.state === 'waiting') this.#waiting--;
    this.#characters -= charactersOf(row);
    this.#rows.delete(queueId);
  }
}

/** Of what strangers choose. */
function charactersOf({
  clientName,
  facts,
  helo,
  reasons,
  recipients,
  sender,
  subject,
}: InboundRow): number {
  const texts = [clientName, facts, helo, sender, subject, ...reasons, ...recipients];
  return texts.reduce((sum, { length }) => sum + length, 0);
}

const farFuture = Number.MAX_SAFE_INTEGER as Millis;
