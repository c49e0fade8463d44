/**
 * Suspends an account: commits that first, then puts its queued mail on hold, closes its login and
 * tells the operator. A release undoes all of this.
 *
 *   judged or by hand ──commit──▶ later mail held, or refused (the gate reads the state)
 *                                 ├─ queue held twice: at once, and 15 seconds later
 *                                 ├─ keys of its own revoked
 *                                 ├─ login closed
 *                                 └─ notice by every channel
 *
 * A start goes through the open incidents again, in case the last run crashed: every step may be
 * done twice. One lock for each account guards what is done outside this process, so that a release
 * that comes in the middle has the last word.
 */
import type { Judgement } from '../../core/account/judge.ts';
import type { AccountProfile } from '../../core/account/profile.ts';
import { confirmHijack, release, suspendByHand } from '../../core/account/record.ts';
import type { Account } from '../../core/account-name.ts';
import { firstReasonText } from '../../core/explain.ts';
import type { Notice } from '../../core/notice.ts';
import type { Reason } from '../../core/reason.ts';
import { faultText } from '../../lib/error-text.ts';
import { SerialQueue } from '../../lib/serial.ts';
import { type Millis, secondMs } from '../../lib/time.ts';
import type { AdminResult, ReleaseHow } from '../../ports/admin.ts';
import type { AccountKeys } from '../../ports/keys.ts';
import type { Change, IncidentRow, MessageRow } from '../../ports/ledger.ts';
import type { LoginDoor, Mta } from '../../ports/mail-server.ts';
import type { World } from '../../ports/world.ts';
import type { Accounts } from '../account/accounts.ts';
import type { Journal } from '../journal/journal.ts';
import type { Notices } from '../notices/notices.ts';
import { observes, type Settings } from '../settings.ts';
import { holdAgain } from './held-requeued.ts';
import { hijackConfirmed, suspendedAlready, suspendedText } from './hijack-confirmed.ts';
import { HoldingNow } from './holding-now.ts';
import { currentIncident, type SweepDeps, sweepQueue } from './queue-sweep.ts';
import { isLogin, type ReleaseOutcome, ReleaseSteps } from './release-steps.ts';
import { noAccount, releaseText, releaseWord, suspendedAgain } from './release-text.ts';
import { type IncidentKnown, nothingKnown, suspensionNotice } from './suspension-notice.ts';

/** By then, mail that sessions were still handing over at the suspension is in the queue. */
const secondSweepMs = 15 * secondMs;
/** Steps under way get this long to end at a stop. The next start does them again. */
const closeMs = 3 * secondMs;
/** Steps about accounts that may wait: more than there are accounts on any server we know. */
const workMax = 1_000_000;
/** Incidents read at once. */
const openMax = 10_000;

export type SuspensionDeps = {
  readonly accounts: Accounts;
  readonly journal: Journal;
  readonly notices: Notices;
  readonly mta: Mta | undefined;
  readonly logins: LoginDoor | undefined;
  /** Probation keys. Without: no account has a key of its own. */
  readonly keys?: AccountKeys;
  readonly world: World;
  /** Never rejects. */
  readonly known: (incident: IncidentRow) => Promise<IncidentKnown>;
  readonly host: string;
  readonly settings: Settings;
  /** RFC 3339. */
  readonly iso: (at: Millis) => string;
};

type SuspendHow = { readonly by: string; readonly note: string; readonly hijacked: boolean };

/** A suspension to commit, and what to call after that. */
type Opened = { readonly changes: readonly Change[]; readonly committed: () => void };

export type Suspensions = {
  /** For the gate: what a new suspension adds to the commit, and what to call after it. */
  suspending(account: Account, profile: AccountProfile, judged: Judgement, at: Millis): Opened;
  /** An operator suspends it, or says that a suspended one was hijacked. */
  byHand(account: Account, how: SuspendHow): Promise<AdminResult>;
  release(account: Account, how: ReleaseHow): Promise<AdminResult>;
  /** A message has a new queue id, in its new row: behind a filter, or requeued by an operator. */
  renamed(before: string, message: MessageRow): void;
  /** Does what an earlier run may not have finished. For the start. */
  resume(): void;
  /** Starts nothing more, and waits a little for steps under way: they write to the journal. */
  close(): Promise<void>;
};

export function openSuspensions(deps: SuspensionDeps): Suspensions {
  return new SuspensionFlow(deps);
}

class SuspensionFlow implements Suspensions {
  readonly #deps: SuspensionDeps;
  /** One lock for each account guards what is done about it outside this process. */
  readonly #locks = new SerialQueue<Account>(workMax);
  readonly #steps: ReleaseSteps;
  readonly #sweeping: SweepDeps;
  /** How to stop the second sweeps that have not run yet. */
  readonly #waiting = new Set<() => void>();
  #closed = false;

