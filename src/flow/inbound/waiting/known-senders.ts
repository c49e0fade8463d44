/**
 * What is known of those who write to us, kept in the ledger under hashes. What was just learned is
 * in memory too, as it reaches the ledger within seconds. A look-up that fails finds nothing.
 */
import type { DeferralBooks } from '../../../core/inbound/deferring/deferral.ts';
import {
  type CountedKind,
  type Deferral,
  type Deferrals,
  type InboundKnowledge,
  isSentKind,
  type Known,
  type KnownKind,
  knownKinds,
  knownTimesMax,
  type SentKind,
  sentKinds,
} from '../../../core/inbound/greylist/knowledge.ts';
import {
  type KnownGroup,
  keptShare,
  knownGroupMax,
  knownGroups,
  knownKept,
} from '../../../core/inbound/kept.ts';
import { hash53 } from '../../../lib/hash.ts';
import { RecentMap } from '../../../lib/recent-map.ts';
import { type Millis, minuteMs } from '../../../lib/time.ts';
import type {
  DeferredRow,
  InboundLedger,
  KnownOlderThan,
  KnownRow,
} from '../../../ports/inbound/inbound.ts';
import type { Journal } from '../../journal/journal.ts';
import type { AllowedSenders } from './allowed-senders.ts';
import { SentNames } from './sent-names.ts';

/** More than what waits to be written within some seconds. */
const recentMax = 4_000;
/** Beyond it, a minute means `just now` (flow/journal/journal-reads.ts). */
const latestMinute = 2 ** 32;
const countedKinds = knownKinds.filter((kind) => !isSentKind(kind));
const listed: Known = { firstAt: 0 as Millis, lastAt: 0 as Millis, times: 1 };

/** What a person may read about mail that was put off. */
export type AboutDeferred = Omit<DeferredRow, keyof Deferral | 'key'>;

export type KnownSendersDeps = {
  readonly journal: Pick<Journal, 'add'> & { readonly live: Pick<Journal['live'], 'knownHere'> };
  readonly ledger: Pick<InboundLedger, 'known' | 'countKnown' | 'deferredOne' | 'sentNames'>;
  readonly allowed: Pick<AllowedSenders, 'has'>;
  readonly seed: () => number;
};

export class KnownSenders implements InboundKnowledge {
  readonly #journal: Pick<Journal, 'add'>;
  readonly #ledger: Pick<InboundLedger, 'known' | 'countKnown' | 'deferredOne'>;
  readonly #of: KnownSendersDeps;
  readonly #sent: Readonly<Record<SentKind, SentNames>>;
  readonly #recent = new RecentMap<string, Known | 'forgotten'>(recentMax);
  readonly #deferred = new RecentMap<number, DeferredRow>(recentMax);
  readonly #counts: Record<KnownGroup, number> = { strangers: 0, people: 0 };
  /** Which part of its time an entry is kept: less where its room is full. */
  readonly #shares: Record<KnownGroup, number> = { strangers: 1, people: 1 };

  constructor(of: KnownSendersDeps) {
    this.#journal = of.journal;
    this.#ledger = of.ledger;
    this.#of = of;
    this.#sent = {
      'message-id': new SentNames('message-id', of),
      sent: new SentNames('sent', of),
    };
    this.#recount();
  }

  get size(): number {
    const sent = this.#sent['message-id'].size + this.#sent.sent.size;
    return knownGroups.reduce((sum, group) => sum + this.#counts[group], sent);
  }

  /** What is to be removed from the ledger. Each call adapts it to the room that is left. */
  olderThan(now: Millis): readonly KnownOlderThan[] {
    for (const kind of sentKinds) this.#sent[kind].prune(now);
    this.#recount();
    for (const group of knownGroups) {
      this.#shares[group] = keptShare(this.#shares[group], group, this.#counts[group]);
    }
    return countedKinds.map((kind) => {
      const { group, keptMs, onceMs } = knownKept[kind];
      const share = this.#shares[group];
      // A flood of strangers is of those seen once; it must not push out who writes often.
      return { kind, before: (now - keptMs) as Millis, once: (now - onceMs * share) as Millis };
    });
  }

  #recount(): void {
    for (const group of knownGroups) this.#counts[group] = 0;
    for (const kind of countedKinds) {
      this.#counts[knownKept[kind].group] += this.#ledger.countKnown(kind);
    }
  }

  find(kind: KnownKind, name: string): Known | undefined {
    if (kind === 'allowed') return this.#of.allowed.has(name) ? listed : undefined;
    const key = this.#keyOf(name);
    if (isSentKind(kind)) {
      const at = this.#sent[kind].find(key);
      return at === undefined ? undefined : { firstAt: at, lastAt: at, times: 1 };
    }
    return this.#stored(kind, key) ?? (kind === 'written-to' ? this.#written(key) : undefined);
  }

  #stored(kind: CountedKind, key: number): Known | undefined {
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
    if (isSentKind(kind)) {
      this.#sent[kind].see(key, at);
      return;
    }
    const before = this.#stored(kind, key);
    const { group } = knownKept[kind];
    // Without room, what is new is remembered until a restart.
    const isFull = this.#counts[group] >= knownGroupMax[group];
    const isKept = !isFull || this.#ledger.known(kind, key) !== undefined;
    if (before === undefined && isKept) this.#counts[group]++;
    const row: KnownRow = {
      kind,
      key,
      firstAt: before?.firstAt ?? at,
      lastAt: Math.max(at, before?.lastAt ?? 0) as Millis,
      times: Math.min((before?.times ?? 0) + 1, knownTimesMax),
    };
    this.#recent.set(`${kind} ${key}`, row);
    if (isKept) this.#journal.add({ kind: 'inbound-known', row });
  }

  forget(kind: CountedKind, name: string): void {
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
