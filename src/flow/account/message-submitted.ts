/**
 * The gate: judges a submitted message with its account's profile, records the verdict and answers
 * the door.
 *
 * A pass is answered at once and written soon. Every other verdict is answered only after it is on
 * the disk, so that a crash loses no verdict that stopped mail.
 */

import { addUp, submit, suspendedMay } from '../../core/account/guard.ts';
import type { Judgement } from '../../core/account/judge.ts';
import type { AccountFlags } from '../../core/account/policy.ts';
import type { AccountProfile } from '../../core/account/profile.ts';
import { type BookChange, nothingNew, waitForNobody } from '../../core/account/record.ts';
import type { Telling } from '../../core/account/telling.ts';
import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import { firstReasonText, suspendedFullReply, suspendedReply } from '../../core/explain.ts';
import { type HeldSum, isHeldFull, isPutOff } from '../../core/verdict.ts';
import { hourMs, type Millis } from '../../lib/time.ts';
import type { WrittenTo } from '../../ports/imports/imports.ts';
import type { Change, StoryRow } from '../../ports/ledger.ts';
import type { ExpectedRecipients } from '../../ports/mailings/mailings.ts';
import type { Answer, Gate, Submitter } from '../../ports/message.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import type { WeakPasswords } from '../passwords/passwords-audited.ts';
import { observes, type Settings } from '../settings.ts';
import type { Accounts } from './accounts.ts';
import type { Exemptions } from './exemptions.ts';
import type { HeldCount } from './held-count.ts';
import { heldRow, messageRow, storyRow } from './message-rows.ts';
import { PutOffMessages } from './put-off.ts';
import { answerOf, effective, ledgerDown, passAnswer } from './verdict-answer.ts';
import type { Feed } from './verdict-feed.ts';

export type GateDeps = {
  readonly accounts: Accounts;
  readonly journal: Journal;
  readonly exemptions: Exemptions;
  readonly mailings: ExpectedRecipients;
  readonly imports: WrittenTo;
  readonly weakPasswords: Pick<WeakPasswords, 'why'>;
  readonly feed: Feed;
  readonly world: World;
  readonly settings: Settings;
  /** Says whether it is one of Postern's own notices to the operator. They pass uncounted. */
  readonly isOurs: (message: Submission) => boolean;
  /** The changes that a suspension adds to the commit, and what to do once that is written. */
  readonly suspending: (
    account: Account,
    profile: AccountProfile,
    judgement: Judgement,
    at: Millis,
  ) => { readonly changes: readonly Change[]; readonly committed: () => void };
  /** The notice, if one is due, about a held message of an account that is not suspended. */
  readonly holding: (story: StoryRow, waits: boolean) => readonly Change[];
  /**
   * Takes a message that has passed and whose account is not watched. `isToNew`: to somebody who is
   * new to the account.
   */
  readonly passed: (message: Submission, isToNew: boolean) => void;
  /** How much is held of an account now. */
  readonly held: HeldCount;
  /** The notices of what somebody is told of although mail passes. */
  readonly telling: (
    message: Submission,
    told: readonly Telling[],
    reasons: Judgement['reasons'],
  ) => readonly Change[];
  /** The same when as much of the account's mail is held as may be. */
  readonly full: (story: StoryRow, held: HeldSum) => readonly Change[];
};

export function openGate(deps: GateDeps): Gate & {
  /** The flags of an account, for judging without counting. */
  flags(account: Account, at: Millis): AccountFlags;
  /** Counts a message that has passed already, whatever the verdict would be now. */
  passed(message: Submission): void;
} {
  const gate = new MessageGate(deps);
  return {
    mayBegin: (submitter) => gate.mayBegin(submitter),
    submit: (message, by, answer) => gate.submit(message, by, answer),
    flags: (account, at) => gate.flags(account, at),
    passed: (message) => gate.passed(message),
  };
}

class MessageGate {
  readonly #deps: GateDeps;
  readonly #putOff = new PutOffMessages();
  #hour = 0;
  #serverRecipients = 0;

  constructor(deps: GateDeps) {
    this.#deps = deps;
  }

