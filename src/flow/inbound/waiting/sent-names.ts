/**
 * Names of mail that left, as hashes: Message-IDs, or pairs of a sender and a recipient. All of
 * them are in memory. The ledger gets what came between two of its writes as one row: with a row
 * for each name, a message cost a quarter more processor time (bench/versions.ts).
 *
 * Names are in parts of a day. The oldest part goes when its time is over, or its room is needed.
 * Times never go back: after the clock was set back, the latest time stays.
 */

import type { SentKind } from '../../../core/inbound/greylist/knowledge.ts';
import { sentKeptMs, sentNamesMax } from '../../../core/inbound/kept.ts';
import { NumberSet } from '../../../core/inbound/number-set.ts';
import { dayMs, type Millis } from '../../../lib/time.ts';
import type { InboundLedger } from '../../../ports/inbound/inbound.ts';
import type { Journal } from '../../journal/journal.ts';

type Part = { readonly from: Millis; readonly names: NumberSet };

/** Parts of a day that is full of mail. */
const partMax = sentNamesMax / 8;
/** Names that wait for the ledger: some seconds. Without it the others are in memory only. */
const waitingMax = 20_000;
/** Rows that are read at once. */
const readRows = 1_000;

export class SentNames {
  readonly #kind: SentKind;
  readonly #journal: Pick<Journal, 'add'>;
  /** The oldest first. */
  readonly #parts: Part[] = [];
  #count = 0;
  #latest = 0 as Millis;
  /** For names that wait. */
  #room = waitingMax;
  /** Names that the ledger has not taken. */
  #waiting: number[] | undefined;

  constructor(
    kind: SentKind,
    {
      journal,
      ledger,
    }: {
      readonly journal: Pick<Journal, 'add'>;
      readonly ledger: Pick<InboundLedger, 'sentNames'>;
    },
  ) {
    this.#kind = kind;
    this.#journal = journal;
    let rows: ReturnType<typeof ledger.sentNames>;
    do {
      rows = ledger.sentNames(kind, this.#latest, readRows);
      for (const { at, names } of rows) {
        const part = this.#partAt(at);
        this.#latest = at;
        for (const name of names) if (part.names.add(name)) this.#count++;
      }
    } while (rows.length === readRows);
  }

  get size(): number {
    return this.#count;
  }

  /** About when a name was last seen; at most a day before that. */
  find(name: number): Millis | undefined {
    return this.#parts.findLast(({ names }) => names.has(name))?.from;
  }

  see(name: number, at: Millis): void {
    const part = this.#partAt(at);
    if (!part.names.add(name)) return;
    this.#count++;
    this.#waiting ??= this.#row(at);
    if (this.#room === 0) return;
    this.#room--;
    this.#waiting.push(name);
  }

  /** Forgets what is too old. */
  prune(now: Millis): void {
    if (this.#drop(now, sentNamesMax) && this.#waiting === undefined)
      this.#waiting = this.#row(now);
  }

  /** The part for what is seen now. */
  #partAt(at: Millis): Part {
    const last = this.#parts.at(-1);
    const isOver =
      last === undefined ||
      last.names.size >= partMax ||
      Math.floor(at / dayMs) > Math.floor(last.from / dayMs);
    if (!isOver) return last;
    const part = { from: this.#next(at), names: new NumberSet() };
    this.#parts.push(part);
    this.#drop(at, sentNamesMax - partMax);
    // A row has names of one part.
    this.#waiting = undefined;
    return part;
  }

  /** Drops what is too old or too much. */
  #drop(now: Millis, max: number): boolean {
    let isDropped = false;
    for (let [part] = this.#parts; part !== undefined; [part] = this.#parts) {
      const isFull = this.#count > max && this.#parts.length > 1;
      if (!isFull && now - part.from <= sentKeptMs[this.#kind]) break;
      this.#parts.shift();
      this.#count -= part.names.size;
      isDropped = true;
    }
    return isDropped;
  }

  /** Adds a row to the journal, to be filled until it is written. */
  #row(at: Millis): number[] {
    const names: number[] = [];
    let isTaken = false;
    this.#latest = this.#next(at);
    const row = {
      kind: this.#kind,
      at: this.#latest,
      since: (): Millis => this.#parts[0]?.from ?? this.#latest,
      names: (): readonly number[] => {
        if (this.#waiting === names) this.#waiting = undefined;
        // Asked for again if it could not be written.
        if (!isTaken) this.#room += names.length;
        isTaken = true;
        return names;
      },
    };
    this.#journal.add({ kind: 'inbound-sent', row });
    return names;
  }

  #next(at: Millis): Millis {
    return Math.max(at, this.#latest + 1) as Millis;
  }
}
