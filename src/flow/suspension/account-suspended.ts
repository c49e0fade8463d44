/**
 * An account is suspended: committed first; then what it has queued is put on hold, its login is
 * closed, the operator is told. And the way back: a release undoes all of that.
 *
 *   judged or by hand ──commit──▶ later mail refused (the gate reads the state)
 *                                 ├─ queue held, twice: at once, and for what was on its way into the queue
 *                                 ├─ login closed
 *                                 └─ notice by every road
 *
 * After a crash the open incidents are gone through again: each step may be done twice. What is
 * done about one account outside this process is done in turn, so that a release which comes in the
 * middle has the last word.
 */
import type { Judgement } from '../../core/account/judge.ts';
import type { AccountProfile } from '../../core/account/profile.ts';
import { release, suspendByHand } from '../../core/account/record.ts';
import type { Account } from '../../core/account-name.ts';
import { firstReasonText } from '../../core/explain.ts';
import type { Notice } from '../../core/notice.ts';
import type { Reason } from '../../core/reason.ts';
import { faultText } from '../../lib/error-text.ts';
import { type Millis, secondMs } from '../../lib/time.ts';
import type { Done, ReleaseHow } from '../../ports/admin.ts';
import type { Change, IncidentRow } from '../../ports/ledger.ts';
import type { LoginDoor, Mta } from '../../ports/mail-server.ts';
import type { Clock, Count, Log } from '../../ports/world.ts';
import type { Accounts } from '../account/accounts.ts';
import type { Journal, Timers } from '../journal/journal.ts';
import type { Notices } from '../notices/notices.ts';
import type { Settings } from '../settings.ts';
import { AccountTurns } from './account-lock.ts';
import { currentIncident, sweepQueue } from './queue-sweep.ts';
import { isLogin, ReleaseSteps } from './release-steps.ts';
import { releaseText, releaseWord } from './release-text.ts';
import { suspensionNotice } from './suspension-notice.ts';

/** What the sessions of that moment were still handing over is in the queue by then. */
const secondSweepMs = 15 * secondMs;
/** What is under way gets this long to end; the next start does it again. */
const closeMs = 3 * secondMs;
/** Incidents looked at in one go. */
const openMax = 10_000;

export type SuspensionDeps = {
  readonly accounts: Accounts;
  readonly journal: Journal;
  readonly notices: Notices;
  readonly mta: Mta | undefined;
  readonly logins: LoginDoor | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly count: Count;
  readonly host: string;
  readonly settings: Settings;
  readonly newId: () => string;
  /** RFC 3339. */
  readonly iso: (at: Millis) => string;
};

export type Suspensions = {
  /** For the gate: what a fresh suspension adds to the commit, and what follows it. */
  suspending(
    account: Account,
    past: AccountProfile,
    judgement: Judgement,
    at: Millis,
  ): { readonly changes: readonly Change[]; readonly committed: () => void };
  byHand(account: Account, by: string, note: string): Promise<Done>;
  release(account: Account, how: ReleaseHow): Promise<Done>;
  /** After a start: what an earlier run may not have finished. */
  resume(): void;
  /**
   * Starts nothing more by itself, and waits a little for what is under way: it writes to the
   * journal.
   */
  close(): Promise<void>;
};

export function openSuspensions(deps: SuspensionDeps): Suspensions {
  return new SuspensionFlow(deps);
}

class SuspensionFlow implements Suspensions {
  readonly #deps: SuspensionDeps;
  readonly #turns = new AccountTurns();
  readonly #steps: ReleaseSteps;
  /** How to stop the second sweeps that are yet to come. */
  readonly #waiting = new Set<() => void>();
  #closed = false;

  constructor(deps: SuspensionDeps) {
    this.#deps = deps;
    this.#steps = new ReleaseSteps(deps);
  }

  suspending(
    account: Account,
    past: AccountProfile,
    judgement: Judgement,
    at: Millis,
  ): { changes: readonly Change[]; committed: () => void } {
    const { reasons } = judgement;
    const detail = firstReasonText(reasons);
    return this.#open(account, past, reasons, at, { by: 'guard', detail });
  }