  constructor(deps: SuspensionDeps) {
    this.#deps = deps;
    this.#steps = new ReleaseSteps(deps);
    this.#sweeping = { ...deps, holding: new HoldingNow(deps.journal) };
  }

  suspending(account: Account, profile: AccountProfile, judged: Judgement, at: Millis): Opened {
    const { reasons } = judged;
    const detail = firstReasonText(reasons);
    return this.#open(account, profile, reasons, at, { by: 'guard', detail });
  }

  async byHand(account: Account, { by, note, hijacked }: SuspendHow): Promise<AdminResult> {
    const { accounts, settings } = this.#deps;
    const { clock, count } = this.#deps.world;
    if (observes(settings, account)) return onlyObserving;
    const at = clock.now();
    const profile = accounts.profile(account, at);
    if (profile.state === 'suspended') {
      return hijacked ? hijackConfirmed(this.#deps, account, by, note) : suspendedAlready(account);
    }
    const book = suspendByHand(profile, at);
    if (hijacked) confirmHijack(profile, at);
    const reason: Reason = { signal: 'operator', saw: 1, usual: 0, weight: 1, by, note };
    const opened = this.#open(account, profile, [reason], at, { by, detail: note });
    await this.#deps.journal.committed([
      accounts.change(account, profile, book),
      ...opened.changes,
    ]);
    count('postern_suspensions_total', 1, 'operator');
    opened.committed();
    return { ok: true, count: 1, text: suspendedText(this.#deps, account, hijacked) };
  }

  async release(account: Account, how: ReleaseHow): Promise<AdminResult> {
    const { accounts } = this.#deps;
    const { clock, count } = this.#deps.world;
    const profile = accounts.known(account);
    if (profile === undefined) return noAccount(account);
    const suspended = profile.state === 'suspended';
    const at = clock.now();
    const { stoppedMessages } = profile;
    const book = release(profile, { honest: how.falseAlarm });
    const automatic = how.by === 'postern';
    const open = this.#incidents(account);
    // A suspension that was only observed does not count as an automatic release.
    const real = open.some(({ observed }) => !observed);
    profile.automaticReleases = automatic && real ? profile.automaticReleases + 1 : 0;
    const what = releaseWord(how);
    const detail = how.note === '' ? what : `${what}: ${how.note}`;
    const changes: Change[] = [
      accounts.change(account, profile, book),
      { kind: 'audit', row: { at, by: how.by, action: 'release', account, detail } },
    ];
    for (const incident of open) {
      changes.push({
        kind: 'incident',
        row: { ...incident, stoppedMessages, endedAt: at, endedBy: how.by },
      });
    }
    // A suspension that was only observed has changed nothing outside this process.
    const outside = !automatic || real;
    const steps = outside ? this.#steps.prepare(account, how, at) : undefined;
    if (steps !== undefined) changes.push(steps.change);
    const kept = await this.#deps.journal.committed(changes);
    if (suspended) count('postern_releases_total', 1, automatic ? 'guard' : 'operator');
    const outcome =
      steps === undefined
        ? nothingOutside
        : await this.#locks.run(account, () => this.#steps.run(steps.release));
    if (outcome === undefined) return suspendedAgain(account);
    const { back } = outcome;
    const faults = [...(kept ? [] : ['the ledger could not be written yet']), ...outcome.faults];
    const left = this.#deps.journal.live.held({ account, state: 'held', limit: openMax }).length;
    const was = open.length > 0 && !real ? 'noted' : suspended || real ? 'suspended' : 'clear';
    const text = releaseText(account, { ...how, was }, { back, left }, faults);
    return { ok: true, count: back, text };
  }

  renamed(before: string, message: MessageRow): void {
    const { journal, settings } = this.#deps;
    const { account } = message;
    if (observes(settings, account)) return;
    const held = journal.live.heldOne(before);
    const [incident] = this.#incidents(account).filter(({ observed }) => !observed);
    if (held?.state === 'held') {
      void this.#step(account, () => holdAgain(this.#sweeping, held, message));
    } else if (incident !== undefined) {
      void this.#step(account, () => sweepQueue(this.#sweeping, incident, [message]));
    }
  }

  resume(): void {
    const { settings } = this.#deps;
    const open = this.#deps.journal.live
      .incidents({ open: true, limit: openMax })
      .filter(({ account, observed }) => !observed && !observes(settings, account));
    // One after the other, as each starts programs. Releases first: their people wait to send, and
    // mail of suspended accounts is stopped in any case.
    const all = async (): Promise<void> => {
      for (const release of this.#steps.unfinished()) {
        await this.#step(release.account, () => this.#steps.finish(release));
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
    await this.#idle();
  }

  #open(
    account: Account,
    profile: AccountProfile,
    reasons: readonly Reason[],
    at: Millis,
    who: { readonly by: string; readonly detail: string },
  ): { changes: readonly Change[]; committed: () => void } {
    const { notices } = this.#deps;
    const { log, newId } = this.#deps.world;
    const observed = observes(this.#deps.settings, account);
    const incident: IncidentRow = {
      id: newId(),
      account,
      observed,
      by: who.by,
      since: profile.since === 0 ? at : profile.since,
      suspendedAt: at,
      endedAt: undefined,
      endedBy: '',
      leakedMessages: profile.leakedMessages,
      leakedRecipients: profile.leakedRecipients,
      stoppedMessages: profile.stoppedMessages,
      queuedHeld: 0,
      loginClosed: false,
      reasons,
    };
    const notice = this.#notice(incident, nothingKnown);
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
      if (observed) void this.#tell(incident);
      else void this.#follow(incident);
    };
    return { changes, committed };
  }

  /**
   * Does everything after the commit. Never throws: a failure is logged, shown in the notice, and
   * tried again at the next start.
   */
  #follow(incident: IncidentRow): Promise<void> {
    const { account } = incident;
    return this.#logged(account, async () => {
      const row = await this.#locks.run(account, () => this.#enforce(incident));
      await this.#tell(row);
      if (!this.#closed) this.#sweepLater(row);
    });
  }

