/**
 * A message wants to leave: the account's past is asked, the guard judges, the verdict is kept, the
 * door is answered.
 *
 * A pass is answered at once and written soon. Everything else is answered only after it was
 * committed, so that no verdict that stopped mail is forgotten by a crash.
 */

import { contentSignals } from '../../core/account/content.ts';
import { submit } from '../../core/account/guard.ts';
import type { Judgement } from '../../core/account/judge.ts';
import { type AccountFlags, noFlags } from '../../core/account/policy.ts';
import type { AccountProfile } from '../../core/account/profile.ts';
import type { BookChange } from '../../core/account/record.ts';
import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import { holdReason, replyText, suspendedReply } from '../../core/explain.ts';
import { reasonCodes } from '../../core/script-mail.ts';
import { describeSubmitter } from '../../core/scripts/submitter.ts';
import { hourMs, type Millis } from '../../lib/time.ts';
import type { Change, HeldRow, MessageRow, StoryRow } from '../../ports/ledger.ts';
import type { Answer, Gate, Submitter } from '../../ports/message.ts';
import type { Clock, Count, Log } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import type { WeakPasswords } from '../passwords/passwords-audited.ts';
import type { Settings } from '../settings.ts';
import type { Accounts } from './accounts.ts';
import type { Exemptions } from './exemptions.ts';
import type { Feed } from './verdict-feed.ts';

export type GateDeps = {
  readonly accounts: Accounts;
  readonly journal: Journal;
  readonly exemptions: Exemptions;
  readonly weakPasswords: Pick<WeakPasswords, 'why'>;
  readonly feed: Feed;
  readonly clock: Clock;
  readonly count: Count;
  readonly log: Log;
  readonly settings: Settings;
  /** A name for a story that has no queue id. */
  readonly newId: () => string;
  /**
   * Is it one of Postern's own notices, to nobody but the operator? They pass, and count for
   * nobody.
   */
  readonly isOurs: (message: Submission) => boolean;
  /** The changes that a suspension adds to the commit, and what follows once it is kept. */
  readonly suspending: (
    account: Account,
    past: AccountProfile,
    judgement: Judgement,
    at: Millis,
  ) => { readonly changes: readonly Change[]; readonly committed: () => void };
  /** A message of an account that is not suspended was held: the operator may want to know. */
  readonly holding: (story: StoryRow) => readonly Change[];
};

/** Recipients named in a story: enough to recognise, never the whole list. */
const sampleMax = 5;
const passAnswer: Answer = { kind: 'pass' };

export function openGate(deps: GateDeps): Gate & {
  /** The standing of an account with the server, for judging without counting. */
  standing(account: Account, at: Millis): AccountFlags;
  /**
   * A message that was let pass before this: counted as passed, whatever is thought of it by now.
   */
  passed(message: Submission): void;
} {
  const gate = new MessageGate(deps);
  return {
    mayBegin: (submitter) => gate.mayBegin(submitter),
    submit: (message, by, answer) => gate.submit(message, by, answer),
    standing: (account, at) => gate.standing(account, at),
    passed: (message) => gate.passed(message),
  };
}

class MessageGate {
  readonly #deps: GateDeps;
  #hour = 0;
  #serverRecipients = 0;

  constructor(deps: GateDeps) {
    this.#deps = deps;
  }

