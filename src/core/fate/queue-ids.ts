/**
 * Which message a queue id belongs to. Each host has a queue of its own. An id ends when its
 * message leaves the queue; short ids are used again.
 */
import { hash53 } from '../../lib/hash.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { Millis } from '../../lib/time.ts';
import { JoinedMail, rootOf } from './joined-mail.ts';

/** Ids that ended lately: lines of several programs may be out of order. */
const endedMax = 2_000;
/** Queues that are told apart. Whoever writes into the log chooses the names of hosts. */
const placesMax = 1_000;
/** Ids of one message: a filter may give each recipient one. */
const idsMax = 500;

type Place = {
  readonly host: string;
  readonly seed: number;
  readonly ids: Map<string, JoinedMail>;
  readonly ended: RecentMap<string, JoinedMail>;
  /** When waits were last looked at, by the clock of this host. */
  lookedAt: Millis;
};

export type QueueIdsSink = {
  /** A message lost an id, and more are in flight than are kept. */
  evicted(mail: JoinedMail): void;
  /** A message that was never in the queue has lost its id. */
  left(mail: JoinedMail): void;
};

export class QueueIds {
  readonly #openMax: number;
  readonly #sink: QueueIdsSink;
  readonly #places = new Map<string, Place>();
  #place: Place = newPlace('');
  #open = 0;

  constructor(openMax: number, sink: QueueIdsSink) {
    this.#openMax = openMax;
    this.#sink = sink;
    this.#places.set('', this.#place);
  }

  /** What follows is about the queue of this host. */
  turnTo(host: string): void {
    if (host === this.#place.host) return;
    let place = this.#places.get(host);
    if (place === undefined) {
      if (this.#places.size >= placesMax) this.#dropPlace();
      place = newPlace(host);
      this.#places.set(host, place);
    }
    this.#place = place;
  }

  /** Whether the clock of this host went on by more than `ms`; true once for each time. */
  wentOn(at: Millis, ms: number): boolean {
    if (Math.abs(at - this.#place.lookedAt) <= ms) return false;
    this.#place.lookedAt = at;
    return true;
  }

  /** A number that tells this queue from others. */
  seed(): number {
    return this.#place.seed;
  }

  inFlight(): number {
    return this.#open;
  }

  /** The message that has the id now. */
  get(queueId: string): JoinedMail | undefined {
    return this.#place.ids.get(queueId);
  }

  /** The same; or the one that had the id until lately. */
  find(queueId: string): JoinedMail | undefined {
    const found = this.#place.ids.get(queueId) ?? this.#place.ended.get(queueId);
    return found === undefined ? undefined : rootOf(found);
  }

  /** The messages of all queues that have the id or had it until lately. */
  everywhere(queueId: string): readonly JoinedMail[] {
    const found: JoinedMail[] = [];
    for (const { ended, ids } of this.#places.values()) {
      const mail = ids.get(queueId) ?? ended.get(queueId);
      if (mail !== undefined) found.push(rootOf(mail));
    }
    return found;
  }

  *all(): Generator<JoinedMail> {
    for (const { ids } of this.#places.values()) yield* ids.values();
  }

  begin(queueId: string, at: Millis): JoinedMail {
    // The id is used again: the line with the end of the message before is missing.
    this.close(queueId);
    if (this.#open >= this.#openMax) this.#evict();
    const mail = new JoinedMail(this.#place.host, queueId, at);
    this.#place.ids.set(queueId, mail);
    this.#open++;
    return mail;
  }

  /** From now on the id belongs to the message too. */
  alias(mail: JoinedMail, queueId: string): void {
    if (!addId(mail, queueId)) return;
    this.close(queueId);
    this.#place.ids.set(queueId, mail);
    mail.openIds++;
    this.#open++;
  }

  close(queueId: string): void {
    const { ended, ids } = this.#place;
    const found = ids.get(queueId);
    if (found === undefined) return;
    ids.delete(queueId);
    this.#open--;
    const mail = rootOf(found);
    mail.openIds--;
    if (mail.state === 'entered') this.#sink.left(mail);
    if (mail.state !== 'twice') ended.set(queueId, mail);
  }

  /** All ids of `next` belong to `mail` from now on. */
  merge(next: JoinedMail, mail: JoinedMail): void {
    next.mergedInto = mail;
    mail.openIds += next.openIds;
    for (const id of [next.queueId, ...next.otherIds]) {
      if (!addId(mail, id)) continue;
      for (const { ids } of this.#places.values()) {
        if (ids.get(id) === next) ids.set(id, mail);
      }
    }
  }

  /** Forgets a tenth of the messages of the fullest queue, the oldest first. */
  #evict(): void {
    let fullest = this.#place;
    for (const place of this.#places.values()) {
      if (place.ids.size > fullest.ids.size) fullest = place;
    }
    let left = Math.ceil(fullest.ids.size / 10);
    for (const queueId of fullest.ids.keys()) {
      if (left-- === 0) break;
      this.#forget(fullest, queueId);
    }
  }

  /** The queue that was added first. */
  #dropPlace(): void {
    const oldest = this.#places.values().next();
    if (oldest.done === true) return;
    for (const queueId of oldest.value.ids.keys()) this.#forget(oldest.value, queueId);
    this.#places.delete(oldest.value.host);
  }

  #forget({ ids }: Place, queueId: string): void {
    const mail = ids.get(queueId);
    if (mail === undefined) return;
    ids.delete(queueId);
    this.#open--;
    mail.openIds--;
    if (mail.state === 'entered') this.#sink.left(mail);
    else if (mail.openIds === 0) this.#sink.evicted(mail);
  }
}

/** Adds the id; false if the message has as many as it may have. */
function addId(mail: JoinedMail, id: string): boolean {
  const { otherIds, queueId } = mail;
  if (id === queueId || otherIds.includes(id)) return true;
  if (otherIds.length >= idsMax) return false;
  mail.otherIds = [...otherIds, id];
  return true;
}

function newPlace(host: string): Place {
  return {
    host,
    seed: hash53(host, 0) % 0x7fffffff,
    ids: new Map(),
    ended: new RecentMap(endedMax),
    lookedAt: 0 as Millis,
  };
}
