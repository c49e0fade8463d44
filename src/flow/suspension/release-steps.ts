/**
 * What a release does outside this process once it is committed: the login is opened, held mail
 * goes back. And what an earlier run left undone of that: releases that were cut off, names that
 * are still in the deny file.
 *
 * Each step asks first whether the account is suspended (again): then it stays closed.
 */
import type { Account } from '../../core/account-name.ts';
import { faultText } from '../../lib/error-text.ts';
import type { Millis } from '../../lib/time.ts';
import type { ReleaseHow } from '../../ports/admin.ts';
import type { Change } from '../../ports/ledger.ts';
import type { LoginDoor, Mta } from '../../ports/mail-server.ts';
import type { Clock, Log } from '../../ports/world.ts';
import type { Accounts } from '../account/accounts.ts';
import type { Journal } from '../journal/journal.ts';
import {
  goesWith,
  type UnfinishedRelease,
  UnfinishedReleases,
  unfinishedRelease,
} from './unfinished-releases.ts';

const heldMax = 50_000;

export type ReleaseDeps = {
  readonly accounts: Accounts;
  readonly journal: Journal;
  readonly mta: Mta | undefined;
  readonly logins: LoginDoor | undefined;
  readonly clock: Clock;
  readonly log: Log;
};

export class ReleaseSteps {
  readonly #deps: ReleaseDeps;
  readonly #rests: UnfinishedReleases;

  constructor(deps: ReleaseDeps) {
    this.#deps = deps;
    this.#rests = new UnfinishedReleases(deps.journal);
  }

  /** The change is to be committed with the release, then `letOut` does what it stands for. */
  begun(
    account: Account,
    how: ReleaseHow,
    at: Millis,
  ): { readonly rest: UnfinishedRelease; change: Change } {
    const rest = unfinishedRelease(account, how, at);
    return { rest, change: this.#rests.begun(rest) };
  }

  /**
   * In the account's turn. How many messages went back; undefined: the account is suspended again.
   */
  async letOut(rest: UnfinishedRelease, faults: string[]): Promise<number | undefined> {
    return this.#letOut(rest, faults, () => true);
  }

  unfinished(): readonly UnfinishedRelease[] {
    return this.#rests.all();
  }

  /** In the account's turn. Mail that was held after the release is none of it. */
  async finish(rest: UnfinishedRelease): Promise<void> {
    if (!this.#rests.has(rest)) return;
    await this.#letOut(rest, [], (changedAt) => changedAt <= rest.at);
  }

  /** Accounts whose login is closed though they are not suspended. */
  async closedByMistake(): Promise<readonly Account[]> {
    const names = await this.#deps.logins?.closedNames();
    return [...(names ?? [])]
      .map((name) => name as Account)
      .filter((account) => {
        const past = this.#deps.accounts.known(account);
        return past !== undefined && past.state !== 'suspended';
      });
  }

  /** In the account's turn. */
  async openLogin(account: Account): Promise<void> {
    const { logins, log } = this.#deps;
    if (this.#isSuspended(account)) return;
    await logins?.open(account);
    log('info', 'login.opened', { account });
  }

  async #letOut(
    rest: UnfinishedRelease,
    told: string[],
    mayGo: (changedAt: Millis) => boolean,
  ): Promise<number | undefined> {
    const { log, logins } = this.#deps;
    const { account } = rest;
    const faults: string[] = [];
    if (isLogin(account) && !this.#isSuspended(account)) {
      await logins?.open(account).catch((error: unknown) => faults.push(faultText(error)));
    }
    if (this.#isSuspended(account)) {
      this.#rests.done(rest);
      return undefined;
    }
    const back = await this.#releaseHeld(rest, faults, mayGo);
    if (faults.length === 0) this.#rests.done(rest);
    else log('error', 'release.unfinished', { account, why: faults.join('; ') });
    told.push(...faults);
    return back;
  }

  async #releaseHeld(
    rest: UnfinishedRelease,
    faults: string[],
    mayGo: (changedAt: Millis) => boolean,
  ): Promise<number> {
    const { clock, journal, mta } = this.#deps;
    if (mta === undefined) return 0;
    const rows = journal.live
      .held({ account: rest.account, state: 'held', limit: heldMax })
      .filter((row) => goesWith(rest, row) && mayGo(row.changedAt));
    if (rows.length === 0) return 0;
    const { done: back, fault } = await mta.release(rows.map(({ queueId }) => queueId));
    for (const row of rows) {
      if (!back.has(row.queueId)) continue;
      const changed = { state: 'released' as const, changedAt: clock.now(), by: rest.by };
      journal.add({ kind: 'held', row: { ...row, ...changed } });
    }
    if (fault !== undefined) faults.push(faultText(fault));
    return back.size;
  }

  #isSuspended(account: Account): boolean {
    return this.#deps.accounts.known(account)?.state === 'suspended';
  }
}

/** Hosts, local senders and scripts have no login to close. */
export function isLogin(account: Account): boolean {
  return !/^(?:client|local|script):/.test(account);
}
