/**
 * Signs mail of accounts on probation with keys of their own, which a suspension revokes at once.
 * The keys are made and published before they are needed (core/signing/probation/plan.ts), so a new
 * account does not wait for DNS. If no key is ready, the key of the domain signs: honest mail must
 * not suffer.
 */
import type { Account } from '../../core/account-name.ts';
import { kindOfAccount } from '../../core/authors/own.ts';
import { type DkimKey, keyName } from '../../core/signing/key.ts';
import type { ProbationPolicy } from '../../core/signing/probation/plan.ts';
import {
  type AccountStanding,
  type ProbationWhy,
  probationText,
  probationWhy,
} from '../../core/signing/probation/why.ts';
import { restored, retired } from '../../core/signing/succession.ts';
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import { faultText } from '../../lib/error-text.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { AccountKeys } from '../../ports/keys.ts';
import type { Change } from '../../ports/ledger.ts';
import type { Troubles } from '../../ports/troubles.ts';
import type { World } from '../../ports/world.ts';
import { type KeyKeeper, notWritten } from './key-keeper.ts';

/** Keys that sign one message of an account. Undefined: its signatures do not expire. */
export type OwnSigning = {
  readonly keys: readonly SigningKey[];
  readonly expiresInSeconds: number | undefined;
};

export type Probation = AccountKeys & {
  /**
   * What signs mail of this account for this domain; undefined: the key of the domain. Calls back
   * exactly once: at once, or when it is written down that the account has this key.
   */
  of(account: Account, domain: string, done: (own: OwnSigning | undefined) => void): void;
  /** Says why the account has keys of its own, and which; empty if the keys of the domain sign. */
  text(account: Account, standing: AccountStanding): string;
  close(): void;
};

export type ProbationDeps = {
  readonly world: World;
  readonly policy: () => ProbationPolicy;
  readonly canSend: (domain: string) => boolean;
  /** Undefined for an account that has never sent. Asked for each message: from memory. */
  readonly standing: (account: Account) => AccountStanding | undefined;
  readonly troubles: Pick<Troubles, 'set'>;
};

/** How often a revoked record is looked at until every name server shows that it is revoked. */
const lookEveryMs = minuteMs;
/** By then, every name server should show it. */
const lateAfterMs = 5 * minuteMs;
/** A domain without a key that is ready is logged this often. */
const shortEveryMs = hourMs;
/** Domains whose last log line is remembered. */
const shortMax = 1_000;

export function openProbation(keeper: KeyKeeper, deps: ProbationDeps): Probation {
  return new AccountProbation(keeper, deps);
}

class AccountProbation implements Probation {
  readonly #keeper: KeyKeeper;
  readonly #deps: ProbationDeps;
  /** By keyName: keys whose holder is being written. */
  readonly #giving = new Map<string, Promise<boolean>>();
  /** Suspended accounts whose keys are not revoked yet: until when they got them. */
  readonly #due = new Map<Account, Millis>();
  readonly #shortAt = new RecentMap<string, Millis>(shortMax);
  #looking = false;
  readonly #stop: () => void;

  constructor(keeper: KeyKeeper, deps: ProbationDeps) {
    this.#keeper = keeper;
    this.#deps = deps;
    this.#stop = deps.world.timers.every(lookEveryMs, () => void this.#tick());
  }

