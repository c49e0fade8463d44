/**
 * Answers which addresses an account may write as: at once for its own addresses and for
 * declarations, else from the mail server's tables, whose answers are kept for a while. A flood
 * costs no process for each message: few pairs are asked at once, and an account may ask about few
 * new addresses.
 */
import type { Account, LoginDomains } from '../../core/account-name.ts';
import { anyAddress, type Declaration, type Declarations } from '../../core/authors/declaration.ts';
import { mailboxesOf, ownsAddress } from '../../core/authors/own.ts';
import type { Permission } from '../../core/authors/permission.ts';
import { authorKey } from '../../core/authors/place.ts';
import { openDeadline } from '../../lib/deadline.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { hourMs, type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import type { AuthorRights, AuthorTables } from '../../ports/authors.ts';
import type { World } from '../../ports/world.ts';
import { type MapRight, rightByTables } from './map-rights.ts';

/** How long an answer of the tables counts. After that it counts while they cannot be asked. */
const answerMs = 10 * minuteMs;
/** How long it counts that the tables could not be asked. */
const silentMs = 30 * secondMs;
/** What could not be asked is asked again this often, whether or not a message needs it. */
const retryMs = minuteMs;
/** Tables that cannot be asked for this long are a trouble of the guard. */
const troubleMs = 5 * minuteMs;
/** Pairs whose answer is kept: some 200 bytes each, and at most twice as many. */
const pairsMax = 20_000;
/** Pairs that are asked at once, each with one process at a time. */
const askedAtOnceMax = 4;
/** Pairs that wait for it. */
const waitingMax = 200;
/** Pairs of one account that are asked or wait: one flood must not take the turns of others. */
const ofAccountMax = 16;
/** New addresses about which an account may ask within an hour: more than a person has. */
const newAddressesMax = 100;
const accountsMax = 10_000;
/** How long a message waits for the tables. */
const usualDeadlineMs = 2 * secondMs;

export type RightsDeps = {
  readonly tables: AuthorTables;
  readonly logins: LoginDomains;
  readonly declarations: () => Declarations<Declaration>;
  /**
   * What the observation says of a pair without a right; it is told of every such message. It notes
   * only authors.
   */
  readonly observed: (
    account: Account,
    address: string,
    isAuthor: boolean,
  ) => Permission | undefined;
  readonly world: Pick<World, 'clock' | 'count' | 'log'>;
  /** Says that the tables cannot be asked for some time now; undefined: they answer again. */
  readonly trouble?: (why: string | undefined) => void;
  readonly deadlineMs?: number;
};

export type LiveRights = AuthorRights & {
  /** A table or main.cf has changed: kept answers are asked anew, and count until then. */
  changed(): void;
  /** Asks again what could not be asked: so a trouble begins and ends without mail. */
  look(): void;
  /** The answer as far as it is known without asking a table. */
  known(account: Account, address: string): Permission | undefined;
  close(): void;
};

type Kept = { readonly answer: Permission; until: Millis };
type Failing = {
  readonly account: Account;
  readonly address: string;
  readonly since: Millis;
  readonly askedAt: Millis;
};

const own: Permission = { kind: 'own', source: '' };
const foreign: Permission = { kind: 'foreign', source: '' };

export function openAuthorRights(deps: RightsDeps): LiveRights {
  return new Rights(deps);
}

class Rights implements LiveRights {
  readonly #deps: RightsDeps;
  readonly #kept = new RecentMap<string, Kept>(pairsMax);
  readonly #asking = new Map<string, Promise<Permission>>();
  readonly #waiting: (() => void)[] = [];
  /** How many pairs of each account are asked or wait. */
  readonly #open = new Map<Account, number>();
  readonly #asked = new RecentMap<Account, { since: Millis; addresses: number }>(accountsMax);
  readonly #end = new AbortController();
  #running = 0;
  /** A pair that could not be asked: since when none could, and when it was asked last. */
  #failing: Failing | undefined;

  constructor(deps: RightsDeps) {
    this.#deps = deps;
  }

