/** Which messages belong together because a server said so, before or after the other was seen. */
import { RecentMap } from '../../lib/recent-map.ts';
import { hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import { isItsWay, mayBeFilter } from './filter-hops.ts';
import { type DeliveryEvent, type JoinedMail, rootOf } from './joined-mail.ts';

/** Ids that other servers named in their answer, for how long. */
const nextIdsMax = 20_000;
const nextMs = hourMs;
/** Senders that may get a notice of the mail server, and for how long. */
const noticesMax = 2_000;
const noticeMs = 2 * minuteMs;

export class ToldLinks {
  readonly #nextIds = new RecentMap<string, { mail: JoinedMail; delivery: DeliveryEvent }>(
    nextIdsMax,
  );
  /** Host and sender → the message of which a recipient was refused last. */
  readonly #refused = new RecentMap<string, { mail: JoinedMail; at: Millis }>(noticesMax);

  /** The server that took the message said under which id. */
  tookAs(queueId: string, mail: JoinedMail, delivery: DeliveryEvent): void {
    this.#nextIds.set(queueId, { mail, delivery });
  }

  /** The message that another server of the stream has handed on as this one. */
  before(mail: JoinedMail): JoinedMail | undefined {
    const found = this.#nextIds.get(mail.queueId);
    if (found === undefined) return undefined;
    const before = rootOf(found.mail);
    if (before === mail || before.messageId !== mail.messageId) return undefined;
    return isNext(before, mail, found.delivery) ? before : undefined;
  }

  refused(mail: JoinedMail, at: Millis): void {
    if (mail.sender !== '') this.#refused.set(`${mail.host} ${mail.sender}`, { mail, at });
  }

  /**
   * OpenSMTPD does not say about which message a notice is: it goes to the sender of a message of
   * which a recipient was refused just before.
   */
  aboutWhich(notice: JoinedMail, { recipient }: DeliveryEvent): JoinedMail | undefined {
    if (notice.sender !== '' || notice.origin !== 'client') return undefined;
    const { account, at, client, host, isQueued, recipients, uid } = notice;
    if (client !== '' || account !== undefined || uid !== undefined) {
      return undefined;
    }
    if (!isQueued || recipients.size > 0) return undefined;
    const about = this.#refused.get(`${host} ${recipient}`);
    if (about === undefined || at - about.at > noticeMs || at < about.at) return undefined;
    return rootOf(about.mail);
  }
}

/**
 * Whether `next` is the message that the next server took. Id and Message-ID are not enough: who
 * gets mail from here can read both, and may name them in the answer to another message.
 */
export function isNext(mail: JoinedMail, next: JoinedMail, delivery: DeliveryEvent): boolean {
  if (next.origin === 'login' || next.origin === 'made' || next.state === 'twice') return false;
  if (Math.abs(delivery.at - next.at) > nextMs) return false;
  // Another machine gets it by SMTP; this one by the way on which a filter hands mail back.
  const isItsOwn = mail.host === next.host ? isItsWay(delivery, next) : next.uid === undefined;
  if (!isItsOwn) return false;
  if (mail.messageId !== '' && next.messageId !== '') return mail.messageId === next.messageId;
  // A server elsewhere may name any id.
  return mail.host === next.host && mayBeFilter(delivery);
}
