/**
 * Remembers which accounts wrote as which authors without the right to, and tells the operator of
 * each pair once. Bounded: an account that makes up an address for each message gets a few rows and
 * one notice a day.
 */
import { type Account, isLocal, localAccount } from '../../core/account-name.ts';
import type { AuthorsFinding } from '../../core/authors-finding.ts';
import type { Submission } from '../../core/event.ts';
import type { Notice } from '../../core/notice.ts';
import { authorText, mayWriteAsCommand } from '../../core/unsigned-text.ts';
import { shellWords } from '../../lib/shell-words.ts';
import { dayMs, type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import type { Mutable } from '../../lib/type-tools.ts';
import type { ForeignMailView } from '../../ports/admin.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import { storedList } from '../journal/stored-list.ts';
import type { Notices } from '../notices/notices.ts';
import type { SigningSettings } from '../signing/message-signed.ts';

export type ForeignMail = {
  /** Takes a message whose account may not write as some author. */
  seen(message: Submission, finding: AuthorsFinding): void;
  /** The latest first. */
  latest(limit: number): readonly ForeignMailView[];
  /** Removes an address from memory; the ledger's copy is removed there. */
  forgetAddress(address: string): void;
  /** Writes what was counted, and stops. */
  close(): void;
};

export type ForeignMailDeps = {
  readonly journal: Pick<Journal, 'add' | 'commit' | 'live'>;
  readonly notices: Pick<Notices, 'prepare'>;
  readonly settings: Pick<SigningSettings, 'foreign'>;
  readonly world: World;
  readonly host: string;
  /** RFC 3339. */
  readonly iso: (at: Millis) => string;
};

/** Pairs of account and address. More are more than a person reads; the oldest goes. */
export const pairsMax = 500;
/** Addresses of one account; further ones count together, under an empty address. */
export const addressesMax = 10;
/** Pairs that a notice names. */
const namedMax = 20;
/** In the ledger: the pairs, as JSON. */
const storedKey = 'foreign-mail';
const tickMs = 10 * secondMs;
const writeEveryMs = minuteMs;
/** One notice in this time, with all that is new; and one in a day for an account. */
const noticeEveryMs = 10 * minuteMs;
const accountEveryMs = dayMs;

type Pair = ForeignMailView & { readonly toldAt: Millis | undefined };

export function openForeignMail(deps: ForeignMailDeps): ForeignMail {
  const mail = new SeenPairs(deps);
  return {
    seen: (message, finding) => mail.seen(message, finding),
    latest: (limit) => mail.latest(limit),
    forgetAddress: (address) => mail.forgetAddress(address),
    close: () => mail.close(),
  };
}

class SeenPairs {
  readonly #deps: ForeignMailDeps;
  /** The one that was seen last is the last. */
  readonly #pairs = new Map<string, Mutable<Pair>>();
  readonly #addresses = new Map<string, number>();
  readonly #stop: () => void;
  #changed = false;
  #writtenAt: Millis | undefined;
  #noticeAt: Millis | undefined;

  constructor(deps: ForeignMailDeps) {
    this.#deps = deps;
    for (const pair of storedList(deps.journal.live.meta(storedKey), isPair).slice(-pairsMax)) {
      this.#keep({ ...pair });
    }
    this.#stop = deps.world.timers.every(tickMs, () => this.#tick());
  }

  seen({ account, at, id }: Submission, { author, unsigned }: AuthorsFinding): void {
    // What is only in a display name or in Sender is evidence for the guard, and was signed.
    if (unsigned !== 'foreign') return;
    const known = this.#pairs.get(keyOf(account, author));
    const owner = ownerOf(account);
    const isMany = known === undefined && (this.#addresses.get(owner) ?? 0) >= addressesMax;
    const [by, address] = isMany ? [owner, ''] : [account, author];
    const pair = known ?? this.#pairs.get(keyOf(by, address));
    if (pair === undefined) {
      this.#deps.world.log('info', 'authors.foreign', { id, account, address });
      const first = { account: by, address, firstAt: at, lastAt: at, messages: 1, lastId: id };
      this.#keep({ ...first, toldAt: undefined });
    } else {
      pair.messages++;
      pair.lastAt = at;
      pair.lastId = id;
      this.#keep(pair);
    }
    this.#changed = true;
  }

  latest(limit: number): readonly ForeignMailView[] {
    return [...this.#pairs.values()]
      .slice(-limit)
      .reverse()
      .map(({ toldAt: _, ...pair }) => pair);
  }

  forgetAddress(address: string): void {
    for (const [key, pair] of this.#pairs) {
      if (pair.address !== address) continue;
      this.#pairs.delete(key);
      this.#count(pair.account, -1);
      this.#changed = true;
    }
  }

  close(): void {
    this.#stop();
    if (this.#changed) this.#write();
  }

  #keep(pair: Mutable<Pair>): void {
    const key = keyOf(pair.account, pair.address);
    if (!this.#pairs.delete(key)) this.#count(pair.account, 1);
    this.#pairs.set(key, pair);
    if (this.#pairs.size <= pairsMax) return;
    const [oldest] = this.#pairs.entries();
    if (oldest === undefined) return;
    this.#pairs.delete(oldest[0]);
    this.#count(oldest[1].account, -1);
  }

  #count(account: Account, by: 1 | -1): void {
    const owner = ownerOf(account);
    const sum = (this.#addresses.get(owner) ?? 0) + by;
    if (sum <= 0) this.#addresses.delete(owner);
    else this.#addresses.set(owner, sum);
  }

  #tick(): void {
    const now = this.#deps.world.clock.now();
    if (this.#noticeAt === undefined || Math.abs(now - this.#noticeAt) >= noticeEveryMs) {
      this.#tell(now);
    }
    const due = this.#writtenAt === undefined || Math.abs(now - this.#writtenAt) >= writeEveryMs;
    if (this.#changed && due) this.#write();
  }

  /** One notice about all pairs that nobody was told of. */
  #tell(now: Millis): void {
    const toldLately = new Set<string>();
    for (const { account, toldAt } of this.#pairs.values()) {
      if (toldAt === undefined || Math.abs(now - toldAt) >= accountEveryMs) continue;
      toldLately.add(ownerOf(account));
    }
    const due = [...this.#pairs.values()].filter(
      ({ account, toldAt }) => toldAt === undefined && !toldLately.has(ownerOf(account)),
    );
    if (due.length === 0) return;
    for (const pair of due) pair.toldAt = now;
    this.#noticeAt = now;
    // Together: whatever happens to this process, each pair is told once.
    const changes = this.#deps.notices.prepare(notice(this.#deps, due, now));
    this.#deps.journal.commit([this.#change(), ...changes], () => {});
    this.#changed = false;
    this.#writtenAt = now;
  }

  #write(): void {
    this.#deps.journal.add(this.#change());
    this.#changed = false;
    this.#writtenAt = this.#deps.world.clock.now();
  }

  #change(): { readonly kind: 'meta'; readonly key: string; readonly value: string } {
    return { kind: 'meta', key: storedKey, value: JSON.stringify([...this.#pairs.values()]) };
  }
}

/** Any program may name any sender of local mail: together they count as one account. */
const ownerOf = (account: Account): Account => (isLocal(account) ? localAccount('*') : account);

function notice(
  { host, iso, settings, world }: ForeignMailDeps,
  due: readonly Pair[],
  now: Millis,
) {
  const [first] = due;
  const isOne = due.every(({ account }) => account === first?.account);
  const became = settings.foreign === 'hold' ? 'is held' : 'leaves without a signature';
  const named = due.slice(0, namedMax).map((pair) => {
    const as = pair.address === '' ? 'further addresses' : authorText(pair.address);
    const allow = pair.address === '' ? '' : `; to allow it: ${mayWriteAsCommand(pair)}`;
    return `${pair.account} writes as ${as}: this mail ${became}${allow}`;
  });
  const left = due.length - named.length;
  const texts = left > 0 ? [...named, `and ${left} more`] : named;
  return {
    version: 1,
    event: 'account.foreign',
    id: world.newId(),
    host,
    at: iso(now),
    account: isOne ? (first?.account ?? '') : '',
    since: iso(first?.firstAt ?? now),
    leaked: { messages: 0, recipients: 0 },
    stopped: { messages: 0, fromQueue: 0 },
    loginClosed: false,
    reasons: texts.map((text) => ({ signal: 'foreign-author', text })),
    undo: due.length === 1 && first !== undefined ? mayWriteAsCommand(first) : '',
    explain:
      first === undefined || first.lastId === ''
        ? 'postern status'
        : shellWords('postern', 'explain', first.lastId),
  } satisfies Notice;
}

/** An address key has no line break and an account no NUL, so this is one key for each pair. */
function keyOf(account: string, address: string): string {
  return `${account}\0${address}`;
}

function isPair(value: unknown): value is Pair {
  if (typeof value !== 'object' || value === null) return false;
  const pair = value as Readonly<Record<keyof Pair, unknown>>;
  const texts = [pair.account, pair.address, pair.lastId];
  const numbers = [pair.firstAt, pair.lastAt, pair.messages];
  return (
    texts.every((text) => typeof text === 'string') &&
    numbers.every((number) => Number.isFinite(number)) &&
    (pair.toldAt === undefined || Number.isFinite(pair.toldAt))
  );
}
