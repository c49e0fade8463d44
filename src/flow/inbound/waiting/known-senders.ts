/**
 * What is known of those who write to us, kept in the ledger under hashes. What was just learned is
 * in memory too, as it reaches the ledger within seconds. A look-up that fails finds nothing.
 */
import type { DeferralBooks } from '../../../core/inbound/deferring/deferral.ts';
import type {
  Deferral,
  Deferrals,
  InboundKnowledge,
  Known,
  KnownKind,
} from '../../../core/inbound/greylist/knowledge.ts';
import { knownKeptFullMs, knownKeptMs, knownMax } from '../../../core/inbound/kept.ts';
import { hash53 } from '../../../lib/hash.ts';
import { RecentMap } from '../../../lib/recent-map.ts';
import { type Millis, minuteMs } from '../../../lib/time.ts';
import type { DeferredRow, InboundLedger, KnownRow } from '../../../ports/inbound/inbound.ts';
import type { Journal } from '../../journal/journal.ts';
import type { AllowedSenders } from './allowed-senders.ts';

/** More than what waits to be written within some seconds. */
const recentMax = 4_000;
/** Message-IDs leave this much room for the rest; more are remembered until a restart. */
const messageIdsUntil = knownMax / 2;
const timesMax = 65_535;
/** Beyond it, a minute means `just now` (flow/journal/journal-reads.ts). */
const latestMinute = 2 ** 32;
const listed: Known = { firstAt: 0 as Millis, lastAt: 0 as Millis, times: 1 };

/** What a person may read about mail that was put off. */
export type AboutDeferred = Omit<DeferredRow, keyof Deferral | 'key'>;

export type KnownSendersDeps = {
  readonly journal: Pick<Journal, 'add'> & { readonly live: Pick<Journal['live'], 'knownHere'> };
  readonly ledger: Pick<InboundLedger, 'known' | 'countKnown' | 'deferredOne'>;
  readonly allowed: Pick<AllowedSenders, 'has'>;
  readonly seed: () => number;
};

export class KnownSenders implements InboundKnowledge {
  readonly #journal: Pick<Journal, 'add'>;
  readonly #ledger: Pick<InboundLedger, 'known' | 'countKnown' | 'deferredOne'>;
  readonly #of: KnownSendersDeps;
  readonly #recent = new RecentMap<string, Known | 'forgotten'>(recentMax);
  readonly #deferred = new RecentMap<number, DeferredRow>(recentMax);
  #count: number;

  constructor(of: KnownSendersDeps) {
    this.#journal = of.journal;
    this.#ledger = of.ledger;
    this.#of = of;
    this.#count = of.ledger.countKnown();
  }

  get size(): number {
    return this.#count;
  }

  /** How long entries are kept: less once there are as many as may be. */
  get keptMs(): number {
    return this.#count >= knownMax ? knownKeptFullMs : knownKeptMs;
  }

  /** Old entries were removed from the ledger. */
  recount(): void {
    this.#count = this.#ledger.countKnown();
  }

  find(kind: KnownKind, name: string): Known | undefined {
    if (kind === 'allowed') return this.#of.allowed.has(name) ? listed : undefined;
    const key = this.#keyOf(name);
    return this.#stored(kind, key) ?? (kind === 'written-to' ? this.#written(key) : undefined);
  }

  #stored(kind: KnownKind, key: number): Known | undefined {
    const recent = this.#recent.get(`${kind} ${key}`);
    if (recent !== undefined) return recent === 'forgotten' ? undefined : recent;
    return this.#ledger.known(kind, key);
  }

  /** The guard's own books tell which addresses accounts here have written to. */
  #written(key: number): Known | undefined {
    const minute = this.#of.journal.live.knownHere(key);
    if (minute === undefined) return undefined;
    const at = Math.min(minute, latestMinute) * minuteMs;
    return { firstAt: at as Millis, lastAt: at as Millis, times: 1 };
  }

  see(kind: KnownKind, name: string, at: Millis): void {
    const key = this.#keyOf(name);
    // Each message has an id of its own: no need to look.
    const before = kind === 'message-id' ? undefined : this.#stored(kind, key);
    if (before === undefined && this.#count >= knownMax) return;
    const isKept = kind !== 'message-id' || this.#count < messageIdsUntil;
    if (before === undefined && isKept) this.#count++;
    const row: KnownRow = {
      kind,
      key,
      firstAt: before?.firstAt ?? at,
      lastAt: Math.max(at, before?.lastAt ?? 0) as Millis,
      times: Math.min((before?.times ?? 0) + 1, timesMax),
    };
    this.#recent.set(`${kind} ${key}`, row);
    if (isKept) this.#journal.add({ kind: 'inbound-known', row });
  }

  forget(kind: KnownKind, name: string): void {
    const key = this.#keyOf(name);
    this.#recent.set(`${kind} ${key}`, 'forgotten');
    this.#journal.add({ kind: 'inbound-forgotten', known: { kind, key } });
  }

  /** Books for mail that is put off; `about`: what a person may read about it. */
  deferralBooks(about: AboutDeferred): DeferralBooks {
    return {
      knowledge: this,
      messages: this.#deferrals(about),
      senders: this.#deferrals({ ...about, isHonest: false }),
    };
  }

  #deferrals(about: AboutDeferred): Deferrals {
    return {
      find: (name) => this.#deferral(this.#keyOf(name)),
      put: (name, deferral) => {
        // What was found has the words of an earlier try.
        const row = { ...deferral, ...about, key: this.#keyOf(name) };
        this.#deferred.set(row.key, row);
        this.#journal.add({ kind: 'inbound-deferred', row });
      },
    };
  }

  #deferral(key: number): Deferral | undefined {
    return this.#deferred.get(key) ?? this.#ledger.deferredOne(key);
  }

  #keyOf(name: string): number {
    return hash53(name, this.#of.seed());
  }
}
