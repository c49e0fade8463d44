/**
 * Joins what single lines of the mail log say into messages, from hand-over to the last recipient:
 * through filters, requeues, notices and hand-on to another host of the same stream. Pure; live
 * following and `postern replay` use it. Facts come in the order in which each host wrote them.
 *
 * A message is known by host, instance of the mail server, queue id and the time at which the id
 * was first seen: short queue ids are used again. An id ends when its message leaves the queue.
 *
 * Live use:
 *
 *   const join = openJoin({ message: (mail) => store.logged(loggedOf(mail)),
 *     attempt: (_, attempt) => store.attempted(attempt()), merged: (mail, into) => … });
 *   for each fact of the log: join.seen(fact);
 *   every minute: join.waited(now);     when the log ends: join.end();
 *
 * One message is told again when more is known of it, and an attempt again (same recipient and
 * time) when it turns out that a filter handed the message back: the later one counts.
 */
import { hash53 } from '../../lib/hash.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import { localAccount } from '../account-name.ts';
import type { LogEvent } from '../event.ts';
import type { Attempt } from './attempt.ts';
import { FilterHops, isReturn, mayBeFilter } from './filter-hops.ts';
import {
  attemptOf,
  type DeliveryEvent,
  expiryOf,
  JoinedMail,
  type RecipientState,
} from './joined-mail.ts';
import { ProxiedLogins } from './proxied-logins.ts';
import { SeenOnce } from './seen-once.ts';

export type JoinSink = {
  /** A message is in the queue, or more is known of it. */
  message(mail: JoinedMail, isNew: boolean): void;
  /** One attempt to deliver. `attempt` makes its description. */
  attempt(mail: JoinedMail, attempt: () => Attempt, delivery: DeliveryEvent | undefined): void;
  /** `mail` was told before, and is the same message as `into`. */
  merged(mail: JoinedMail, into: JoinedMail): void;
};

/** Messages that were not followed to their end, by reason. */
export type JoinCounts = {
  /** More were in flight than are kept. */
  evicted: number;
  /** Begun by a login or a user of the machine, and never in the queue: the client left. */
  neverQueued: number;
  /** Lines of the same message were read a second time. */
  twice: number;
};

export type JoinLimits = {
  /** Messages in flight; about 1 kB each. */
  readonly openMax: number;
  /** Messages that are recognised when their lines are read again; 16 octets each. */
  readonly seenMax: number;
};

export type MessageJoin = {
  seen(fact: LogEvent): void;
  /** Ends waits that are over at this time. */
  waited(now: Millis): void;
  /** Nothing more comes: what waits is told as it is. */
  end(): void;
  readonly counts: Readonly<JoinCounts>;
  /** Messages that have not ended. */
  inFlight(): number;
};

export const usualJoinLimits: JoinLimits = { openMax: 100_000, seenMax: 100_000 };

/** Ids that ended lately: lines of several programs may be out of order. */
const endedMax = 2_000;
/** Message-IDs that are remembered, and messages of each. */
const namesMax = 20_000;
const copiesMax = 50;
/** Messages of which it is not known yet whether a filter handed them back. */
const unsureMax = 20_000;
/** Deliveries of one of these that wait. */
const waitingMax = 1_000;
/** How long such a message waits after its first delivery. */
const unsureMs = minuteMs;
/** Ids that other servers named in their answer. */
const nextIdsMax = 20_000;
/** Senders to whom the mail server may write a notice, and for how long. */
const noticesMax = 2_000;
const noticeMs = 2 * minuteMs;
/** A message with a name gets no second one later than this: then its id was used again. */
const renamedMs = hourMs;
const forwarded = /^forwarded as ([0-9A-Za-z]{5,32})$/;

type Event<Kind extends LogEvent['kind']> = Extract<LogEvent, { kind: Kind }>;

/** The queue of one mail server, or of one of its instances. */
type Place = {
  readonly host: string;
  readonly ids: Map<string, JoinedMail>;
  readonly ended: RecentMap<string, JoinedMail>;
};