  mayBegin(submitter: Submitter): Answer {
    const { accounts, settings, clock } = this.#deps;
    if (settings.mode === 'observe' || settings.suspendedMail === 'hold') return passAnswer;
    // held at the end: pickup(8) would retry for ever
    if (submitter.by === 'local') return passAnswer;
    const past = accounts.known(submitter.account);
    if (past?.state !== 'suspended') return passAnswer;
    past.stoppedMessages++;
    accounts.changed(submitter.account, past, { learned: [], forgotten: [] });
    this.#deps.count('postern_refused_early_total');
    this.#deps.feed.add({
      at: clock.now(),
      id: '',
      account: submitter.account,
      verdict: 'refuse',
      state: 'suspended',
      recipients: 0,
      why: 'refused before the message: the account is suspended',
      observed: false,
    });
    return { kind: 'reply', ...suspendedReply(settings.contact) };
  }

  standing(account: Account, at: Millis): AccountFlags {
    const exemptUntil = this.#deps.exemptions.until(account);
    const serverRecipientsThisHour =
      Math.floor(at / hourMs) === this.#hour ? this.#serverRecipients : 0;
    const weakPassword = this.#deps.weakPasswords.why(account);
    if (exemptUntil === 0 && serverRecipientsThisHour === 0 && weakPassword === '') {
      return noFlags;
    }
    return { exemptUntil, serverRecipientsThisHour, weakPassword };
  }

  submit(message: Submission, by: Submitter['by'], answer: (answer: Answer) => void): void {
    // Never for a login: a notice's id is no secret to whoever may read it.
    if (by !== 'login' && this.#deps.isOurs(message)) {
      this.#note(message, 'pass', 'clear', '');
      answer(passAnswer);
      return;
    }
    const { past, before, judgement, book } = this.#judge(message);
    if (judgement.verdict === 'pass') {
      this.#passed(message, past, book, judgement);
      answer(passAnswer);
      return;
    }
    this.#deps.count('postern_verdicts_total', 1, judgement.verdict);
    this.#stopped({ message, by, past, before, judgement, book, answer });
  }

  passed(message: Submission): void {
    const { past, before, judgement, book } = this.#judge(message);
    this.#passed(message, past, book, judgement);
    if (judgement.state !== 'suspended' || before === 'suspended') return;
    const { changes, committed } = this.#deps.suspending(
      message.account,
      past,
      judgement,
      message.at,
    );
    this.#deps.count('postern_suspensions_total', 1, 'guard');
    this.#deps.journal.commit(changes, committed);
  }

  /** Judged and counted; `before` is the account's state until then. */
  #judge(message: Submission): Pick<Stop, 'past' | 'before' | 'judgement' | 'book'> {
    const { accounts } = this.#deps;
    const past = accounts.past(message.account, message.at);
    const before = past.state;
    const standing = this.standing(message.account, message.at);
    return { past, before, ...submit(past, message, accounts.around, standing) };
  }

  #passed(message: Submission, past: AccountProfile, book: BookChange, judgement: Judgement): void {
    const { accounts, count, journal } = this.#deps;
    const hour = Math.floor(message.at / hourMs);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#serverRecipients = 0;
    }
    this.#serverRecipients += message.outside.length;
    accounts.changed(message.account, past, book);
    if (message.id !== '') journal.add({ kind: 'message', row: messageRow(message, 'pass') });
    count('postern_verdicts_total', 1, 'pass');
    count('postern_recipients_total', message.outside.length + message.local.length);
    this.#note(message, 'pass', judgement.state, judgement.reasons[0]?.text ?? '');
  }

  #stopped(stop: Stop): void {
    const { message, by, past, before, judgement, book, answer } = stop;
    const { accounts, count, journal, newId, settings } = this.#deps;
    const observed = settings.mode === 'observe';
    const local = by === 'local' || message.account.startsWith('script:');
    const kind = effective(judgement.verdict, local, settings);
    const row = storyRow(message, judgement, observed, newId);
    const changes: Change[] = [
      accounts.change(message.account, past, book),
      { kind: 'story', row },
    ];
    if (message.id !== '') changes.push({ kind: 'message', row: messageRow(message, kind) });
    if (kind === 'hold' && !observed && message.id !== '') {
      changes.push({ kind: 'held', row: heldRow(message, judgement) });
    }
    let committed = (): void => {};
    if (judgement.state === 'suspended' && before !== 'suspended') {
      const suspending = this.#deps.suspending(message.account, past, judgement, message.at);
      changes.push(...suspending.changes);
      committed = suspending.committed;
      count('postern_suspensions_total', 1, 'guard');
    } else if (judgement.verdict === 'hold') changes.push(...this.#deps.holding(row));
    if (observed) count('postern_observed_verdicts_total', 1, judgement.verdict);
    this.#note(message, kind, judgement.state, judgement.reasons[0]?.text ?? '');
    this.#deps.log('info', 'message.stopped', {
      id: row.id,
      account: message.account,
      verdict: kind,
      state: judgement.state,
      observed,
      recipients: row.recipients,
      why: judgement.reasons[0]?.text ?? '',
    });
    const verdict = observed ? passAnswer : answerOf(kind, judgement, settings.contact);
    journal.commit(changes, (kept) => {
      // A suspension stands in memory whether or not it could be written: what follows is done
      // either way.
      committed();
      if (kept || observed || settings.whenFailing === 'answer') answer(verdict);
      else answer(ledgerDown);
    });
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

type Stop = {
  readonly message: Submission;
  readonly by: Submitter['by'];
  readonly past: AccountProfile;
  readonly before: AccountProfile['state'];
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
 * Refusing or delaying local mail makes pickup(8) try it for ever under new queue ids: it is held
 * instead.
 */
function effective(
  verdict: Judgement['verdict'],
  local: boolean,
  settings: Settings,
): Judgement['verdict'] {
  if (verdict === 'refuse' && settings.suspendedMail === 'hold') return 'hold';
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

function messageRow(message: Submission, verdict: MessageRow['verdict']): MessageRow {
  return {
    queueId: message.id,
    at: message.at,
    account: message.account,
    verdict,
    recipients: message.outside.length + message.local.length,
    client: cameFrom(message),
    sender: message.sender ?? '',
    messageId: message.messageId ?? '',
  };
}

function storyRow(
  message: Submission,
  judgement: Judgement,
  observed: boolean,
  newId: () => string,
): StoryRow {
  return {
    id: message.id === '' ? newId() : message.id,
    at: message.at,
    account: message.account,
    verdict: judgement.verdict,
    state: judgement.state,
    observed,
    recipients: message.outside.length + message.local.length,
    sample: [...message.outside, ...message.local].slice(0, sampleMax),
    client: cameFrom(message),
    subject: message.subject ?? '',
    reasons: judgement.reasons,
  };
}

function whyHeld(signal: string): HeldRow['why'] {
  if (contentSignals.has(signal)) return 'content';
  return reasonCodes.some((code) => code === signal) ? 'rule' : 'verdict';
}

/** The client's address; of mail that was handed in on this machine, the program that did. */
function cameFrom({ client, handed }: Submission): string {
  return client ?? (handed === undefined ? '' : describeSubmitter(handed.submitter));
}

function heldRow(message: Submission, { reasons }: Judgement): HeldRow {
  return {
    queueId: message.id,
    at: message.at,
    account: message.account,
    recipients: message.outside.length + message.local.length,
    why: whyHeld(reasons[0]?.signal ?? ''),
    state: 'held',
    changedAt: message.at,
    by: 'guard',
  };
}