  of(account: Account, domain: string, done: (own: OwnSigning | undefined) => void): void {
    const { policy, world } = this.#deps;
    if (!policy().enabled || this.#why(account) === undefined) {
      done(undefined);
      return;
    }
    const now = world.clock.now();
    const { holders } = this.#keeper;
    const holder = holders.latest(account, domain);
    const held = holder && this.#keeper.own(domain, holder.selector);
    const key = held ?? this.#spare(domain);
    if (key === undefined) {
      this.#short(domain, now);
      done(undefined);
      return;
    }
    const name = keyName(key);
    if (held === undefined) this.#give(name, key, account, now);
    else if (holder !== undefined) holders.used(holder, now);
    const giving = this.#giving.get(name);
    if (giving === undefined) done(this.#signed(key));
    else void giving.then((kept) => done(kept ? this.#signed(key) : undefined));
  }

  text(account: Account, standing: AccountStanding): string {
    const { policy, world } = this.#deps;
    const { enabled, newForMs } = policy();
    const isOn = enabled && hasKnownSender(account);
    const why = isOn ? probationWhy(standing, world.clock.now(), newForMs) : undefined;
    if (why === undefined) return '';
    const held = this.#keeper.holders
      .of(account)
      .filter(({ domain, selector }) => this.#keeper.own(domain, selector) !== undefined)
      .map(keyName);
    const which =
      held.length === 0 ? 'none now; its next message gets one that is ready' : held.join(', ');
    return `on probation, as ${probationText(why)}: signs with keys of its own (${which})`;
  }

  async revoke(account: Account, until: Millis): Promise<void> {
    this.#due.set(account, until);
    await this.#revokeDue(account);
  }

  async restore(account: Account, since: Millis): Promise<string | undefined> {
    this.#due.delete(account);
    const { clock } = this.#deps.world;
    const isBack = (key: DkimKey): boolean =>
      key.state === 'revoked' && key.file !== '' && (key.times.revoked ?? 0) >= since;
    try {
      const back = await this.#change(account, 'publish', () =>
        this.#keysOf(account)
          .filter(isBack)
          .map((key) => restored(key, clock.now())),
      );
      return back === undefined ? notWritten : undefined;
    } catch (error) {
      return faultText(error);
    }
  }

  close(): void {
    this.#stop();
  }

  #why(account: Account): ProbationWhy | undefined {
    const { policy, standing, world } = this.#deps;
    const found = hasKnownSender(account) ? standing(account) : undefined;
    return found && probationWhy(found, world.clock.now(), policy().newForMs);
  }

  #spare(domain: string): SigningKey | undefined {
    return this.#deps.canSend(domain) ? this.#keeper.spare(domain) : undefined;
  }

  #give(name: string, key: SigningKey, account: Account, now: Millis): void {
    const giving = this.#keeper.holders
      .give(key, account, now)
      .finally(() => this.#giving.delete(name));
    this.#giving.set(name, giving);
  }

  #signed(key: SigningKey): OwnSigning {
    this.#deps.world.count('postern_probation_total', 1, 'own');
    return { keys: [key], expiresInSeconds: Math.ceil(this.#deps.policy().expiresMs / 1_000) };
  }

  #short(domain: string, now: Millis): void {
    const { world } = this.#deps;
    world.count('postern_probation_total', 1, 'no-key');
    const last = this.#shortAt.get(domain);
    if (last !== undefined && Math.abs(now - last) < shortEveryMs) return;
    this.#shortAt.set(domain, now);
    world.log('warn', 'probation.no-key', { domain });
  }

  #keysOf(account: Account): readonly DkimKey[] {
    return this.#keeper.holders
      .of(account)
      .map(({ domain, selector }) => this.#keeper.find(domain, selector))
      .filter((key) => key !== undefined);
  }

  async #revokeDue(account: Account): Promise<void> {
    const { clock, log } = this.#deps.world;
    const until = this.#due.get(account);
    if (until === undefined) return;
    const { byKey } = this.#keeper.holders;
    try {
      const rows = await this.#change(account, 'revoke', () =>
        this.#keysOf(account)
          .filter((key) => (byKey.get(keyName(key))?.givenAt ?? 0) <= until)
          .filter(({ state }) => state !== 'revoked' && state !== 'gone')
          .map((key) => retired(key, clock.now(), { compromised: true })),
      );
      if (rows === undefined) return;
      this.#due.delete(account);
      if (rows.length > 0) log('warn', 'probation.revoked', { account, keys: rows.map(keyName) });
    } catch (error) {
      log('error', 'probation.not-revoked', { account, why: faultText(error) });
    }
  }

  /**
   * Writes the changed keys down, then sends their records, then looks at them. Undefined: they
   * could not be written.
   */
  async #change(
    account: Account,
    what: 'revoke' | 'publish',
    decide: () => readonly DkimKey[],
  ): Promise<readonly DkimKey[] | undefined> {
    const rows = await this.#keeper.locked(async () => {
      const changed = decide();
      const at = this.#deps.world.clock.now();
      const notes = changed.map((key): Change => {
        const detail = `${keyName(key)} ${what === 'revoke' ? 'revoked' : 'published again'}`;
        return { kind: 'audit', row: { at, by: 'postern', action: 'dkim', account, detail } };
      });
      if (!(await this.#keeper.keep(changed, 'postern', notes))) return undefined;
      await this.#keeper.act(changed.map((key) => ({ kind: what, key })));
      return changed;
    });
    if (rows !== undefined && rows.length > 0) void this.#look(rows);
    return rows;
  }

  async #tick(): Promise<void> {
    for (const account of [...this.#due.keys()]) await this.#revokeDue(account);
    if (this.#looking) return;
    this.#looking = true;
    const unseen = this.#unseen();
    if (unseen.length > 0) await this.#look(unseen);
    this.#looking = false;
    this.#tellLate();
  }

  /** Revoked keys that a name server may still show. */
  #unseen(): readonly DkimKey[] {
    return this.#keeper.keys.filter(
      ({ use, state, sight }) =>
        use === 'probation' && state === 'revoked' && sight !== 'revoked' && sight !== 'nowhere',
    );
  }

  async #look(keys: readonly DkimKey[]): Promise<void> {
    const wanted = new Set(keys.map(keyName));
    try {
      await this.#keeper.lookAt((key) => wanted.has(keyName(key)));
    } catch (error) {
      this.#deps.world.log('error', 'dkim.step-failed', { error: faultText(error) });
    }
  }

  #tellLate(): void {
    const now = this.#deps.world.clock.now();
    const late = this.#unseen().filter(({ times }) => now - (times.revoked ?? now) > lateAfterMs);
    const [first] = late;
    this.#deps.troubles.set(
      'probation keys',
      first === undefined
        ? undefined
        : `${late.length} revoked probation ${late.length === 1 ? 'key' : 'keys'} may still ` +
            `verify: not every name server shows that ${keyName(first)} is revoked ` +
            `(${first.sightText})`,
    );
  }
}

/**
 * Any program may name any sender of local mail. So a key for each would let it use up all keys, and
 * one that is revoked would stop only a name.
 */
const hasKnownSender = (account: Account): boolean => kindOfAccount(account) !== 'local';