export function openJoin(sink: JoinSink, limits: JoinLimits = usualJoinLimits): MessageJoin {
  return new Join(sink, limits);
}

class Join implements MessageJoin {
  readonly counts: JoinCounts = { evicted: 0, neverQueued: 0, twice: 0 };
  readonly #sink: JoinSink;
  readonly #limits: JoinLimits;
  readonly #places = new Map<string, Place>();
  readonly #byMessageId = new RecentMap<string, readonly JoinedMail[]>(namesMax);
  readonly #hops = new FilterHops();
  readonly #proxied = new ProxiedLogins();
  readonly #seen: SeenOnce;
  readonly #nextIds = new RecentMap<string, { mail: JoinedMail; delivery: DeliveryEvent }>(
    nextIdsMax,
  );
  /** Host and sender → the message of which a recipient was refused last. */
  readonly #bounced = new RecentMap<string, { mail: JoinedMail; at: Millis }>(noticesMax);
  readonly #unsure = new Set<JoinedMail>();
  #place: Place = newPlace('');
  #placeKey = '-';
  #open = 0;
  #lookedAt = 0 as Millis;

  constructor(sink: JoinSink, limits: JoinLimits) {
    this.#sink = sink;
    this.#limits = limits;
    this.#seen = new SeenOnce(limits.seenMax);
  }

  inFlight(): number {
    return this.#open;
  }

  seen(fact: LogEvent): void {
    this.#turnTo(fact);
    switch (fact.kind) {
      case 'entered':
        return this.#entered(fact);
      case 'named':
        return this.#named(fact);
      case 'queued':
        return this.#queued(fact);
      case 'delivery':
        return this.#delivery(fact);
      case 'removed':
        return this.#removed(fact);
      case 'proxied':
        return this.#proxied.add(fact.client, fact.login, fact.at);
      case 'bounce-made':
        return this.#bounceMade(fact);
      case 'rejected':
        return this.#rejected(fact);
      case 'held':
      case 'unheld':
        return this.#held(fact);
      default:
        return undefined;
    }
  }

  waited(now: Millis): void {
    for (const mail of this.#unsure) {
      const first = mail.waiting?.[0]?.at ?? (mail.openIds === 0 ? mail.at : undefined);
      if (first !== undefined && Math.abs(now - first) > unsureMs) this.#isItself(mail);
      else if (this.#unsure.size > unsureMax) this.#isItself(mail);
    }
  }

  end(): void {
    for (const mail of this.#unsure) this.#isItself(mail);
    for (const { ids } of this.#places.values()) {
      for (const mail of ids.values()) if (mail.state === 'entered') this.#leftBefore(mail);
    }
  }

  #turnTo({ at, host = '', instance = '' }: LogEvent): void {
    const key = instance === '' ? host : `${host} ${instance}`;
    if (key !== this.#placeKey) {
      this.#placeKey = key;
      const known = this.#places.get(key);
      this.#place = known ?? newPlace(host);
      if (known === undefined) this.#places.set(key, this.#place);
    }
    if (this.#unsure.size === 0 || Math.abs(at - this.#lookedAt) < unsureMs / 4) return;
    this.#lookedAt = at;
    this.waited(at);
  }

  #entered(fact: Event<'entered'>): void {
    const { at, client, firstClient, login, previousId, queueId, sender, service, uid } = fact;
    if (uid !== undefined && previousId !== '' && this.#requeued(previousId, queueId)) return;
    const hash = hash53(`${this.#placeKey} ${queueId}`, at % 0x7fffffff);
    const known = this.#place.ids.get(queueId);
    if (this.#seen.has(hash)) {
      // These lines were read before, and the message may even be in flight.
      if (known !== undefined && known.at === at) return;
      this.counts.twice++;
      this.#begin(queueId, at).state = 'twice';
      return;
    }
    this.#seen.add(hash);
    const mail = this.#begin(queueId, at);
    mail.service = service;
    mail.client = client;
    mail.firstClient = firstClient;
    mail.previousId = previousId;
    mail.uid = uid;
    if (login !== undefined) {
      mail.origin = 'login';
      mail.account = login;
    } else if (uid !== undefined) {
      mail.origin = 'local';
      mail.sender = sender ?? '';
      mail.account = localAccount(mail.sender);
    } else mail.origin = 'client';
  }

  #begin(queueId: string, at: Millis): JoinedMail {
    const { host, ids } = this.#place;
    // The id is used again: the line with the end of the message before is missing.
    if (ids.has(queueId)) this.#close(queueId);
    if (this.#open >= this.#limits.openMax) this.#evict();
    const mail = new JoinedMail(host, queueId, at);
    ids.set(queueId, mail);
    this.#open++;
    return mail;
  }

  /** Forgets a tenth of the messages of the fullest queue, the oldest first. */
  #evict(): void {
    let fullest = this.#place;
    for (const place of this.#places.values()) {
      if (place.ids.size > fullest.ids.size) fullest = place;
    }
    let left = Math.ceil(fullest.ids.size / 10);
    for (const [queueId, mail] of fullest.ids) {
      if (left-- === 0) break;
      fullest.ids.delete(queueId);
      this.#open--;
      mail.openIds--;
      if (mail.state === 'unsure') this.#isItself(mail);
      if (mail.state === 'entered') this.#leftBefore(mail);
      else if (mail.state !== 'twice' && mail.openIds === 0) this.counts.evicted++;
    }
  }

  #leftBefore({ account }: JoinedMail): void {
    if (account !== undefined) this.counts.neverQueued++;
  }

  /** An operator put the message into the queue again, under a new id. */
  #requeued(before: string, queueId: string): boolean {
    const mail = this.#find(before);
    if (mail === undefined || mail.state === 'twice') return false;
    if (this.#place.ids.has(before)) this.#close(before);
    this.#alias(mail, queueId);
    this.#tell(mail);
    return true;
  }

  /** From now on the queue id belongs to the message. */
  #alias(mail: JoinedMail, queueId: string): void {
    if (mail.queueId !== queueId && !mail.otherIds.includes(queueId)) mail.otherIds.push(queueId);
    const { ids } = this.#place;
    if (ids.has(queueId)) this.#close(queueId);
    ids.set(queueId, mail);
    mail.openIds++;
    this.#open++;
  }

  #find(queueId: string): JoinedMail | undefined {
    const { ended, ids } = this.#place;
    const found = ids.get(queueId) ?? ended.get(queueId);
    return found === undefined ? undefined : rootOf(found);
  }

  #named({ at, messageId, queueId }: Event<'named'>): void {
    const known = this.#place.ids.get(queueId);
    if (known?.state === 'twice' || known?.isForeign(queueId) === true) return;
    const isAnother =
      known === undefined || (known.messageId !== '' && at - lastAt(known) > renamedMs);
    const mail = isAnother ? this.#begin(queueId, at) : known;
    if (isAnother) mail.origin = 'made';
    if (mail.messageId !== '' || mail.queueId !== queueId || messageId === '<>') return;
    mail.messageId = plainId(messageId);
    const copies = this.#byMessageId.get(mail.messageId);
    this.#byMessageId.set(
      mail.messageId,
      copies === undefined ? [mail] : [...copies, mail].slice(-copiesMax),
    );
    if (mail.state !== 'entered' || mail.origin === 'login' || mail.origin === 'made') return;
    if (this.#isNextOf(mail)) return;
    if (copies?.some((one) => mayReturn(one, mail)) === true) this.#isUnsure(mail);
  }

  /** Another server of the stream has said that it took a message under this id. */
  #isNextOf(mail: JoinedMail): boolean {
    const found = this.#nextIds.get(mail.queueId);
    if (found === undefined) return false;
    const before = rootOf(found.mail);
    if (before === mail || before.messageId !== mail.messageId) return false;
    if (Math.abs(found.delivery.at - mail.at) > renamedMs) return false;
    this.#merge(mail, before);
    return true;
  }

  #queued(fact: Event<'queued'>): void {
    const { at, queueId, recipientCount, sender, sizeBytes } = fact;
    const found = this.#place.ids.get(queueId);
    const mail = found ?? this.#begin(queueId, at);
    mail.isHeld = false;
    if (mail.isQueued || mail.state === 'twice' || mail.queueId !== queueId) return;
    mail.isQueued = true;
    mail.sender = sender;
    mail.sizeBytes = sizeBytes;
    mail.recipientCount = recipientCount;
    if (mail.origin === 'client') this.#isProxied(mail);
    if (mail.state === 'unsure') return;
    // Without a Message-ID a program of this machine may have handed it back.
    if (mail.messageId === '' && isNear(mail)) this.#isUnsure(mail);
    else this.#tell(mail);
  }

  #isProxied(mail: JoinedMail): void {
    const found = this.#proxied.claim(mail);
    if (found === undefined) return;
    mail.origin = 'login';
    mail.account = found.login;
    if (mail.firstClient === '') mail.firstClient = found.client;
  }

  #delivery(fact: DeliveryEvent): void {
    const mail = this.#find(fact.queueId) ?? this.#begin(fact.queueId, fact.at);
    if (mail.state === 'twice') return;
    if (mail.state === 'unsure') this.#unsureDelivery(mail, fact);
    else this.#attempt(mail, fact);
  }

  #unsureDelivery(mail: JoinedMail, fact: DeliveryEvent): void {
    const hop = this.#hops.find(mail, fact);
    mail.waiting ??= [];
    if (mail.waiting.length < waitingMax) mail.waiting.push(fact);
    if (hop !== undefined) this.#returned(mail, rootOf(hop.mail), hop.delivery, hop.state);
    else if (mail.waiting.length >= waitingMax) this.#isItself(mail);
  }

  #attempt(mail: JoinedMail, fact: DeliveryEvent): void {
    if (mail.state === 'entered') this.#tell(mail);
    if (this.#isNotice(mail, fact)) return;
    const { at, original, outcome, queueId, recipient, service } = fact;
    const isFilter = mayBeFilter(fact);
    const state: RecipientState = {
      original,
      queueId,
      at,
      outcome,
      isLocal: isLocalProgram(service),
      filter: isFilter ? 'maybe' : 'none',
      isForeign: mail.isForeign(queueId),
    };
    mail.recipients.set(recipient, state);
    if (outcome === 'sent') this.#next(mail, fact, state);
    else if (outcome === 'bounced' && mail.sender !== '') {
      this.#bounced.set(`${mail.host} ${mail.sender}`, { mail, at });
    }
    if (isFilter && state.filter === 'maybe') this.#handed(mail, fact, state);
    this.#sink.attempt(mail, () => attemptOf(mail, fact, state), fact);
    // OpenSMTPD does not say that a message has left the queue.
    if (service.startsWith('opensmtpd/') && isOver(mail)) this.#close(queueId);
  }

  /**
   * OpenSMTPD does not say about which message a notice is: it goes to the sender of a message of
   * which a recipient was refused just before.
   */
  #isNotice(mail: JoinedMail, fact: DeliveryEvent): boolean {
    const { account, client, origin, recipients, sender, uid } = mail;
    if (sender !== '' || client !== '' || account !== undefined || uid !== undefined) return false;
    if (origin !== 'client' || !mail.isQueued || recipients.size > 0) return false;
    const about = this.#bounced.get(`${mail.host} ${fact.recipient}`);
    if (about === undefined || mail.at - about.at > noticeMs || mail.at < about.at) return false;
    const of = rootOf(about.mail);
    of.foreignIds ??= new Set();
    of.foreignIds.add(mail.queueId);
    this.#merge(mail, of);
    this.#attempt(of, fact);
    return true;
  }

  /** The next server named the id under which it has the message. */
  #next(mail: JoinedMail, fact: DeliveryEvent, state: RecipientState): void {
    const { nextId, reply, requeuedAs, service } = fact;
    const alias = service.endsWith('/local') ? forwarded.exec(reply)?.[1] : undefined;
    if (alias !== undefined) {
      this.#foreign(mail, alias);
      return;
    }
    const id = requeuedAs === '' ? nextId : requeuedAs;
    if (id === '' || id === fact.queueId) return;
    for (const place of this.#places.values()) {
      const known = place.ids.get(id) ?? place.ended.get(id);
      if (known === undefined) continue;
      const next = rootOf(known);
      if (next === mail) {
        // Another recipient of the message that came back.
        if (next.otherIds.includes(id)) setReturned(state);
        continue;
      }
      if (!isNext(mail, next, fact)) continue;
      setReturned(state);
      this.#merge(next, mail);
      return;
    }
    if (state.filter === 'none' || requeuedAs === '') this.#nextIds.set(id, { mail, delivery: fact });
  }

  /** A filter may have handed the message back before the line that says it took the message. */
  #handed(mail: JoinedMail, fact: DeliveryEvent, state: RecipientState): void {
    for (const back of this.#backOf(mail)) {
      if (!isReturn({ mail, delivery: fact, state }, back)) continue;
      const names = back.waiting ?? [];
      if (names.length > 0 && !names.some((one) => isOneOf(one, fact))) continue;
      if (back.messageId === '' && names.length === 0) continue;
      this.#returned(back, mail, fact, state);
      return;
    }
    this.#hops.add(mail, fact, state);
  }

  #backOf(mail: JoinedMail): readonly JoinedMail[] {
    if (this.#unsure.size === 0) return [];
    const copies = mail.messageId === '' ? [] : (this.#byMessageId.get(mail.messageId) ?? []);
    const named = copies.filter(({ state }) => state === 'unsure');
    if (named.length > 0) return named;
    return [...this.#unsure].slice(-copiesMax).filter(({ messageId }) => messageId === '');
  }

  /** `back` is `mail`, come back from the filter that took this recipient. */
  #returned(
    back: JoinedMail,
    mail: JoinedMail,
    delivery: DeliveryEvent,
    state: RecipientState,
  ): void {
    setReturned(state);
    this.#merge(back, mail);
    this.#sink.attempt(mail, () => attemptOf(mail, delivery, state), delivery);
  }

  #merge(next: JoinedMail, mail: JoinedMail): void {
    const wasTold = next.state === 'told';
    const { waiting = [] } = next;
    this.#unsure.delete(next);
    next.state = 'merged';
    next.mergedInto = mail;
    next.waiting = undefined;
    mail.openIds += next.openIds;
    for (const id of [next.queueId, ...next.otherIds]) {
      if (!mail.otherIds.includes(id)) mail.otherIds.push(id);
    }
    for (const place of this.#places.values()) {
      for (const id of [next.queueId, ...next.otherIds]) {
        if (place.ids.get(id) === next) place.ids.set(id, mail);
      }
    }
    for (const [recipient, state] of next.recipients) mail.recipients.set(recipient, state);
    if (wasTold) this.#sink.merged(next, mail);
    this.#tell(mail);
    for (const delivery of waiting) this.#attempt(mail, delivery);
  }

  #isUnsure(mail: JoinedMail): void {
    mail.state = 'unsure';
    this.#unsure.add(mail);
    if (this.#unsure.size > unsureMax) this.waited(mail.at);
  }

  /** No filter handed the message back. */
  #isItself(mail: JoinedMail): void {
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
    const found = this.#place.ids.get(queueId);
    if (found === undefined) return;
    const mail = rootOf(found);
    if (how === 'expired' || how === 'force-expired') {
      if (mail.state !== 'twice') this.#expired(mail, queueId, at);
    } else this.#close(queueId);
  }

  #expired(mail: JoinedMail, queueId: string, at: Millis): void {
    if (mail.state === 'unsure') this.#isItself(mail);
    for (const [recipient, state] of mail.recipients) {
      if (state.outcome !== 'deferred' || state.queueId !== queueId) continue;
      state.outcome = 'expired';
      state.at = at;
      this.#sink.attempt(mail, () => expiryOf(mail, recipient, state, at), undefined);
    }
  }

  #close(queueId: string): void {
    const { ended, ids } = this.#place;
    const found = ids.get(queueId);
    if (found === undefined) return;
    ids.delete(queueId);
    this.#open--;
    const mail = rootOf(found);
    mail.openIds--;
    if (mail.state === 'entered') this.#leftBefore(mail);
    if (mail.state !== 'twice') ended.set(queueId, mail);
  }

  #bounceMade({ bounceId, queueId }: Event<'bounce-made'>): void {
    const mail = this.#find(queueId);
    if (mail !== undefined && mail.state !== 'twice') this.#foreign(mail, bounceId);
  }

  /** A message that the mail server made belongs to this one. */
  #foreign(mail: JoinedMail, queueId: string): void {
    const known = this.#place.ids.get(queueId);
    if (known === mail) return;
    mail.foreignIds ??= new Set();
    mail.foreignIds.add(queueId);
    if (known?.origin === 'made') {
      for (const state of known.recipients.values()) Object.assign(state, { isForeign: true });
      this.#merge(known, mail);
    } else {
      this.#alias(mail, queueId);
      if (mail.state === 'told') this.#tell(mail);
    }
  }

  /** Refused after its content was seen; no line says that it left the queue. */
  #rejected({ queueId, stage }: Event<'rejected'>): void {
    const mail = this.#place.ids.get(queueId);
    if (mail === undefined || mail.isQueued) return;
    if (stage !== 'END-OF-MESSAGE' && stage !== 'CONTENT' && stage !== 'DATA') return;
    if (mail.state !== 'twice') {
      mail.isRefused = true;
      this.#unsure.delete(mail);
      this.#tell(mail);
    }
    this.#close(queueId);
  }

  #held({ kind, queueId }: Event<'held'> | Event<'unheld'>): void {
    const mail = this.#place.ids.get(queueId);
    if (mail === undefined || mail.state === 'twice') return;
    mail.isHeld = kind === 'held';
    if (mail.state === 'entered') this.#tell(mail);
  }
}

