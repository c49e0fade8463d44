/**
 * Joins what single lines of the mail log say into messages, from hand-over to the last recipient:
 * through filters, requeues, notices and hand-on to another host of the same stream. Pure; live
 * following and `postern replay` use it. Facts come in the order in which each host wrote them.
 *
 * A message is known by host, queue id and the time at which the id was first seen: short queue ids
 * are used again. An id ends when its message leaves the queue. Instances of Postfix on one host
 * are not told apart: their ids differ (time and inode), and a service may have any name there.
 *
 * Live use:
 *
 *   const join = openJoin({ message: (mail) => store.logged(loggedOf(mail)),
 *     attempt: (_, attempt) => store.attempted(attempt()), merged: (mail, into) => … });
 *   for each fact: join.seen(fact); every minute: join.waited(now); at the end: join.end();
 *
 * A message is told again when the log says more; the later one counts. An attempt is told once.
 * If it turns out later that it went to a filter which handed the message back, it is told again as
 * `handed-on`, with the same time and recipient, and replaces the one that was `sent`.
 */
import { hash53 } from '../../lib/hash.ts';
import type { Millis } from '../../lib/time.ts';
import type { LogEvent } from '../event.ts';
import { FilterHops, recipientOf } from './filter-hops.ts';
import {
  attemptOf,
  type DeliveryEvent,
  enter,
  expire,
  expiryOf,
  isNear,
  isOneOf,
  isOver,
  type JoinedMail,
  lastAt,
  plainId,
  renamedMs,
  rootOf,
  setReturned,
} from './joined-mail.ts';
import type { JoinCounts, JoinLimits, JoinSink, MessageJoin } from './message-join.ts';
import { MessageNames, mayReturn } from './message-names.ts';
import { ProxiedLogins } from './proxied-logins.ts';
import { QueueIds } from './queue-ids.ts';
import type { RecipientState } from './recipients.ts';
import { SeenOnce } from './seen-once.ts';
import { isNext, ToldLinks } from './told-links.ts';
import { UnsureMessages, unsureMs, waitingMax } from './unsure-messages.ts';

const usualLimits: JoinLimits = { openMax: 100_000, seenMax: 100_000 };

const forwarded = /^forwarded as ([0-9A-Za-z]{5,32})$/;

type Event<Kind extends LogEvent['kind']> = Extract<LogEvent, { kind: Kind }>;

export function openJoin(sink: JoinSink, limits: JoinLimits = usualLimits): MessageJoin {
  return new Join(sink, limits);
}

class Join implements MessageJoin {
  readonly counts: JoinCounts = { evicted: 0, neverQueued: 0, twice: 0 };
  readonly #sink: JoinSink;
  readonly #ids: QueueIds;
  readonly #names = new MessageNames();
  readonly #hops = new FilterHops();
  readonly #links = new ToldLinks();
  readonly #proxied = new ProxiedLogins();
  readonly #seen: SeenOnce;
  readonly #unsure = new UnsureMessages();

