/**
 * Tells the day files what became of each message: how it was judged, and what the mail log says
 * later. The hot path hands over one small object; a thread does the rest.
 */
import type { Account } from '../../core/account-name.ts';
import type { LogEvent, Submission } from '../../core/event.ts';
import { openJoin } from '../../core/fate/join.ts';
import { type JoinedMail, loggedOf } from '../../core/fate/joined-mail.ts';
import type { AccountState, DoorVerdict } from '../../core/verdict.ts';
import { bareMessageId } from '../../formats/message/header.ts';
import type { Millis } from '../../lib/time.ts';
import type { FateStore } from '../../ports/fate.ts';
import type { Lanes } from '../../ports/lanes.ts';
import type { DoorOutcome } from '../../ports/message.ts';

export type MessageFates = {
  /** A message was answered. */
  judged(message: Submission, answer: DoorOutcome): void;
  /** The mail log says something. */
  seen(event: LogEvent): void;
  /** To be called every minute: ends waits for filters that hand nothing back. */
  waited(now: Millis): void;
  /** The place in the log is about to be written: tells all that was seen until then. */
  tellUnsure(): void;
  /** The log is not read any more. */
  end(): void;
};

export function openMessageFates(deps: {
  readonly store: Pick<FateStore, 'judged' | 'logged' | 'attempted' | 'merged'>;
  /** Takes each attempt once. */
  readonly lanes: Pick<Lanes, 'attempted'>;
  /** The state of an account that was just judged. */
  readonly stateOf: (account: Account) => AccountState | undefined;
}): MessageFates {
  const { lanes, stateOf, store } = deps;
  /** Told to the lanes: an attempt is told again if its message turns out to be another one. */
  const counted = new WeakSet<object>();
  const join = openJoin({
    message(mail) {
      const startMissing = mail.origin === 'missing';
      // Of a message of an earlier run, its first attempt is all that the log shows now.
      if (!startMissing || mail.isQueued) store.logged(loggedOf(mail), { startMissing });
    },
    attempt(mail, attempt, delivery) {
      // The mail server tells the sender that the message is late or did not arrive.
      const isForeign = delivery !== undefined && mail.isForeign(delivery.queueId);
      if (isForeign && delivery.original === mail.sender) return;
      const told = attempt();
      store.attempted(told);
      if (delivery === undefined || counted.has(delivery)) return;
      counted.add(delivery);
      lanes.attempted(told);
    },
    merged: (mail: JoinedMail, into: JoinedMail) => store.merged(loggedOf(mail), loggedOf(into)),
  });
  return {
    judged(message, answer) {
      const { account, outside, local } = message;
      const state = stateOf(account);
      store.judged({
        queueId: message.id,
        at: message.at,
        account,
        verdict: verdictOf(answer),
        isWatched: state !== undefined && state !== 'clear',
        client: message.client ?? '',
        sender: message.sender ?? '',
        headerFrom: message.headerFrom ?? message.sender ?? '',
        messageId: bareMessageId(message.messageId ?? ''),
        subject: message.subject ?? '',
        fingerprint: message.fingerprint ?? '',
        script: message.script ?? message.handed?.submitter.script ?? '',
        recipients: local.length === 0 ? outside : [...outside, ...local],
      });
    },
    seen: (event) => join.seen(event),
    waited: (now) => join.waited(now),
    tellUnsure: () => join.tellUnsure(),
    end: () => join.end(),
  };
}

function verdictOf(answer: DoorOutcome): DoorVerdict {
  if (answer.kind !== 'reply') return answer.kind;
  return answer.code < 500 ? 'delay' : 'refuse';
}
