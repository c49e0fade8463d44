/**
 * Keeps who wrote to which mailbox, and which domains are used, in the ledger under hashes. What
 * was asked or noted lately is in memory too. The ledger gets what came between two of its writes
 * as one change. While the ledger cannot be written or is full, what is new stays in memory only.
 */
import type { CorrespondentMemory } from '../../core/correspondents/correspondents.ts';
import { wroteFirstDays } from '../../core/correspondents/correspondents.ts';
import {
  type DomainUse,
  dayAt,
  type UseKind,
  useKeptDays,
  useKinds,
} from '../../core/correspondents/domain-use.ts';
import { hash53 } from '../../lib/hash.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { Millis } from '../../lib/time.ts';
import type {
  CorrespondentLedger,
  CorrespondentRow,
  CorrespondentsOlderThan,
  DomainUseRow,
} from '../../ports/inbound/correspondents.ts';
import type { Journal } from '../journal/journal.ts';

/** Rows of each kind in the ledger: together some 30 MB. */
const pairsMax = 500_000;
const usesMax: Readonly<Record<UseKind, number>> = { 'written-to': 100_000, link: 200_000 };
/** Of one mailbox. When it has as many, some go at once: to find the oldest takes a while. */
const mailboxMax = 5_000;
const mailboxDrops = 500;
/** Entries in memory, of each kind: more than what waits to be written. */
const recentMax = 20_000;
const recentUsesMax = 10_000;
const mailboxesMax = 5_000;
/** Rows that wait for the ledger; beyond that, what is new is in memory only. */
const waitingMax = 10_000;
/** Of a full kind, entries are kept for a shorter time; at least for this share. */
const shareLeast = 1 / 64;

type Waiting = {
  readonly pairs: CorrespondentRow[];
  readonly uses: Map<number, DomainUseRow>;
};

/** A kind of rows: how many there are, and which part of its time a row is kept. */
type Room = { count: number; share: number; readonly max: number };

export type LedgerMemoryDeps = {
  readonly journal: Pick<Journal, 'add'>;
  readonly ledger: CorrespondentLedger;
  readonly seed: () => number;
};