  async byHand(account: Account, by: string, note: string): Promise<Done> {
    const { accounts, clock, count, settings } = this.#deps;
    if (settings.mode === 'observe') return onlyObserving;
    const at = clock.now();
    const past = accounts.profile(account, at);
    if (past.state === 'suspended') return { ok: false, text: `${account} is suspended already` };
    const book = suspendByHand(past, at);
    const reason: Reason = { signal: 'operator', saw: 1, usual: 0, weight: 1, by, note };
    const opened = this.#open(account, past, [reason], at, { by, detail: note });
    await this.#commit([accounts.change(account, past, book), ...opened.changes]);
    count('postern_suspensions_total', 1, 'operator');
    opened.committed();
    return { ok: true, count: 1, text: `${account} is suspended` };
  }

  async release(account: Account, how: ReleaseHow): Promise<Done> {
    const { accounts, clock, count } = this.#deps;
    const past = accounts.known(account);
    if (past === undefined) return { ok: false, text: `no account ${account} is known here` };
    const suspended = past.state === 'suspended';
    const at = clock.now();
    const { stoppedMessages } = past;
    release(past, { honest: how.falseAlarm });
    const automatic = how.by === 'postern';
    const open = this.#incidents(account);
    // What was only observed says nothing about how often the account may be trusted again by
    // itself.
    const real = open.some(({ observed }) => !observed);
    past.automaticReleases = automatic && real ? past.automaticReleases + 1 : 0;
    const what = releaseWord(how);
    const detail = how.note === '' ? what : `${what}: ${how.note}`;
    const changes: Change[] = [
      accounts.change(account, past, { learned: [], forgotten: [] }),
      { kind: 'audit', row: { at, by: how.by, action: 'release', account, detail } },
    ];
    for (const incident of open) {
      changes.push({
        kind: 'incident',
        row: { ...incident, stoppedMessages, endedAt: at, endedBy: how.by },
      });
    }
    // A suspension that was only noted has closed nothing outside.
    const outside = !automatic || real;
    const { rest, change } = outside ? this.#steps.begun(account, how, at) : nothingOutside;
    if (change !== undefined) changes.push(change);
    const faults: string[] = [];
    if (!(await this.#commit(changes))) faults.push('the ledger could not be written yet');
    if (suspended) count('postern_releases_total', 1, automatic ? 'guard' : 'operator');
    const back =
      rest === undefined ? 0 : await this.#inTurn(account, () => this.#steps.letOut(rest, faults));
    if (back === undefined) return suspendedAgain(account);
    const left = this.#deps.journal.live.held({ account, state: 'held', limit: openMax }).length;
    return { ok: true, count: back, text: releaseText(account, how, { back, left }, faults) };
  }

  resume(): void {
    const enforced = this.#deps.settings.mode === 'guard';
    const open = this.#deps.journal.live
      .incidents({ open: true, limit: openMax })
      .filter(({ observed }) => enforced && !observed);
    // One after the other: each starts programs. Releases first: those people wait, and who is
    // suspended is refused.
    const all = async (): Promise<void> => {
      for (const rest of this.#steps.unfinished()) {
        await this.#step(rest.account, () => this.#steps.finish(rest));
      }
      await this.#openLogins();
      for (const incident of open) {
        await this.#step(incident.account, () => this.#enforce(incident));
      }
    };
    void all();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const stop of this.#waiting) stop();
    await this.#turns.ended(this.#deps.timers, closeMs);
  }

  #open(
    account: Account,
    past: AccountProfile,
    reasons: readonly Reason[],
    at: Millis,
    who: { readonly by: string; readonly detail: string },
  ): { changes: readonly Change[]; committed: () => void } {
    const { log, newId, notices } = this.#deps;
    const observed = this.#deps.settings.mode === 'observe';
    const incident: IncidentRow = {
      id: newId(),
      account,
      observed,
      by: who.by,
      since: past.since === 0 ? at : past.since,
      suspendedAt: at,
      endedAt: undefined,
      endedBy: '',
      leakedMessages: past.leakedMessages,
      leakedRecipients: past.leakedRecipients,
      stoppedMessages: past.stoppedMessages,
      queuedHeld: 0,
      loginClosed: false,
      reasons,
    };
    const notice = this.#notice(incident);
    const action = observed ? 'would-suspend' : 'suspend';
    const changes: Change[] = [
      { kind: 'incident', row: incident },
      { kind: 'audit', row: { at, action, account, ...who } },
      ...notices.prepare(notice),
    ];
    const committed = (): void => {
      log('warn', observed ? 'account.would-suspend' : 'account.suspended', {
        account,
        incident: incident.id,
        leaked: incident.leakedRecipients,
        why: firstReasonText(reasons),
      });
      if (observed) notices.send(notice);
      else void this.#follow(incident);
    };
    return { changes, committed };
  }

  /**
   * Everything after the commit. Never throws: what fails is logged, told in the notice, and tried
   * at the next start.
   */
  #follow(incident: IncidentRow): Promise<void> {
    const { account } = incident;
    return this.#logged(account, async () => {
      const row = await this.#inTurn(account, () => this.#enforce(incident));
      this.#deps.notices.send(this.#notice(row));
      if (!this.#closed) this.#sweepLater(row);
    });
  }

  #sweepLater(incident: IncidentRow): void {
    const { account } = incident;
    const stop = this.#deps.timers.every(secondSweepMs, () => {
      stop();
      this.#waiting.delete(stop);
      void this.#logged(account, async () => {
        await this.#inTurn(account, () => this.#sweep(incident));
      });
    });
    this.#waiting.add(stop);
  }

  #inTurn<Value>(account: Account, work: () => Promise<Value>): Promise<Value> {
    return this.#turns.take(account, work);
  }

  async #openLogins(): Promise<void> {
    try {
      for (const account of await this.#steps.closedByMistake()) {
        await this.#step(account, () => this.#steps.openLogin(account));
      }
    } catch (error) {
      this.#deps.log('error', 'login.unread', { why: faultText(error) });
    }
  }

  /** One of many things that a start finds to do. */
  async #step(account: Account, work: () => Promise<unknown>): Promise<void> {
    if (this.#closed) return;
    await this.#logged(account, async () => {
      await this.#inTurn(account, work);
    });
  }

  /** For what nobody waits for: a fault in it is logged. It must not end the guard. */
  async #logged(account: Account, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#deps.log('error', 'suspension.step-failed', { account, why: faultText(error) });
    }
  }

  async #enforce(incident: IncidentRow): Promise<IncidentRow> {
    const { journal, log, logins } = this.#deps;
    const { account } = incident;
    const swept = await this.#sweep(incident);
    if (logins === undefined || !isLogin(account) || !this.#isOpen(incident)) return swept;
    try {
      await logins.close(account);
    } catch (error) {
      log('error', 'login.not-closed', { account, why: faultText(error) });
      return swept;
    }
    const row: IncidentRow = { ...this.#current(swept), loginClosed: true };
    journal.add({ kind: 'incident', row });
    return row;
  }

  #sweep(incident: IncidentRow): Promise<IncidentRow> {
    return sweepQueue(this.#deps, incident);
  }

  #current(incident: IncidentRow): IncidentRow {
    return currentIncident(this.#deps.journal, incident);
  }

  #isOpen(incident: IncidentRow): boolean {
    return this.#current(incident).endedAt === undefined;
  }

  #incidents(account: Account): readonly IncidentRow[] {
    return this.#deps.journal.live.incidents({ account, open: true, limit: openMax });
  }

  #notice(incident: IncidentRow): Notice {
    const { clock, host, iso } = this.#deps;
    return suspensionNotice(incident, { host, iso, at: clock.now() });
  }

  #commit(changes: readonly Change[]): Promise<boolean> {
    return new Promise((resolve) => this.#deps.journal.commit(changes, resolve));
  }
}

const onlyObserving: Done = {
  ok: false,
  text: 'this guard only observes: it stops nobody',
  hint: 'set mode = "guard" and reload, or stop the account in the mail server: change its password',
};

const nothingOutside = { rest: undefined, change: undefined };

/** While its release waited for its turn: a later suspension has the last word. */
function suspendedAgain(account: Account): Done {
  return {
    ok: false,
    text: `${account} was suspended again meanwhile: its login stays closed, its mail on hold`,
    hint: `look at why, then: postern accounts release ${account}`,
  };
}
