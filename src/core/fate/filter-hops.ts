/**
 * Which message a filter handed back. A filter takes a message out of the queue and gives it back
 * as a new one: by SMTP or through sendmail(1). If no line names both queue ids, the new message is
 * recognised by what it has in common with the one that went in: Message-ID, recipient, time, and
 * the way that such a filter takes.
 *
 * Two messages may have one Message-ID, by chance or because somebody wants it. So each recipient
 * that was handed to a filter answers for one message that comes back, all recipients of that one
 * must have been handed over, and mail of a login is never taken for such a one.
 */
import { isOwnByDefault } from '../../formats/postfix/own-hosts.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { hourMs, type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import { type DeliveryEvent, isLocalProgram, type JoinedMail, rootOf } from './joined-mail.ts';
import type { RecipientState } from './recipients.ts';

/** Recipients that were handed to a filter lately: at least as many, at most twice. */
const hopsMax = 20_000;
/** Of one recipient. */
const hopsOfOneMax = 20;
/** Stamps of two programs may be in the other order by this much. */
const slackMs = 2 * secondMs;
/** A filter hands a message back within this time: one that has a queue may take long. */
const returnMs = hourMs;
/** Without a Message-ID only a filter that answers at once is believed. */
const namelessMs = minuteMs;
/** Most servers are elsewhere; their addresses need no closer look. */
const mayBeOwn = /^(?:1[0279]|f)|:/;
/** Recipients of a message that came back which were not handed over: always_bcc. */
const addedMax = 1;

export type Hop = {
  readonly mail: JoinedMail;
  readonly delivery: DeliveryEvent;
  readonly state: RecipientState;
};

export class FilterHops {
  readonly #byRecipient = new RecentMap<string, readonly Hop[]>(hopsMax);

  /** Remembers that a program or port that may be a filter took the recipient. */
  add(mail: JoinedMail, delivery: DeliveryEvent, state: RecipientState): void {
    this.#put(delivery.recipient, { mail, delivery, state });
    if (delivery.original !== delivery.recipient) {
      this.#put(delivery.original, { mail, delivery, state });
    }
  }

  /**
   * The hops from which `back` came back, by its deliveries that wait; none if it did not, or if
   * not all of its recipients are known. With `isLast`, those that are known decide.
   */
  of(back: JoinedMail, isLast: boolean): readonly Hop[] {
    const { recipientCount, waiting = [] } = back;
    if (!isLast && waiting.length < recipientCount) return [];
    const hops = new Set<Hop>();
    const seen = new Set<string>();
    let added = 0;
    let mail: JoinedMail | undefined;
    // The last first: a filter names recipients in their order, so these miss the longest.
    for (const delivery of waiting.toReversed()) {
      if (seen.has(delivery.recipient)) continue;
      seen.add(delivery.recipient);
      const hop = this.#find(back, delivery, mail);
      if (hop === undefined) added++;
      else {
        mail ??= rootOf(hop.mail);
        hops.add(hop);
      }
      if (added > addedMax) return [];
    }
    return isLast || seen.size >= recipientCount ? [...hops] : [];
  }

  #find(
    back: JoinedMail,
    { original, recipient }: DeliveryEvent,
    mail: JoinedMail | undefined,
  ): Hop | undefined {
    for (const name of original === recipient ? [recipient] : [recipient, original]) {
      const found = this.#byRecipient
        .get(name)
        ?.find((hop) => (mail ?? rootOf(hop.mail)) === rootOf(hop.mail) && isReturn(hop, back));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #put(name: string, hop: Hop): void {
    const known = this.#byRecipient.get(name) ?? [];
    this.#byRecipient.set(name, [...known, hop].slice(-hopsOfOneMax));
  }
}

/** Whether a delivery went to something that may hand the message back. */
export function mayBeFilter({ mxAddress, outcome, relay, service }: DeliveryEvent): boolean {
  if (outcome !== 'sent') return false;
  if (relay === 'here' || service.endsWith('/pipe') || service.endsWith('/lmtp')) return true;
  return mayBeOwn.test(mxAddress) && isOwnByDefault(mxAddress);
}

/** What a delivery says of its recipient. */
export function recipientOf(mail: JoinedMail, delivery: DeliveryEvent): RecipientState {
  const { at, original, outcome, queueId, recipient, service } = delivery;
  return {
    recipient,
    original,
    queueId,
    at,
    outcome,
    isLocal: isLocalProgram(service),
    filter: mayBeFilter(delivery) ? 'maybe' : 'none',
    isForeign: mail.isForeign(queueId),
  };
}

/** Whether `back` can be the message of `hop`, come back from the filter. */
function isReturn({ delivery, mail, state }: Hop, back: JoinedMail): boolean {
  if (state.filter !== 'maybe' || mail === back || mail.host !== back.host) return false;
  return isSame(mail, back, delivery.at) && isItsWay(delivery, back);
}

function isSame(mail: JoinedMail, back: JoinedMail, handedAt: Millis): boolean {
  if (back.at < mail.at - slackMs) return false;
  if (mail.messageId !== '' && back.messageId !== '') {
    return mail.messageId === back.messageId && back.at <= handedAt + returnMs && fits(mail, back);
  }
  return back.sender === mail.sender && back.at <= handedAt + namelessMs && fits(mail, back);
}

/** It has no more recipients than went in and were added. */
function fits(mail: JoinedMail, back: JoinedMail): boolean {
  return mail.recipientCount === 0 || back.recipientCount <= mail.recipientCount + addedMax;
}

/** Whether the message came by a way on which what took the delivery hands mail back. */
export function isItsWay({ mxAddress, relay, service }: DeliveryEvent, back: JoinedMail): boolean {
  if (back.origin === 'login') return false;
  const isPickedUp = back.uid !== undefined;
  const isNear = isPickedUp || isOwnByDefault(back.client);
  if (service.endsWith('/pipe')) return isNear;
  if (relay === 'here' || mxAddress === '') return isNear;
  return back.client === mxAddress || (isOwnByDefault(mxAddress) && isOwnByDefault(back.client));
}