export class LedgerMemory implements CorrespondentMemory {
  readonly #of: LedgerMemoryDeps;
  /** Day by pair; 0: never. */
  #recentPairs = new RecentMap<number, number>(recentMax);
  readonly #recentUses = new RecentMap<number, DomainUse | 'unused'>(recentUsesMax);
  /** How many have written to a mailbox. */
  readonly #mailboxes = new RecentMap<number, number>(mailboxesMax);
  readonly #pairs: Room = { count: 0, share: 1, max: pairsMax };
  readonly #uses: Readonly<Record<UseKind, Room>> = {
    'written-to': { count: 0, share: 1, max: usesMax['written-to'] },
    link: { count: 0, share: 1, max: usesMax.link },
  };
  #waiting: Waiting | undefined;
  /** Rows in changes that the ledger has not taken. */
  #rowsWaiting = 0;

  constructor(of: LedgerMemoryDeps) {
    this.#of = of;
    this.#recount(0);
  }

  /** How many have written to this mailbox, without those of the last seconds. */
  writersTo(mailbox: string): number {
    return this.#of.ledger.countCorrespondents(this.#hash(mailbox));
  }

  lastDay(mailbox: string, sender: string): number | undefined {
    const pair = this.#hash(`${mailbox} ${sender}`);
    const recent = this.#recentPairs.get(pair);
    if (recent !== undefined) return recent === 0 ? undefined : recent;
    const stored = this.#of.ledger.correspondent(this.#hash(mailbox), this.#hash(sender));
    this.#recentPairs.set(pair, stored ?? 0);
    return stored;
  }

  wrote(mailbox: string, sender: string, day: number): void {
    const isNew = this.lastDay(mailbox, sender) === undefined;
    this.#recentPairs.set(this.#hash(`${mailbox} ${sender}`), day);
    if (isNew && this.#pairs.count >= this.#pairs.max) return;
    const key = this.#hash(mailbox);
    const drops = isNew ? this.#countNew(key) : 0;
    const waiting = this.#room();
    if (waiting === undefined) return;
    if (isNew) this.#pairs.count += 1 - drops;
    waiting.pairs.push({ mailbox: key, sender: this.#hash(sender), day, drops });
    this.#rowsWaiting++;
  }

  use(kind: UseKind, domain: string): DomainUse | undefined {
    return this.#useOf(kind, this.#keyOf(kind, domain));
  }

  used(kind: UseKind, domain: string, use: DomainUse): void {
    const key = this.#keyOf(kind, domain);
    const isNew = this.#useOf(kind, key) === undefined;
    this.#recentUses.set(key, use);
    const room = this.#uses[kind];
    if (isNew && room.count >= room.max) return;
    const waiting = this.#room();
    if (waiting === undefined) return;
    if (isNew) room.count++;
    if (!waiting.uses.has(key)) this.#rowsWaiting++;
    waiting.uses.set(key, { kind, key, ...use });
  }

  /** What is to be removed from the ledger. Each call adapts it to the room that is left. */
  olderThan(now: Millis): CorrespondentsOlderThan {
    // Until it is half full, what has gone since need not be known: counting takes a while.
    this.#recount(0.5);
    const today = dayAt(now);
    const before = (room: Room, days: number): number => {
      if (room.count >= 0.9 * room.max) room.share = Math.max(shareLeast, room.share / 2);
      else if (room.count < 0.5 * room.max) room.share = Math.min(1, room.share * 2);
      return today - Math.max(1, Math.round(days * room.share));
    };
    return {
      pairs: before(this.#pairs, wroteFirstDays),
      uses: {
        'written-to': before(this.#uses['written-to'], useKeptDays),
        link: before(this.#uses.link, useKeptDays),
      },
    };
  }

  /** Forgets in memory who wrote to which mailbox; the ledger's rows are removed there. */
  forgetAddress(): void {
    this.#recentPairs = new RecentMap(recentMax);
  }

  #useOf(kind: UseKind, key: number): DomainUse | undefined {
    const recent = this.#recentUses.get(key);
    if (recent !== undefined) return recent === 'unused' ? undefined : recent;
    const stored = this.#of.ledger.domainUse(kind, key);
    this.#recentUses.set(key, stored ?? 'unused');
    return stored;
  }

  /** Counts one more for a mailbox. Answers how many others must go for it. */
  #countNew(mailbox: number): number {
    const count = this.#mailboxes.get(mailbox) ?? this.#of.ledger.countCorrespondents(mailbox);
    const drops = count >= mailboxMax ? mailboxDrops : 0;
    this.#mailboxes.set(mailbox, count + 1 - drops);
    return drops;
  }

  /** What the next write takes along; undefined: too much waits. */
  #room(): Waiting | undefined {
    if (this.#rowsWaiting >= waitingMax) return undefined;
    this.#waiting ??= this.#open();
    return this.#waiting;
  }

  /** Adds a change to the journal, to be filled until it is written. */
  #open(): Waiting {
    const waiting: Waiting = { pairs: [], uses: new Map() };
    let isTaken = false;
    const take = (): void => {
      if (this.#waiting === waiting) this.#waiting = undefined;
      // Asked for again if it could not be written.
      if (!isTaken) this.#rowsWaiting -= waiting.pairs.length + waiting.uses.size;
      isTaken = true;
    };
    const row = {
      pairs: (): readonly CorrespondentRow[] => {
        take();
        return waiting.pairs;
      },
      uses: (): readonly DomainUseRow[] => {
        take();
        return [...waiting.uses.values()];
      },
    };
    this.#of.journal.add({ kind: 'correspondents', row });
    return waiting;
  }

  /** Counts the rows of what is that full. */
  #recount(share: number): void {
    const { ledger } = this.#of;
    const isWanted = ({ count, max }: Room): boolean => count >= share * max;
    if (isWanted(this.#pairs)) this.#pairs.count = ledger.countCorrespondents();
    for (const kind of useKinds) {
      const room = this.#uses[kind];
      if (isWanted(room)) room.count = ledger.countDomainUses(kind);
    }
  }

  #keyOf(kind: UseKind, domain: string): number {
    return this.#hash(`${kind} ${domain}`);
  }

  #hash(text: string): number {
    return hash53(text, this.#of.seed());
  }
}