  ask(
    account: Account,
    addresses: readonly string[],
    done: (answers: readonly Permission[]) => void,
    authors = addresses.length,
  ): void {
    const keys = addresses.map(authorKey);
    const answers = keys.map((key) => this.known(account, key));
    const finish = (all: readonly Permission[]): void => {
      done(
        all.map((answer, nth) => this.#observed(account, keys[nth] ?? '', answer, nth < authors)),
      );
    };
    if (answers.every((answer) => answer !== undefined)) {
      finish(answers);
      return;
    }
    const all = answers.map((answer, nth) => answer ?? this.#askOnce(account, keys[nth] ?? ''));
    void Promise.all(all).then(finish);
  }

  known(account: Account, address: string): Permission | undefined {
    const { declarations, tables, world } = this.#deps;
    const { place } = tables;
    if (ownsAddress(account, address, place)) return own;
    const declared = declarations().find(account, address, place.delimiters);
    if (declared !== undefined) {
      const isForAll = declared.address === anyAddress;
      return { kind: 'declared', source: `${declared.account} ${declared.address}`, isForAll };
    }
    // No table names a script or a host.
    if (tables.isRead && mailboxesOf(account, place).length === 0) return foreign;
    const kept = this.#kept.get(pairKey(account, address));
    return kept !== undefined && kept.until > world.clock.now() ? kept.answer : undefined;
  }

  changed(): void {
    const now = this.#deps.world.clock.now();
    for (const [, kept] of this.#kept.entries()) kept.until = now;
  }

  look(): void {
    if (this.#failing === undefined) return;
    const { account, address, askedAt } = this.#failing;
    if (Math.abs(this.#deps.world.clock.now() - askedAt) < retryMs) return;
    void this.#askOnce(account, address);
  }

  close(): void {
    this.#end.abort();
    for (const start of this.#waiting.splice(0)) start();
  }

  #observed(account: Account, address: string, answer: Permission, isAuthor: boolean): Permission {
    const { observed } = this.#deps;
    // While a server is observed, tables that cannot be asked leave nothing unsigned either.
    const isOpen = answer.kind === 'foreign' || answer.kind === 'unknown';
    const now = isOpen ? observed(account, address, isAuthor) : undefined;
    const said = now ?? answer;
    this.#deps.world.count('postern_author_permissions_total', 1, said.kind);
    return said;
  }

  /** Messages that ask the same at the same time share the answer. Never rejects. */
  #askOnce(account: Account, address: string): Promise<Permission> {
    const key = pairKey(account, address);
    const running = this.#asking.get(key);
    if (running !== undefined) return running;
    const refused = this.#mayNotAsk(account, key);
    if (refused !== undefined) return Promise.resolve(this.#kept.get(key)?.answer ?? refused);
    this.#open.set(account, (this.#open.get(account) ?? 0) + 1);
    const asking = this.#askTables(account, address).finally(() => {
      this.#asking.delete(key);
      const left = (this.#open.get(account) ?? 1) - 1;
      if (left === 0) this.#open.delete(account);
      else this.#open.set(account, left);
    });
    this.#asking.set(key, asking);
    return asking;
  }

  #mayNotAsk(account: Account, key: string): Permission | undefined {
    const isFull = (this.#open.get(account) ?? 0) >= ofAccountMax;
    if (isFull || this.#waiting.length >= waitingMax) {
      return unknown('too many addresses wait to be looked up');
    }
    if (this.#kept.get(key) !== undefined) return undefined;
    const now = this.#deps.world.clock.now();
    const count = this.#asked.get(account);
    if (count === undefined || Math.abs(now - count.since) >= hourMs) {
      this.#asked.set(account, { since: now, addresses: 1 });
      return undefined;
    }
    count.addresses++;
    if (count.addresses <= newAddressesMax) return undefined;
    return unknown(`the account used more than ${newAddressesMax} new addresses in an hour`);
  }

  async #askTables(account: Account, address: string): Promise<Permission> {
    const { deadlineMs = usualDeadlineMs, logins, tables, world } = this.#deps;
    const key = pairKey(account, address);
    using deadline = openDeadline(deadlineMs, this.#end.signal);
    const { signal } = deadline;
    const turn = this.#turn(signal);
    const isMine = await turn.got;
    try {
      const right = isMine
        ? await inTime(rightByTables({ account, address, logins, tables, signal }), signal)
        : tooLate;
      const now = world.clock.now();
      this.#noteHealth(right, { account, address, now });
      if (right.kind === 'unknown') {
        world.log('warn', 'authors.not-asked', { account, address, why: right.why });
        // The last answer counts until the tables answer again.
        const last = this.#kept.get(key)?.answer;
        const answer = last ?? unknown(right.why);
        this.#kept.set(key, { answer, until: (now + silentMs) as Millis });
        return answer;
      }
      const answer = right.kind === 'map' ? right : right.kind === 'own' ? own : foreign;
      this.#kept.set(key, { answer, until: (now + answerMs) as Millis });
      return answer;
    } finally {
      turn.end();
    }
  }

  /** A right that the first table gives says nothing about the other tables. */
  #noteHealth(
    right: MapRight,
    { account, address, now }: { account: Account; address: string; now: Millis },
  ): void {
    const failing = this.#failing;
    if (right.kind === 'unknown') {
      const since = failing?.since ?? now;
      this.#failing = { account, address, since, askedAt: now };
      if (now - since < troubleMs) return;
      this.#deps.trouble?.(
        `tables of the mail server cannot be asked what an account may write as (${right.why})`,
      );
      return;
    }
    const isSame = failing?.account === account && failing.address === address;
    if (failing === undefined || (right.kind !== 'foreign' && !isSame)) return;
    this.#failing = undefined;
    this.#deps.trouble?.(undefined);
  }

  /** Waits until fewer pairs are asked; `got` is false if that took too long. */
  #turn(signal: AbortSignal): { readonly got: Promise<boolean>; end(): void } {
    let isMine = false;
    const got = new Promise<boolean>((resolve) => {
      const start = (): void => {
        const at = this.#waiting.indexOf(start);
        if (at >= 0) this.#waiting.splice(at, 1);
        signal.removeEventListener('abort', start);
        isMine = !signal.aborted;
        if (isMine) this.#running++;
        resolve(isMine);
      };
      if (this.#running < askedAtOnceMax) {
        start();
        return;
      }
      this.#waiting.push(start);
      signal.addEventListener('abort', start, { once: true });
    });
    return {
      got,
      end: () => {
        if (!isMine) return;
        this.#running--;
        this.#waiting[0]?.();
      },
    };
  }
}

const tooLate: MapRight = { kind: 'unknown', why: 'the tables did not answer in time' };

function inTime(right: Promise<MapRight>, signal: AbortSignal): Promise<MapRight> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(tooLate), { once: true });
    void right.then(resolve);
  });
}

const unknown = (source: string): Permission => ({ kind: 'unknown', source });

const pairKey = (account: Account, address: string): string => `${account}\0${address}`;