  mayBegin(submitter: Submitter): Answer {
    const { accounts, settings } = this.#deps;
    const { clock } = this.#deps.world;
    if (observes(settings, submitter.account)) return passAnswer;
    // Local mail is held at its end: pickup(8) would repeat a refused message without an end.
    if (submitter.by === 'local') return passAnswer;
    const { account } = submitter;
    const profile = accounts.known(account);
    if (profile?.state !== 'suspended') return passAnswer;
    const verdict = suspendedMay(profile, accounts.context.policy, () => this.#deps.held(account));
    if (verdict === 'hold') return passAnswer;
    profile.stoppedMessages++;
    accounts.changed(account, profile, nothingNew);
    this.#deps.world.count('postern_refused_early_total');
    this.#deps.feed.add({
      at: clock.now(),
      id: '',
      account,
      verdict,
      state: 'suspended',
      recipients: 0,
      why:
        verdict === 'refuse'
          ? 'refused before the message: the account was hijacked'
          : 'put off before the message: the account is suspended, and much of its mail is held',
      observed: false,
    });
    const reply = verdict === 'refuse' ? suspendedReply : suspendedFullReply;
    return { kind: 'reply', ...reply(settings.contact) };
  }

  flags(account: Account, at: Millis): AccountFlags {
    const exemptUntil = this.#deps.exemptions.until(account);
    const serverRecipientsThisHour =
      Math.floor(at / hourMs) === this.#hour ? this.#serverRecipients : 0;
    const weakPassword = this.#deps.weakPasswords.why(account);
    let sum: HeldSum | undefined;
    const held = (): HeldSum => {
      sum ??= this.#deps.held(account);
      return sum;
    };
    const expected = this.#deps.mailings.left(account, at);
    return { exemptUntil, serverRecipientsThisHour, weakPassword, held, again: false, expected };
  }

  submit(message: Submission, by: Submitter['by'], answer: (answer: Answer) => void): void {
    // Not for a login: everybody who reads a notice knows its id.
    if (by !== 'login' && this.#deps.isOurs(message)) {
      this.#note(message, 'pass', 'clear', '');
      answer(passAnswer);
      return;
    }
    const { profile, before, expected, held, judgement, book, told } = this.#judge(message);
    if (judgement.verdict === 'pass') {
      const sum = this.#addUp(message, profile, expected, told);
      if (sum !== undefined && sum.judgement.verdict !== 'pass') {
        this.#changed(message, profile, book, judgement, told);
        this.#stopped({ ...sum, by, answer });
        return;
      }
      this.#passed(message, profile, book, judgement, told);
      this.#deps.mailings.passed(message.account, expected);
      if (sum !== undefined) {
        this.#changed(sum.message, sum.profile, sum.book, sum.judgement, sum.told);
        this.#deps.mailings.passed(sum.message.account, sum.expected);
      }
      answer(passAnswer);
      return;
    }
    const stop = { message, by, profile, before, expected, held, judgement, book, told, answer };
    this.#stopped(stop);
  }

  passed(message: Submission): void {
    const { profile, before, expected, judgement, book, told } = this.#judge(message);
    this.#passed(message, profile, book, judgement, told);
    this.#deps.mailings.passed(message.account, expected);
    if (judgement.state !== 'suspended' || before === 'suspended') return;
    const { changes, committed } = this.#deps.suspending(
      message.account,
      profile,
      judgement,
      message.at,
    );
    this.#countSuspension(message.account);
    this.#deps.journal.commit(changes, committed);
  }

  /**
   * Counts a message that its own account may send in its sum, if it has one. What the sum holds is
   * mail of the sum. What was announced of the account, and passes, is expected of the sum as well.
   */
  #addUp(
    message: Submission,
    own: AccountProfile,
    announced: number,
    told: readonly Telling[],
  ): Omit<StoppedMessage, 'by' | 'answer'> | undefined {
    const { accounts, exemptions, mailings } = this.#deps;
    let expected = 0;
    const sum = addUp(message, own, accounts.context, {
      profile: (account) => this.#waits(account, accounts.profile(account, message.at)),
      flags: (summed) => {
        expected = mailings.usedBy(summed);
        return { ...this.#flagsOf(summed), expected: Math.max(announced, expected) };
      },
      isExempt: exemptions.until(message.account) > message.at,
      told,
    });
    if (sum === undefined) return undefined;
    this.#waits(sum.message.account, sum.profile);
    if (isPutOff(sum.judgement)) this.#putOff.add(sum.message);
    return { ...sum, expected };
  }

  /**
   * The profile. Of an account that is only observed nothing waits for a person: neither what began
   * while Postern acted on it, nor when Postern acts on it next.
   */
  #waits(account: Account, profile: AccountProfile): AccountProfile {
    if (observes(this.#deps.settings, account)) waitForNobody(profile);
    return profile;
  }

  #flagsOf(message: Submission): AccountFlags {
    return { ...this.flags(message.account, message.at), again: this.#putOff.has(message) };
  }

  /** Judges and counts; `before` is the account's state until then. */
  #judge(message: Submission): Omit<StoppedMessage, 'message' | 'by' | 'answer'> {
    const { accounts, mailings } = this.#deps;
    const profile = this.#waits(message.account, accounts.profile(message.account, message.at));
    const before = profile.state;
    const flags = this.#flagsOf(message);
    const expected = flags.expected === 0 ? 0 : mailings.usedBy(message);
    const judged = submit(profile, message, accounts.context, flags);
    this.#waits(message.account, profile);
    if (isPutOff(judged.judgement)) this.#putOff.add(message);
    return { profile, before, expected, held: flags.held, ...judged };
  }

  #passed(
    message: Submission,
    profile: AccountProfile,
    book: BookChange,
    judgement: Judgement,
    told: readonly Telling[],
  ): void {
    const { imports, journal } = this.#deps;
    const { count } = this.#deps.world;
    const hour = Math.floor(message.at / hourMs);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#serverRecipients = 0;
    }
    this.#serverRecipients += message.outside.length;
    if (judgement.state === 'clear') this.#deps.passed(message, judgement.fresh.length > 0);
    this.#changed(message, profile, book, judgement, told);
    imports.wrote(message);
    if (message.id !== '') journal.add({ kind: 'message', row: messageRow(message, 'pass') });
    count('postern_verdicts_total', 1, 'pass');
    count('postern_recipients_total', message.outside.length + message.local.length);
    this.#note(message, 'pass', judgement.state, firstReasonText(judgement.reasons));
  }

  /** Writes the account: soon, or at once if somebody is to be told. */
  #changed(
    message: Submission,
    profile: AccountProfile,
    book: BookChange,
    { reasons }: Judgement,
    told: readonly Telling[],
  ): void {
    const { accounts, journal, telling } = this.#deps;
    const change = accounts.change(message.account, profile, book);
    if (told.length === 0) journal.add(change);
    else journal.commit([change, ...telling(message, told, reasons)], () => {});
  }

  #stopped(stop: StoppedMessage): void {
    const { message, by, profile, before, judgement, book, told, answer } = stop;
    const { accounts, journal, settings, telling } = this.#deps;
    const { count, newId } = this.#deps.world;
    const observed = observes(settings, message.account);
    const local = by === 'local' || message.account.startsWith('script:');
    const kind = effective(judgement, by, local);
    // Local mail is held all the same.
    const judged = isPutOff(judgement) ? { ...judgement, verdict: kind } : judgement;
    const row = storyRow(message, judged, observed, newId);
    const changes: Change[] = [
      accounts.change(message.account, profile, book),
      { kind: 'story', row },
    ];
    if (message.id !== '') changes.push({ kind: 'message', row: messageRow(message, kind) });
    if (kind === 'hold' && !observed && message.id !== '') {
      changes.push({ kind: 'held', row: heldRow(message, judgement) });
    }
    if (!observed) changes.push(...this.#full(row, stop, kind));
    // The notice of a suspension says more.
    if (told.length > 0 && judgement.state !== 'suspended')
      changes.push(...telling(message, told, judgement.reasons));
    let committed = (): void => {};
    if (judgement.state === 'suspended' && before !== 'suspended') {
      const suspending = this.#deps.suspending(message.account, profile, judgement, message.at);
      changes.push(...suspending.changes);
      committed = suspending.committed;
      this.#countSuspension(message.account);
    } else if (judgement.verdict === 'hold' && judgement.state !== 'suspended') {
      changes.push(...this.#deps.holding(row, profile.lockedAt > 0));
    }
    if (observed) count('postern_observed_verdicts_total', 1, kind);
    count('postern_verdicts_total', 1, observed ? 'pass' : kind);
    const why = firstReasonText(judgement.reasons, observed);
    this.#note(message, kind, judgement.state, why);
    this.#deps.world.log('info', 'message.stopped', {
      id: row.id,
      account: message.account,
      verdict: kind,
      state: judgement.state,
      observed,
      recipients: row.recipients,
      why,
    });
    const verdict = observed ? passAnswer : answerOf(kind, judgement, settings.contact);
    journal.commit(changes, (kept) => {
      // The suspension is in force in memory even if it could not be written: go on either way.
      committed();
      if (kept || observed || settings.whenFailing === 'answer') answer(verdict);
      else answer(ledgerDown);
    });
  }

  #countSuspension(account: Account): void {
    const { settings, world } = this.#deps;
    if (observes(settings, account)) world.count('postern_observed_suspensions_total');
    else world.count('postern_suspensions_total', 1, 'guard');
  }

  /** The notice, if with this message as much is held of its account as may be. */
  #full(row: StoryRow, stop: StoppedMessage, kind: Judgement['verdict']): readonly Change[] {
    const { sizeBytes = 0 } = stop.message;
    const off = isPutOff(stop.judgement);
    if (kind !== 'hold' && !off) return [];
    const { messages, bytes } = stop.held();
    const held = off ? { messages, bytes } : { messages: messages + 1, bytes: bytes + sizeBytes };
    const { heldMax } = this.#deps.accounts.context.policy;
    return off || isHeldFull(held, heldMax) ? this.#deps.full(row, held) : [];
  }

  #note(
    message: Submission,
    verdict: Judgement['verdict'],
    state: Judgement['state'],
    why: string,
  ): void {
    this.#deps.feed.add({
      at: message.at,
      id: message.id,
      account: message.account,
      verdict,
      state,
      recipients: message.outside.length + message.local.length,
      why,
      observed: observes(this.#deps.settings, message.account),
    });
  }
}

type StoppedMessage = {
  readonly message: Submission;
  readonly by: Submitter['by'];
  readonly profile: AccountProfile;
  readonly before: AccountProfile['state'];
  /** Recipients that an operator has announced. They are used up if it passes. */
  readonly expected: number;
  /** What was held of its account before it. */
  readonly held: () => HeldSum;
  readonly judgement: Judgement;
  readonly book: BookChange;
  readonly told: readonly Telling[];
  readonly answer: (answer: Answer) => void;
};
