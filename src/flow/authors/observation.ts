/**
 * The time of observation. A server that signed before it checked authors leaves nothing unsigned
 * for 14 days. It notes what would have been, and the operator confirms the list. Only
 * accounts that were known before, and that nothing is held against, are observed: a thief gets no
 * signature for a new account.
 */
import type { Account } from '../../core/account-name.ts';
import { anyAddress } from '../../core/authors/declaration.ts';
import { kindOfAccount } from '../../core/authors/own.ts';
import type { Permission } from '../../core/authors/permission.ts';
import {
  addressesOfDomainMax,
  dayBit,
  pairsOfAccountMax,
  type SeenPair,
  type Standing,
} from '../../core/authors/suggest.ts';
import type { AccountState } from '../../core/verdict.ts';
import { domainOf } from '../../formats/message/address.ts';
import { dayMs, type Millis, secondMs } from '../../lib/time.ts';
import type { AuthorLedger, ObservationView } from '../../ports/authors.ts';
import type { Change, IncidentRow } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';

/** How long a server that signed already is observed after its upgrade. */
const observationMs = 14 * dayMs;
/** Pairs in memory, some 300 bytes each. More are not noted, and are foreign. */
const pairsMax = 20_000;
const writeEveryMs = 10 * secondMs;
/** How soon the operator is told after the begin and the end. */
const lookEveryMs = 2 * secondMs;
export const observationKey = 'authors.observation';

type Stored = {
  readonly from: number;
  readonly until: number;
  /** What the operator need not be told any more. */
  readonly isBeginTold: boolean;
  readonly isEndTold: boolean;
};

/** What is asked of an account, without loading it twice. */
export type KnownAccount = {
  readonly firstSeen: Millis;
  readonly state: AccountState;
  readonly hijackedAt: Millis;
};

export type Observation = {
  /** An address that is no author is not noted. */
  observed(account: Account, address: string, isAuthor?: boolean): Permission | undefined;
  view(): ObservationView;
  rows(): readonly SeenPair[];
  /** The changes that begin an observation of this length, or end it (0). */
  set(ms: number): readonly Change[];
  /** Removes an address from memory; the ledger's rows are removed there. */
  forgetAddress(address: string): void;
  close(): void;
};

export type ObservationDeps = {
  readonly journal: Pick<Journal, 'add' | 'live'>;
  readonly stored: Pick<AuthorLedger, 'writtenAs'>;
  readonly world: World;
  readonly known: (account: Account) => KnownAccount | undefined;
  /** A key of this server would sign for this domain, or the domain is this server's. */
  readonly matters: (domain: string) => boolean;
  /** True if this server signed before it had a word on observation. */
  readonly signedBefore: () => boolean;
  /** Tells the operator, once each. */
  readonly tell: (what: 'begun' | 'ended', view: ObservationView) => void;
};

export function openObservation(deps: ObservationDeps): Observation {
  return new LiveObservation(deps);
}

const observedNow: Permission = { kind: 'observed', source: '' };

class LiveObservation implements Observation {
  readonly #deps: ObservationDeps;
  /** By account, then by address or domain. */
  readonly #rows = new Map<Account, Map<string, SeenPair>>();
  readonly #changed = new Set<SeenPair>();
  readonly #stops: readonly (() => void)[];
  #pairs = 0;
  #now: Stored;