  constructor(sink: JoinSink, limits: JoinLimits) {
    this.#sink = sink;
    this.#seen = new SeenOnce(limits.seenMax);
    this.#ids = new QueueIds(limits.openMax, {
      left: ({ account }) => {
        if (account !== undefined) this.counts.neverQueued++;
      },
      evicted: (mail) => {
        if (mail.state === 'unsure') this.#decide(mail);
        if (mail.state !== 'twice') this.counts.evicted++;
      },
    });
  }

  inFlight(): number {
    return this.#ids.inFlight();
  }

  seen(fact: LogEvent): void {
    this.#ids.turnTo(fact.host ?? '');
    const isWaiting = this.#unsure.all.size > 0;
    if (isWaiting && this.#ids.wentOn(fact.at, unsureMs / 4)) this.waited(fact.at);
    switch (fact.kind) {
      case 'entered':
        this.#entered(fact);
        break;
      case 'named':
        this.#named(fact);
        break;
      case 'queued':
        this.#queued(fact);
        break;
      case 'delivery':
        this.#delivery(fact);
        break;
      case 'removed':
        this.#removed(fact);
        break;
      case 'proxied':
        this.#proxied.add(fact.client, fact.login, fact.at);
        break;
      case 'bounce-made':
        this.#bounceMade(fact);
        break;
      case 'rejected':
        this.#rejected(fact);
        break;
      default:
        if (fact.kind === 'held' || fact.kind === 'unheld') this.#held(fact);
    }
  }

  waited(now: Millis): void {
    for (const mail of this.#unsure.over(now)) this.#decide(mail);
  }

  tellUnsure(): void {
    for (const [mail, facts] of this.#unsure.untold()) {
      this.#sink.message(mail, false);
      for (const fact of facts) {
        this.#sink.attempt(mail, () => attemptOf(mail, fact, recipientOf(mail, fact)), fact);
      }
    }
  }

  end(): void {
    for (const mail of this.#unsure.all) this.#decide(mail);
    for (const { account, state } of this.#ids.all()) {
      if (state === 'entered' && account !== undefined) this.counts.neverQueued++;
    }
  }

  #entered(fact: Event<'entered'>): void {
    const { at, login, previousId, queueId, uid } = fact;
    if (uid !== undefined && previousId !== '' && this.#requeued(previousId, queueId)) return;
    const hash = hash53(queueId, (at % 0x7fffffff) ^ this.#ids.seed());
    const known = this.#ids.get(queueId);
    if (this.#seen.has(hash)) {
      // These lines were read before, and the message may even be in flight.
      if (known !== undefined && known.at === at) return;
      if (login !== undefined || uid !== undefined) this.counts.twice++;
      this.#ids.begin(queueId, at).state = 'twice';
      return;
    }
    this.#seen.add(hash);
    const mail = this.#ids.begin(queueId, at);
    enter(mail, fact);
  }

  /** An operator put the message into the queue again, under a new id. */
  #requeued(before: string, queueId: string): boolean {
    const mail = this.#ids.find(before);
    if (mail === undefined || mail.state === 'twice') return false;
    this.#ids.close(before);
    this.#ids.alias(mail, queueId);
    this.#tell(mail);
    return true;
  }

  #named({ at, messageId, queueId }: Event<'named'>): void {
    const known = this.#ids.get(queueId);
    if (known?.state === 'twice' || known?.isForeign(queueId) === true) return;
    const isAnother =
      known === undefined || (known.messageId !== '' && at - lastAt(known) > renamedMs);
    const mail = isAnother ? this.#ids.begin(queueId, at) : known;
    if (isAnother) mail.origin = 'made';
    if (mail.messageId !== '' || mail.queueId !== queueId || messageId === '<>') return;
    mail.messageId = plainId(messageId);
    const copies = this.#names.add(mail);
    if (mail.state !== 'entered' || mail.origin === 'login' || mail.origin === 'made') return;
    const before = this.#links.before(mail) ?? this.#previous(mail);
    if (before !== undefined) this.#merge(mail, before);
    else if (copies.some((one) => mayReturn(one, mail))) this.#isUnsure(mail);
  }

  /** The message that a filter names as the one before (XFORWARD, orig_queue_id). */
  #previous(mail: JoinedMail): JoinedMail | undefined {
    if (mail.previousId === '' || mail.origin !== 'client') return undefined;
    const found = this.#ids
      .everywhere(mail.previousId)
      .find((one) => one !== mail && one.messageId === mail.messageId && mayReturn(one, mail));
    if (found !== undefined) {
      found.backFrom ??= new Set();
      found.backFrom.add(mail.previousId);
    }
    return found;
  }

  #queued(fact: Event<'queued'>): void {
    const { at, queueId, recipientCount, sender, sizeBytes } = fact;
    const mail = this.#ids.get(queueId) ?? this.#ids.begin(queueId, at);
    mail.isHeld = false;
    if (mail.isQueued || mail.state === 'twice' || mail.queueId !== queueId) return;
    mail.isQueued = true;
    mail.sender = sender;
    mail.sizeBytes = sizeBytes;
    mail.recipientCount = recipientCount;
    if (mail.origin === 'client') this.#proxied.claim(mail);
    if (mail.state === 'unsure') return;
    const before = mail.messageId === '' ? this.#previous(mail) : undefined;
    if (before !== undefined) this.#merge(mail, before);
    // Without a Message-ID a program of this machine may have handed it back.
    else if (mail.messageId === '' && isNear(mail)) this.#isUnsure(mail);
    else this.#tell(mail);
  }

  #delivery(fact: DeliveryEvent): void {
    const mail = this.#ids.find(fact.queueId) ?? this.#ids.begin(fact.queueId, fact.at);
    if (mail.state === 'twice') return;
    if (mail.state === 'unsure') this.#unsureDelivery(mail, fact);
    else this.#attempt(mail, fact);
  }

  #unsureDelivery(mail: JoinedMail, fact: DeliveryEvent): void {
    mail.waiting ??= [];
    mail.waiting.push(fact);
    this.#unsure.add(mail);
    if (mail.waiting.length >= waitingMax) this.#decide(mail);
    else if (mail.waiting.length >= mail.recipientCount) this.#isReturned(mail, false);
  }

  /** Joins it to the message from which it came back, if it did. `now` is told by the caller. */
  #isReturned(back: JoinedMail, isLast: boolean, now?: DeliveryEvent): boolean {
    const hops = this.#hops.of(back, isLast);
    const [first] = hops;
    if (first === undefined) return false;
    const mail = rootOf(first.mail);
    for (const { state } of hops) setReturned(state);
    this.#merge(back, mail);
    for (const { delivery, state } of hops) {
      if (delivery !== now)
        this.#sink.attempt(mail, () => attemptOf(mail, delivery, state), delivery);
    }
    return true;
  }

  #attempt(mail: JoinedMail, fact: DeliveryEvent): void {
    if (mail.state === 'entered') this.#tell(mail);
    const about = this.#links.aboutWhich(mail, fact);
    if (about !== undefined) {
      this.#foreignMail(mail, about);
      this.#attempt(about, fact);
      return;
    }
    const { at, outcome, queueId, service } = fact;
    const state = recipientOf(mail, fact);
    mail.recipients.set(state);
    if (outcome === 'sent') this.#next(mail, fact, state);
    else if (outcome === 'bounced') this.#links.refused(mail, at);
    if (state.filter === 'maybe' && mail.backFrom?.has(queueId) === true) setReturned(state);
    if (state.filter === 'maybe') this.#handed(mail, fact, state);
    this.#sink.attempt(mail, () => attemptOf(mail, fact, state), fact);
    // OpenSMTPD does not say that a message has left the queue.
    if (service.startsWith('opensmtpd/') && isOver(mail)) this.#ids.close(queueId);
  }

  /** The next server named the id under which it has the message. */
  #next(mail: JoinedMail, fact: DeliveryEvent, state: RecipientState): void {
    const { nextId, queueId, reply, requeuedAs, service } = fact;
    const alias = service.endsWith('/local') ? forwarded.exec(reply)?.[1] : undefined;
    if (alias !== undefined) {
      this.#foreign(mail, alias);
      return;
    }
    const id = requeuedAs === '' ? nextId : requeuedAs;
    if (id === '' || id === queueId) return;
    for (const next of this.#ids.everywhere(id)) {
      // Another recipient of the message that came back.
      if (next === mail) {
        if (next.otherIds.includes(id)) setReturned(state);
      } else if (isNext(mail, next, fact)) {
        setReturned(state);
        this.#merge(next, mail);
        return;
      }
    }
    if (state.filter !== 'returned') this.#links.tookAs(id, mail, fact);
  }

  /** A filter may have handed the message back before the line that says it took the message. */
  #handed(mail: JoinedMail, fact: DeliveryEvent, state: RecipientState): void {
    this.#hops.add(mail, fact, state);
    for (const back of this.#names.unsure(mail, this.#unsure.all)) {
      // A filter may hand back one message for each recipient.
      if (back.waiting?.some((one) => isOneOf(one, fact)) !== true) continue;
      if (this.#isReturned(back, false, fact)) return;
    }
  }

  #merge(next: JoinedMail, mail: JoinedMail): void {
    if (next === mail || next.state === 'merged') return;
    const { state: before, waiting = [] } = next;
    this.#unsure.delete(next);
    next.state = 'merged';
    next.waiting = undefined;
    this.#ids.merge(next, mail);
    for (const state of next.recipients.all()) mail.recipients.set(state);
    if (before === 'told' || next.toldWaiting !== undefined) this.#sink.merged(next, mail);
    this.#tell(mail);
    for (const delivery of waiting) this.#attempt(mail, delivery);
  }

  #isUnsure(mail: JoinedMail): void {
    mail.state = 'unsure';
    this.#unsure.add(mail);
    if (mail.messageId === '') this.#names.addNameless(mail);
    for (const oldest of this.#unsure.tooMany()) this.#decide(oldest);
  }

  /** Nothing more is waited for: a filter handed it back, or not. */
  #decide(mail: JoinedMail): void {
    if (mail.state === 'unsure' && this.#isReturned(mail, true)) return;
    this.#unsure.delete(mail);
    if (mail.state !== 'unsure') return;
    const { waiting = [] } = mail;
    mail.waiting = undefined;
    this.#tell(mail);
    for (const delivery of waiting) this.#attempt(mail, delivery);
  }

  #tell(mail: JoinedMail): void {
    const isNew = mail.state !== 'told';
    mail.state = 'told';
    this.#sink.message(mail, isNew);
  }

  #removed({ at, how, queueId }: Event<'removed'>): void {
    const found = this.#ids.get(queueId);
    if (found === undefined) return;
    const mail = rootOf(found);
    if (how === 'expired' || how === 'force-expired') {
      if (mail.state !== 'twice') this.#expired(mail, queueId, at);
    } else this.#ids.close(queueId);
  }

  #expired(mail: JoinedMail, queueId: string, at: Millis): void {
    if (mail.state === 'unsure') this.#decide(mail);
    for (const state of expire(mail, queueId, at)) {
      this.#sink.attempt(mail, () => expiryOf(mail, state), undefined);
    }
  }

  #bounceMade({ bounceId, queueId }: Event<'bounce-made'>): void {
    const mail = this.#ids.find(queueId);
    if (mail !== undefined && mail.state !== 'twice') this.#foreign(mail, bounceId);
  }

  /** A message that the mail server made belongs to this one. */
  #foreign(mail: JoinedMail, queueId: string): void {
    const known = this.#ids.get(queueId);
    if (known === mail) return;
    mail.foreignIds ??= new Set();
    mail.foreignIds.add(queueId);
    if (known?.origin === 'made') this.#foreignMail(known, mail);
    else {
      this.#ids.alias(mail, queueId);
      if (mail.state === 'told') this.#tell(mail);
    }
  }

  #foreignMail(made: JoinedMail, mail: JoinedMail): void {
    mail.foreignIds ??= new Set();
    mail.foreignIds.add(made.queueId);
    for (const state of made.recipients.all()) state.isForeign = true;
    this.#merge(made, mail);
  }

  /** Refused after its content was seen; no line says that it left the queue. */
  #rejected({ queueId, stage }: Event<'rejected'>): void {
    const mail = this.#ids.get(queueId);
    if (mail === undefined || mail.isQueued) return;
    if (stage !== 'END-OF-MESSAGE' && stage !== 'CONTENT' && stage !== 'DATA') return;
    if (mail.state !== 'twice') {
      mail.isRefused = true;
      this.#unsure.delete(mail);
      this.#tell(mail);
    }
    this.#ids.close(queueId);
  }

  #held({ kind, queueId }: Event<'held'> | Event<'unheld'>): void {
    const mail = this.#ids.get(queueId);
    if (mail === undefined || mail.state === 'twice') return;
    mail.isHeld = kind === 'held';
    if (mail.state === 'entered') this.#tell(mail);
  }
}