function newPlace(host: string): Place {
  return { host, ids: new Map(), ended: new RecentMap(endedMax) };
}

function rootOf(mail: JoinedMail): JoinedMail {
  let root = mail;
  while (root.mergedInto !== undefined) root = root.mergedInto;
  return root;
}

function setReturned(state: RecipientState): void {
  state.filter = 'returned';
  state.outcome = 'handed-on';
  state.isLocal = false;
}

function isLocalProgram(service: string): boolean {
  return /\/(?:local|virtual|lmtp|pipe)$/.test(service);
}

/** Each recipient that the mail server counted has the message, or never gets it. */
function isOver({ recipientCount, recipients }: JoinedMail): boolean {
  if (recipientCount === 0 || recipients.size < recipientCount) return false;
  for (const { outcome } of recipients.values()) if (outcome === 'deferred') return false;
  return true;
}

/** Handed in by a program of this machine or of its network. */
function isNear({ origin, service }: JoinedMail): boolean {
  return origin === 'local' || (origin === 'client' && service !== '');
}

/** Whether `mail` may be `one`, come back from a filter. */
function mayReturn(one: JoinedMail, mail: JoinedMail): boolean {
  return one !== mail && one.state !== 'twice' && mail.at - lastAt(one) < renamedMs;
}

/** The id alone is not enough: another server may use the same short id. */
function isNext(mail: JoinedMail, next: JoinedMail, { at }: DeliveryEvent): boolean {
  if (next.origin === 'login' || next.origin === 'made' || next.state === 'twice') return false;
  if (Math.abs(at - next.at) > renamedMs) return false;
  if (mail.messageId !== '' && next.messageId !== '') return mail.messageId === next.messageId;
  return mail.host === next.host;
}

function isOneOf(back: DeliveryEvent, { original, recipient }: DeliveryEvent): boolean {
  return [back.recipient, back.original].some((one) => one === recipient || one === original);
}

function lastAt(mail: JoinedMail): Millis {
  let last = mail.at;
  for (const { at } of mail.recipients.values()) if (at > last) last = at;
  return last;
}

/** Without its brackets. */
function plainId(messageId: string): string {
  return /^<.*>$/.test(messageId) ? messageId.slice(1, -1) : messageId;
}
