/**
 * Finds in a mail log who may write to us without waiting: those who our users have written to, and
 * domains that have written to us for some time. Pure.
 *
 * A log does not say what the content filter thought, nor what SPF and DKIM proved. So a domain
 * counts only after several messages on several days, and it helps a sender only who proves it.
 */
import { domainOf } from '../../formats/message/address.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { LogEvent } from '../event.ts';
import { openJoin } from '../fate/join.ts';
import type { JoinedMail } from '../fate/joined-mail.ts';

export type LoggedSender = {
  readonly kind: 'written-to' | 'domain';
  readonly name: string;
  readonly at: Millis;
};
export type LoggedSendersReport = {
  /** Deliveries of our users to others, and of others to us. */
  readonly sent: number;
  readonly received: number;
  /** Domains with too few messages or days. */
  readonly tooFew: number;
  /** Names that were not kept because there were too many. */
  readonly tooMany: number;
};
export type LoggedSenders = {
  take(event: LogEvent): void;
  /** The latest first. */
  end(): { readonly senders: readonly LoggedSender[]; readonly report: LoggedSendersReport };
};

/** Some 20 MB. */
const namesMax = 100_000;
const messagesMin = 3;
const daysMin = 2;
const joinLimits = { openMax: 100_000, seenMax: 500_000 };

type Domain = { messages: number; days: number; lastDay: number; at: Millis };

export function openLoggedSenders(isOurs: (domain: string) => boolean): LoggedSenders {
  const writtenTo = new Map<string, Millis>();
  const domains = new Map<string, Domain>();
  let sent = 0;
  let received = 0;
  let tooMany = 0;

  const wrote = (recipient: string, at: Millis): void => {
    const name = recipient.toLowerCase();
    const domain = domainOf(name);
    if (domain === '' || isOurs(domain)) return;
    sent++;
    const before = writtenTo.get(name);
    if (before === undefined && writtenTo.size >= namesMax) tooMany++;
    else if (before === undefined || before < at) writtenTo.set(name, at);
  };
  const came = ({ sender }: JoinedMail, at: Millis): void => {
    const name = domainOf(sender).toLowerCase();
    if (name === '' || isOurs(name)) return;
    received++;
    const day = Math.floor(at / dayMs);
    const known = domains.get(name);
    if (known === undefined) {
      if (domains.size >= namesMax) tooMany++;
      else domains.set(name, { messages: 1, days: 1, lastDay: day, at });
      return;
    }
    known.messages++;
    if (day !== known.lastDay) known.days++;
    known.lastDay = day;
    if (at > known.at) known.at = at;
  };
  const join = openJoin(
    {
      message: () => undefined,
      merged: () => undefined,
      attempt(mail, attempt) {
        const { at, isLocal, original, outcome, recipient } = attempt();
        if (outcome !== 'sent') return;
        if (mail.account !== undefined) {
          if (!isLocal) wrote(original === '' ? recipient : original, at);
        } else if (mail.origin === 'client') came(mail, at);
      },
    },
    joinLimits,
  );
  return {
    take: (event) => join.seen(event),
    end() {
      join.end();
      const old = [...domains].filter(
        ([, { messages, days }]) => messages >= messagesMin && days >= daysMin,
      );
      const senders = [
        ...[...writtenTo].map(([name, at]): LoggedSender => ({ kind: 'written-to', name, at })),
        ...old.map(([name, { at }]): LoggedSender => ({ kind: 'domain', name, at })),
      ].sort((one, other) => other.at - one.at);
      const tooFew = domains.size - old.length;
      return { senders, report: { sent, received, tooFew, tooMany } };
    },
  };
}
