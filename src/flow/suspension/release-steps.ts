/**
 * After a release is committed, its steps outside this process: the login is opened, and held mail
 * goes back to the queue. A start also finishes releases that an earlier run did not finish, and
 * opens logins that are closed by mistake.
 *
 * Each step first asks whether the account is suspended again. If so, it changes nothing.
 */
import type { Account } from '../../core/account-name.ts';
import { faultText } from '../../lib/error-text.ts';
import type { Millis } from '../../lib/time.ts';
import type { ReleaseHow } from '../../ports/admin.ts';
import type { AccountKeys } from '../../ports/keys.ts';
import type { Change } from '../../ports/ledger.ts';
import type { LoginDoor, Mta } from '../../ports/mail-server.ts';
import type { World } from '../../ports/world.ts';
import type { Accounts } from '../account/accounts.ts';
import type { Journal } from '../journal/journal.ts';
import {
  goesWith,
  type UnfinishedRelease,
  UnfinishedReleases,
  unfinishedRelease,
} from './unfinished-releases.ts';

const heldMax = 50_000;
/** The latest incidents of an account, among which those of a release are. */
const incidentsMax = 100;

export type ReleaseDeps = {
  readonly accounts: Accounts;
  readonly journal: Journal;
  readonly mta: Mta | undefined;
  readonly logins: LoginDoor | undefined;
  readonly keys?: AccountKeys;
  readonly world: World;
};

/** How many held messages went back to the queue, and what could not be done. */
export type ReleaseOutcome = { readonly back: number; readonly faults: readonly string[] };

export class ReleaseSteps {
  readonly #deps: ReleaseDeps;
  readonly #unfinished: UnfinishedReleases;

  constructor(deps: ReleaseDeps) {
    this.#deps = deps;
    this.#unfinished = new UnfinishedReleases(deps.journal);
  }

  /** Prepares the steps of a release. Commit the change with the release, then call `run`. */
  prepare(
    account: Account,
    how: ReleaseHow,
    at: Millis,
  ): { readonly release: UnfinishedRelease; readonly change: Change } {
    const release = unfinishedRelease(account, how, at);
    return { release, change: this.#unfinished.add(release) };
  }

  /** Runs the steps. Hold the account's lock. Undefined: the account is suspended again. */
  run(release: UnfinishedRelease): Promise<ReleaseOutcome | undefined> {
    return this.#run(release, () => true);
  }

  unfinished(): readonly UnfinishedRelease[] {
    return this.#unfinished.all();
  }

  /** Finishes a release of an earlier run. Hold the account's lock. Later held mail stays held. */
  async finish(release: UnfinishedRelease): Promise<void> {
    if (!this.#unfinished.has(release)) return;
    await this.#run(release, (changedAt) => changedAt <= release.at);
  }

  /** Accounts whose login is closed although they are not suspended. */
  async closedByMistake(): Promise<readonly Account[]> {
    const names = await this.#deps.logins?.closedNames();
    return [...(names ?? [])]
      .map((name) => name as Account)
      .filter((account) => {
        const profile = this.#deps.accounts.known(account);
        return profile !== undefined && profile.state !== 'suspended';
      });
  }

  /** Opens the login of an account. Hold the account's lock. */
  async openLogin(account: Account): Promise<void> {
    const { logins } = this.#deps;
    const { log } = this.#deps.world;
    if (this.#isSuspended(account)) return;
    await logins?.open(account);
    log('info', 'login.opened', { account });
  }

  async #run(
    release: UnfinishedRelease,
    mayGo: (changedAt: Millis) => boolean,
  ): Promise<ReleaseOutcome | undefined> {
    const { account } = release;
    const loginFault = await this.#openedLogin(account);
    if (this.#isSuspended(account)) {
      this.#unfinished.done(release);
      return undefined;
    }
    const keyFault = await this.#restoredKeys(release);
    const { back, fault } = await this.#releaseHeld(release, mayGo);
    const faults = [loginFault, keyFault, fault].filter((one) => one !== undefined);
    if (faults.length === 0) this.#unfinished.done(release);
    else this.#deps.world.log('error', 'release.unfinished', { account, why: faults.join('; ') });
    return { back, faults };
  }

  /** Why the login could not be opened; undefined if it is open, or if there is nothing to open. */
  async #openedLogin(account: Account): Promise<string | undefined> {
    if (!isLogin(account) || this.#isSuspended(account)) return undefined;
    try {
      await this.#deps.logins?.open(account);
      return undefined;
    } catch (error) {
      return faultText(error);
    }
  }

  /** After a false alarm, receivers must believe the keys again. Answers with why it failed. */
  async #restoredKeys({ account, at, mail }: UnfinishedRelease): Promise<string | undefined> {
    const { journal, keys } = this.#deps;
    if (keys === undefined || mail !== 'all') return undefined;
    const [incident] = journal.live
      .incidents({ account, limit: incidentsMax })
      .filter(({ endedAt, observed }) => endedAt === at && !observed)
      .sort((one, other) => one.suspendedAt - other.suspendedAt);
    return incident && keys.restore(account, incident.suspendedAt);
  }

  async #releaseHeld(
    release: UnfinishedRelease,
    mayGo: (changedAt: Millis) => boolean,
  ): Promise<{ readonly back: number; readonly fault: string | undefined }> {
    const { journal, mta } = this.#deps;
    const { clock } = this.#deps.world;
    if (mta === undefined) return noMail;
    const rows = journal.live
      .held({ account: release.account, state: 'held', limit: heldMax })
      .filter((row) => goesWith(release, row) && mayGo(row.changedAt));
    if (rows.length === 0) return noMail;
    const { done: back, fault } = await mta.release(rows.map(({ queueId }) => queueId));
    for (const row of rows) {
      if (!back.has(row.queueId)) continue;
      const changed = { state: 'released' as const, changedAt: clock.now(), by: release.by };
      journal.add({ kind: 'held', row: { ...row, ...changed } });
    }
    return { back: back.size, fault: fault === undefined ? undefined : faultText(fault) };
  }

  #isSuspended(account: Account): boolean {
    return this.#deps.accounts.known(account)?.state === 'suspended';
  }
}

const noMail = { back: 0, fault: undefined };

/** Hosts, local senders and scripts have no login to close. */
export function isLogin(account: Account): boolean {
  return !/^(?:client|local|script):/.test(account);
}