  constructor(deps: ObservationDeps) {
    this.#deps = deps;
    for (const row of deps.stored.writtenAs().slice(0, pairsMax)) this.#keep(row);
    const stored = parse(deps.journal.live.meta(observationKey));
    this.#now = stored ?? { from: 0, until: 0, isBeginTold: true, isEndTold: true };
    if (stored === undefined) {
      // The first start with a version that checks authors.
      for (const change of this.set(deps.signedBefore() ? observationMs : 0)) {
        deps.journal.add(change);
      }
    }
    const { timers } = deps.world;
    this.#stops = [
      timers.every(writeEveryMs, () => this.#write()),
      timers.every(lookEveryMs, () => this.#look()),
    ];
  }

  observed(account: Account, address: string, isAuthor = true): Permission | undefined {
    const now = this.#deps.world.clock.now();
    if (now >= this.#now.until) return undefined;
    const known = this.#deps.known(account);
    if (known === undefined || known.firstSeen >= this.#now.from) return undefined;
    if (known.state !== 'clear' || known.hijackedAt > 0) return undefined;
    const domain = domainOf(address);
    if (!isAuthor || domain === '' || !this.#deps.matters(domain)) return observedNow;
    return this.#note(account, address, now) ? observedNow : undefined;
  }

  view(): ObservationView {
    return shown(this.#now, this.#deps.world.clock.now());
  }

  rows(): readonly SeenPair[] {
    return [...this.#rows.values()].flatMap((rows) => [...rows.values()]);
  }

  set(ms: number): readonly Change[] {
    const now = this.#deps.world.clock.now();
    if (ms > 0) {
      // What an earlier observation saw is of another time.
      const gone = this.rows();
      this.#rows.clear();
      this.#changed.clear();
      this.#pairs = 0;
      this.#now = { from: now, until: now + ms, isBeginTold: false, isEndTold: false };
      return [
        ...gone.map((row): Change => ({ kind: 'not-written-as', row })),
        { kind: 'meta', key: observationKey, value: JSON.stringify(this.#now) },
      ];
    }
    const { from, until } = this.#now;
    this.#now = { from, until: Math.min(until, now), isBeginTold: true, isEndTold: true };
    return [{ kind: 'meta', key: observationKey, value: JSON.stringify(this.#now) }];
  }

  forgetAddress(address: string): void {
    for (const rows of this.#rows.values()) {
      const row = rows.get(address);
      if (row === undefined) continue;
      rows.delete(address);
      this.#changed.delete(row);
      this.#pairs--;
    }
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#write();
  }

  /** False: there is no room for another pair. */
  #note(account: Account, address: string, now: Millis): boolean {
    const rows = this.#rows.get(account);
    const domain = `@${domainOf(address)}`;
    const known = rows?.get(anyAddress) ?? rows?.get(domain) ?? rows?.get(address);
    if (known === undefined) {
      const all = [...(rows?.keys() ?? [])];
      const ofDomain = all.filter((key) => key.endsWith(domain));
      if (ofDomain.length >= addressesOfDomainMax) {
        this.#keep(this.#merged(account, domain, ofDomain, now));
        return true;
      }
      if (all.length >= pairsOfAccountMax) {
        // Only a thief's login writes as so many domains; a host or a program may.
        if (kindOfAccount(account) === 'login') return false;
        this.#keep(this.#merged(account, anyAddress, all, now));
        return true;
      }
      if (this.#pairs >= pairsMax) return false;
    }
    const row: SeenPair = {
      account,
      address: known?.address ?? address,
      firstAt: known?.firstAt ?? now,
      lastAt: now,
      messages: (known?.messages ?? 0) + 1,
      days: (known?.days ?? 0) | dayBit(this.#now.from as Millis, now),
    };
    if (known !== undefined) this.#changed.delete(known);
    this.#keep(row);
    this.#changed.add(row);
    return true;
  }

  /** One row for a domain, or for every address, instead of those that it contains. */
  #merged(account: Account, whole: string, addresses: readonly string[], now: Millis): SeenPair {
    const rows = this.#rows.get(account);
    const day = dayBit(this.#now.from as Millis, now);
    let sum: SeenPair = {
      account,
      address: whole,
      firstAt: now,
      lastAt: now,
      messages: 1,
      days: day,
    };
    for (const address of addresses) {
      const row = rows?.get(address);
      if (row === undefined) continue;
      rows?.delete(address);
      this.#pairs--;
      this.#changed.delete(row);
      this.#deps.journal.add({ kind: 'not-written-as', row: { account, address } });
      sum = {
        ...sum,
        firstAt: Math.min(sum.firstAt, row.firstAt) as Millis,
        messages: sum.messages + row.messages,
        days: sum.days | row.days,
      };
    }
    this.#changed.add(sum);
    return sum;
  }

  #keep(row: SeenPair): void {
    const rows = this.#rows.get(row.account) ?? new Map<string, SeenPair>();
    this.#rows.set(row.account, rows);
    if (!rows.has(row.address)) this.#pairs++;
    rows.set(row.address, row);
  }

  #write(): void {
    for (const row of this.#changed) this.#deps.journal.add({ kind: 'written-as', row });
    this.#changed.clear();
  }

  /** Tells of the begin and of the end, once each. */
  #look(): void {
    const { isBeginTold, isEndTold, until } = this.#now;
    const isOver = this.#deps.world.clock.now() >= until;
    if (isOver ? isEndTold : isBeginTold) return;
    this.#now = { ...this.#now, isBeginTold: true, isEndTold: isOver };
    this.#write();
    this.#deps.journal.add({ kind: 'meta', key: observationKey, value: JSON.stringify(this.#now) });
    this.#deps.tell(isOver ? 'ended' : 'begun', this.view());
  }
}

/** The observation as the ledger has it. */
export function storedObservation(text: string | undefined, now: Millis): ObservationView {
  return shown(parse(text) ?? { from: 0, until: 0 }, now);
}

function shown({ from, until }: Pick<Stored, 'from' | 'until'>, now: Millis): ObservationView {
  const any = until > 0;
  return {
    from: any ? (from as Millis) : undefined,
    until: any ? (until as Millis) : undefined,
    isRunning: now < until,
  };
}

/** Accounts and incidents that are looked at for a list. A server has fewer at one time. */
const lookedAtMax = 10_000;

/** The standing of each account since then. Loads no profile: a list may name thousands. */
export function liveStandings(
  { live }: Pick<Journal, 'live'>,
  since: Millis,
): (account: Account) => Standing {
  const inState = (state: 'watched' | 'suspended'): ReadonlySet<Account> =>
    new Set(live.accounts({ state, limit: lookedAtMax }).map(({ account }) => account));
  const [watched, suspended] = [inState('watched'), inState('suspended')];
  const incidents = new Map(
    live
      .incidents({ limit: lookedAtMax })
      .filter(({ endedAt = since }) => endedAt >= since)
      .map((incident) => [incident.account, incident]),
  );
  return (account) =>
    standingOf({
      state: suspended.has(account) ? 'suspended' : watched.has(account) ? 'watched' : 'clear',
      incident: incidents.get(account),
      since,
    });
}

/** Whether what this account sent may be a thief's. `incident`: its last one. */
export function standingOf(of: {
  readonly state: AccountState;
  readonly incident: Pick<IncidentRow, 'endedAt'> | undefined;
  readonly since: Millis;
}): Standing {
  const { incident, since, state } = of;
  if (state === 'suspended') return { kind: 'stopped', why: 'the account is suspended' };
  if (incident !== undefined && (incident.endedAt ?? since) >= since) {
    return { kind: 'stopped', why: 'the account was suspended in this time' };
  }
  if (state === 'watched') return { kind: 'doubted', why: 'the account is watched now' };
  return { kind: 'clear' };
}

function parse(text: string | undefined): Stored | undefined {
  try {
    const { from, isBeginTold, isEndTold, until } = JSON.parse(text ?? '') as Partial<Stored>;
    if (typeof from !== 'number' || typeof until !== 'number') return undefined;
    return { from, until, isBeginTold: isBeginTold === true, isEndTold: isEndTold === true };
  } catch {
    return undefined;
  }
}
