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
import { type BookChange, nothingNew } from '../../core/account/record.ts';
import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import {
  firstReasonText,
  holdReason,
  replyText,
  suspendedFullReply,
  suspendedReply,
} from '../../core/explain.ts';
import { type HeldSum, isHeldFull, isPutOff } from '../../core/verdict.ts';
import { hourMs, type Millis } from '../../lib/time.ts';
import type { Change, StoryRow } from '../../ports/ledger.ts';
import type { Answer, Gate, Submitter } from '../../ports/message.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import type { WeakPasswords } from '../passwords/passwords-audited.ts';
import type { Settings } from '../settings.ts';
import type { Accounts } from './accounts.ts';
import type { Exemptions } from './exemptions.ts';
import type { HeldCount } from './held-count.ts';
import { heldRow, messageRow, storyRow } from './message-rows.ts';
import { PutOffMessages } from './put-off.ts';
import type { Feed } from './verdict-feed.ts';

export type GateDeps = {
  readonly accounts: Accounts;
  readonly journal: Journal;
  readonly exemptions: Exemptions;
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
  readonly holding: (story: StoryRow) => readonly Change[];
  /** How much is held of an account now. */
  readonly held: HeldCount;
  /** The same when as much of the account's mail is held as may be. */
  readonly full: (story: StoryRow, held: HeldSum) => readonly Change[];
};

const passAnswer: Answer = { kind: 'pass' };

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
    if (settings.mode === 'observe') return passAnswer;
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
    return { exemptUntil, serverRecipientsThisHour, weakPassword, held, again: false };
  }

  submit(message: Submission, by: Submitter['by'], answer: (answer: Answer) => void): void {
    // Not for a login: everybody who reads a notice knows its id.
    if (by !== 'login' && this.#deps.isOurs(message)) {
      this.#note(message, 'pass', 'clear', '');
      answer(passAnswer);
      return;
    }
    const { profile, before, held, judgement, book } = this.#judge(message);
    if (judgement.verdict === 'pass') {
      const sum = this.#addUp(message, profile);
      if (sum !== undefined && sum.judgement.verdict !== 'pass') {
        this.#deps.accounts.changed(message.account, profile, book);
        this.#stopped({ ...sum, by, answer });
        return;
      }
      this.#passed(message, profile, book, judgement);
      if (sum !== undefined)
        this.#deps.accounts.changed(sum.message.account, sum.profile, sum.book);
      answer(passAnswer);
      return;
    }
    this.#stopped({ message, by, profile, before, held, judgement, book, answer });
  }

  passed(message: Submission): void {
    const { profile, before, judgement, book } = this.#judge(message);
    this.#passed(message, profile, book, judgement);
    if (judgement.state !== 'suspended' || before === 'suspended') return;
    const { changes, committed } = this.#deps.suspending(
      message.account,
      profile,
      judgement,
      message.at,
    );
    this.#countSuspension();
    this.#deps.journal.commit(changes, committed);
  }

  /**
   * Counts a message that its own account may send in its sum, if it has one. What the sum holds is
   * mail of the sum.
   */
  #addUp(
    message: Submission,
    own: AccountProfile,
  ): Omit<StoppedMessage, 'by' | 'answer'> | undefined {
    const { accounts, exemptions } = this.#deps;
    const sum = addUp(message, own, accounts.context, {
      profile: (account) => accounts.profile(account, message.at),
      flags: (summed) => this.#flagsOf(summed),
      isExempt: exemptions.until(message.account) > message.at,
    });
    if (sum !== undefined && isPutOff(sum.judgement)) this.#putOff.add(sum.message);
    return sum;
  }

  #flagsOf(message: Submission): AccountFlags {
    return { ...this.flags(message.account, message.at), again: this.#putOff.has(message) };
  }

  /** Judges and counts; `before` is the account's state until then. */
  #judge(
    message: Submission,
  ): Pick<StoppedMessage, 'profile' | 'before' | 'held' | 'judgement' | 'book'> {
    const { accounts } = this.#deps;
    const profile = accounts.profile(message.account, message.at);
    const before = profile.state;
    const flags = this.#flagsOf(message);
    const judged = submit(profile, message, accounts.context, flags);
    if (isPutOff(judged.judgement)) this.#putOff.add(message);
    return { profile, before, held: flags.held, ...judged };
  }

  #passed(
    message: Submission,
    profile: AccountProfile,
    book: BookChange,
    judgement: Judgement,
  ): void {
    const { accounts, journal } = this.#deps;
    const { count } = this.#deps.world;
    const hour = Math.floor(message.at / hourMs);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#serverRecipients = 0;
    }
    this.#serverRecipients += message.outside.length;
    accounts.changed(message.account, profile, book);
    if (message.id !== '') journal.add({ kind: 'message', row: messageRow(message, 'pass') });
    count('postern_verdicts_total', 1, 'pass');
    count('postern_recipients_total', message.outside.length + message.local.length);
    this.#note(message, 'pass', judgement.state, firstReasonText(judgement.reasons));
  }

  #stopped(stop: StoppedMessage): void {
    const { message, by, profile, before, judgement, book, answer } = stop;
    const { accounts, journal, settings } = this.#deps;
    const { count, newId } = this.#deps.world;
    const observed = settings.mode === 'observe';
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
    let committed = (): void => {};
    if (judgement.state === 'suspended' && before !== 'suspended') {
      const suspending = this.#deps.suspending(message.account, profile, judgement, message.at);
      changes.push(...suspending.changes);
      committed = suspending.committed;
      this.#countSuspension();
    } else if (judgement.verdict === 'hold' && judgement.state !== 'suspended') {
      changes.push(...this.#deps.holding(row));
    }
    if (observed) count('postern_observed_verdicts_total', 1, kind);
    count('postern_verdicts_total', 1, observed ? 'pass' : kind);
    this.#note(message, kind, judgement.state, firstReasonText(judgement.reasons));
    this.#deps.world.log('info', 'message.stopped', {
      id: row.id,
      account: message.account,
      verdict: kind,
      state: judgement.state,
      observed,
      recipients: row.recipients,
      why: firstReasonText(judgement.reasons),
    });
    const verdict = observed ? passAnswer : answerOf(kind, judgement, settings.contact);
    journal.commit(changes, (kept) => {
      // The suspension is in force in memory even if it could not be written: go on either way.
      committed();
      if (kept || observed || settings.whenFailing === 'answer') answer(verdict);
      else answer(ledgerDown);
    });
  }

  #countSuspension(): void {
    const { settings, world } = this.#deps;
    if (settings.mode === 'observe') world.count('postern_observed_suspensions_total');
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
      observed: this.#deps.settings.mode === 'observe',
    });
  }
}