  #sweepLater(incident: IncidentRow): void {
    const { account } = incident;
    const stop = this.#deps.world.timers.every(secondSweepMs, () => {
      stop();
      this.#waiting.delete(stop);
      void this.#logged(account, async () => {
        await this.#locks.run(account, async () => {
          this.#revokeKeys(incident);
          await this.#sweep(incident);
        });
      });
    });
    this.#waiting.add(stop);
  }

  /** Waits for all that is under way, but no longer than `closeMs`. */
  async #idle(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const stop = this.#deps.world.timers.every(closeMs, () => late.resolve());
    await Promise.race([this.#locks.idle(), late.promise]);
    stop();
  }

  async #openLogins(): Promise<void> {
    try {
      for (const account of await this.#steps.closedByMistake()) {
        await this.#step(account, () => this.#steps.openLogin(account));
      }
    } catch (error) {
      this.#deps.world.log('error', 'login.unread', { why: faultText(error) });
    }
  }

  /** Runs one of the steps that a start finds to do. */
  async #step(account: Account, work: () => Promise<unknown>): Promise<void> {
    if (this.#closed) return;
    await this.#logged(account, async () => {
      await this.#locks.run(account, work);
    });
  }

  /** Runs work that nobody waits for. A fault is logged and must not end the guard. */
  async #logged(account: Account, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#deps.world.log('error', 'suspension.step-failed', { account, why: faultText(error) });
    }
  }

  async #enforce(incident: IncidentRow): Promise<IncidentRow> {
    const { journal, logins } = this.#deps;
    const { log } = this.#deps.world;
    const { account } = incident;
    // Each step stands alone: what fails in one must not cost the next.
    let swept = incident;
    this.#revokeKeys(incident);
    await this.#logged(account, async () => {
      swept = await this.#sweep(incident);
    });
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

  /**
   * Revokes keys, also those that mail from before the suspension may still get in its last
   * sessions. Name servers may take long: neither the queue, the login nor the notice waits.
   */
  #revokeKeys(incident: IncidentRow): void {
    const { account, suspendedAt } = incident;
    if (!this.#isOpen(incident)) return;
    void this.#deps.keys?.revoke(account, (suspendedAt + secondSweepMs) as Millis);
  }

  #sweep(incident: IncidentRow): Promise<IncidentRow> {
    return sweepQueue(this.#sweeping, incident);
  }

  #current(incident: IncidentRow): IncidentRow {
    try {
      return currentIncident(this.#deps.journal, incident);
    } catch {
      return incident; // the sweep has logged it
    }
  }

  #isOpen(incident: IncidentRow): boolean {
    return this.#current(incident).endedAt === undefined;
  }

  #incidents(account: Account): readonly IncidentRow[] {
    return this.#deps.journal.live.incidents({ account, open: true, limit: openMax });
  }

  /** If the guard stops meanwhile, the next start sends what was prepared. */
  async #tell(incident: IncidentRow): Promise<void> {
    const isLast = this.#closed;
    const known = isLast ? nothingKnown : await this.#deps.known(incident);
    if (isLast || !this.#closed) this.#deps.notices.send(this.#notice(incident, known));
  }

  #notice(incident: IncidentRow, known: IncidentKnown): Notice {
    const { host, iso, world } = this.#deps;
    return suspensionNotice(incident, known, { host, iso, at: world.clock.now() });
  }
}

const onlyObserving: AdminResult = {
  ok: false,
  text: 'the mode is observe, so nothing was stopped',
  hint:
    'let Postern act: postern mode guard; ' +
    'or stop the account in the mail server by changing its password',
};

const nothingOutside: ReleaseOutcome = { back: 0, faults: [] };