type StoppedMessage = {
  readonly message: Submission;
  readonly by: Submitter['by'];
  readonly profile: AccountProfile;
  readonly before: AccountProfile['state'];
  /** What was held of its account before it. */
  readonly held: () => HeldSum;
  readonly judgement: Judgement;
  readonly book: BookChange;
  readonly answer: (answer: Answer) => void;
};

const ledgerDown: Answer = {
  kind: 'reply',
  code: 451,
  enhanced: '4.3.0',
  text: 'Mail system storage is not available; please try again later',
};

/**
 * The verdict that is carried out. Local mail is held where other mail is refused or delayed:
 * pickup(8) would repeat it without an end, under new queue ids. A script that speaks SMTP can be
 * told that too much of its mail is held.
 */
function effective(
  judgement: Judgement,
  by: Submitter['by'],
  local: boolean,
): Judgement['verdict'] {
  const { verdict } = judgement;
  if (by !== 'local' && isPutOff(judgement)) return verdict;
  return local && verdict !== 'pass' ? 'hold' : verdict;
}

function answerOf(kind: Judgement['verdict'], judgement: Judgement, contact: string): Answer {
  switch (kind) {
    case 'pass':
      return passAnswer;
    case 'hold':
      return { kind: 'hold', reason: holdReason(judgement.reasons) };
    default:
      return { kind: 'reply', ...replyText(kind, judgement.reasons, contact) };
  }
}
