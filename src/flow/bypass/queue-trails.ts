/**
 * Remembers from the mail log how each message came into Postfix's queue, and from which other
 * message it was made: a filter hands mail back under a new queue id, an alias of local(8) forwards
 * it.
 *
 * `before(queueId)` gives the ids that a message had earlier, whether it was judged or not. A
 * restart forgets them. What remains is the account of a judged message: for each id it has behind
 * a filter, flow/account/message-renamed.ts writes a row to the ledger.
 */
import type { Account } from '../../core/account-name.ts';
import type { LogEvent } from '../../core/event.ts';
import { hash53 } from '../../lib/hash.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { hourMs, type Millis } from '../../lib/time.ts';

export type Trail = {
  readonly at: Millis;
  readonly service: string;
  readonly client: string;
  readonly firstClient: string;
  readonly login: Account | undefined;
  readonly uid: number | undefined;
  /** Its place in the log: many messages have the time of one second. */
  readonly nth: number;
  messageId: string;
  /** Deliveries to a program or port of this machine that may be a filter. */
  filtered: number;
  /** When the latest of these ended. */
  filteredAt: Millis;
  /** How many later messages were taken for this one, come back from a filter. */
  returned: number;
};

export type QueueTrails = {
  seen(event: LogEvent): void;
  of(queueId: string): Trail | undefined;
  /** A filter has handed the message back: one with the same Message-ID came in after it. */
  cameBack(queueId: string): boolean;
  /** The queue ids that this message had earlier, the latest first. */
  before(queueId: string): readonly string[];
  /**
   * An earlier id for which there is no evidence: no line says that the message of that id had this
   * recipient. Undefined if all have it.
   */
  unproven(delivery: Recipients): string | undefined;
  /** Postfix made the message itself, or its start was not in the log. */
  isInternal(queueId: string): boolean;
  /** The login that showed mail to a filter before the queue from this client of late. */
  proxiedLogin(client: string, at: Millis): Account | undefined;
};

/** Messages remembered: some 15 MB. At most twice as many. */
const trailsMax = 20_000;
const linksMax = 20_000;
const clientsMax = 5_000;
/** Ids of one message: it passes at most a few filters. */
const chainMax = 10;
/** Messages with one Message-ID that are remembered: a filter may return one for each recipient. */
const copiesMax = 50;
/** Recipients that the log named lately, each with its message: 10 MB at most. */
const recipientsMax = 50_000;
/** A filter hands a message back within this time. */
const filterMs = hourMs;
const forwarded = /^forwarded as ([0-9A-Za-z]{5,32})$/;

type EnteredEvent = Extract<LogEvent, { kind: 'entered' }>;
type DeliveryEvent = Extract<LogEvent, { kind: 'delivery' }>;
type Recipients = Pick<DeliveryEvent, 'queueId' | 'recipient' | 'original'>;
/**
 * The id before; empty without one. Postfix itself says what local(8) forwarded and what was
 * requeued. The rest a client or a filter says, and any program of this machine may speak to the
 * service to which a filter returns mail.
 */
type Link = { readonly id: string; readonly from: 'forward' | 'requeue' | 'filter' };

/** The second may be the first, handed back by a filter. The first may have been held for days. */
function isSoon(first: Trail, second: Trail): boolean {
  return Math.abs(second.at - first.filteredAt) < filterMs;
}

function recipientKey(queueId: string, recipient: string): number {
  return hash53(`${queueId} ${recipient}`, 0);
}

export function openQueueTrails(): QueueTrails {
  return new Trails();
}

class Trails implements QueueTrails {
  /** `internal`: cleanup(8) named a message that no client and no user handed in. */
  readonly #trails = new RecentMap<string, Trail | 'internal'>(trailsMax);
  /** Queue id → the id before. */
  readonly #links = new RecentMap<string, Link>(linksMax);
  /** Hash of queue id and recipient → the recipient as the message came in with it. */
  readonly #recipients = new RecentMap<number, string>(recipientsMax);
  /** Message-ID → ids of the messages that have it, the oldest first. */
  readonly #copies = new RecentMap<string, readonly string[]>(trailsMax);
  #seen = 0;
  readonly #proxied = new RecentMap<string, { readonly login: Account; readonly at: Millis }>(
    clientsMax,
  );

  seen(event: LogEvent): void {
    switch (event.kind) {
      case 'entered':
        this.#entered(event);
        break;
      case 'named':
        this.#named(event.queueId, event.messageId, event.at);
        break;
      case 'proxied':
        this.#proxied.set(event.client, event);
        break;
      case 'delivery':
        this.#delivery(event);
        break;
      default:
    }
  }

  of(queueId: string): Trail | undefined {
    const trail = this.#trails.get(queueId);
    return trail === 'internal' ? undefined : trail;
  }

  cameBack(queueId: string): boolean {
    const trail = this.of(queueId);
    if (trail === undefined || trail.messageId === '') return false;
    return (this.#copies.get(trail.messageId) ?? []).some((id) => {
      const other = this.of(id);
      if (id === queueId || other === undefined || other.messageId !== trail.messageId)
        return false;
      return other.nth > trail.nth && other.login === undefined && isSoon(trail, other);
    });
  }

  before(queueId: string): readonly string[] {
    const ids: string[] = [];
    let next = this.#previous(queueId);
    while (next !== undefined && ids.length < chainMax && next !== queueId && !ids.includes(next)) {
      ids.push(next);
      next = this.#previous(next);
    }
    return ids;
  }

  unproven({ original, queueId, recipient }: Recipients): string | undefined {
    const names = new Set([recipient, original]);
    let of = queueId;
    for (const id of this.before(queueId)) {
      const from = this.#links.get(of)?.from;
      // Its recipients are those of a list, or of the user who forwards his mail.
      if (from === 'forward') return undefined;
      if (from === 'filter') {
        const known = [...names].map((name) => this.#recipients.get(recipientKey(id, name)));
        const found = known.find((name) => name !== undefined);
        if (found === undefined) return id;
        names.add(found);
      }
      of = id;
    }
    return undefined;
  }

  isInternal(queueId: string): boolean {
    return this.#trails.get(queueId) === 'internal';
  }

  proxiedLogin(client: string, at: Millis): Account | undefined {
    const found = this.#proxied.get(client);
    return found !== undefined && Math.abs(at - found.at) < filterMs ? found.login : undefined;
  }

  #entered(event: EnteredEvent): void {
    const { at, client, firstClient, login, previousId, queueId, service, uid } = event;
    // Postfix uses short queue ids again: whatever was known of this id is of another message.
    this.#links.set(queueId, { id: previousId, from: uid === undefined ? 'filter' : 'requeue' });
    const nth = ++this.#seen;
    const rest = { nth, messageId: '', filtered: 0, filteredAt: at, returned: 0 };
    this.#trails.set(queueId, { at, service, client, firstClient, login, uid, ...rest });
  }

  #named(queueId: string, messageId: string, at: Millis): void {
    const trail = this.of(queueId);
    // A message has its name soon after it came in, and two with Resent-Message-ID. Later, the
    // queue id was used again for a message that Postfix made.
    const isNamed = trail !== undefined && trail.messageId !== '';
    if (trail === undefined || (isNamed && at - trail.at > filterMs)) {
      this.#trails.set(queueId, 'internal');
      return;
    }
    if (isNamed) return;
    trail.messageId = messageId;
    const copies = this.#copies.get(messageId) ?? [];
    this.#copies.set(messageId, [...copies, queueId].slice(-copiesMax));
  }

  #delivery(event: DeliveryEvent): void {
    const { at, original, queueId, recipient, relay, reply, requeuedAs, service } = event;
    this.#recipients.set(recipientKey(queueId, recipient), original);
    if (requeuedAs !== '' && this.of(requeuedAs) !== undefined) {
      this.#link(requeuedAs, queueId, 'filter');
    }
    const next = service.endsWith('/local') ? forwarded.exec(reply)?.[1] : undefined;
    if (next !== undefined) this.#link(next, queueId, 'forward');
    const trail = this.of(queueId);
    if (trail === undefined || (relay !== 'here' && !service.endsWith('/pipe'))) return;
    trail.filtered++;
    trail.filteredAt = at;
  }

  #link(queueId: string, id: string, from: Link['from']): void {
    if (queueId !== id) this.#links.set(queueId, { id, from });
  }

  #previous(queueId: string): string | undefined {
    const known = this.#links.get(queueId);
    if (known !== undefined && known.id !== '') return known.id;
    const found = this.#filteredCopy(queueId);
    if (found !== undefined) this.#link(queueId, found, 'filter');
    return found;
  }

  /**
   * A filter that calls sendmail(1) or does not say the queue id: the message with the same
   * Message-ID that went to a filter before. Anybody can choose a Message-ID, so each delivery to a
   * filter answers for one message.
   */
  #filteredCopy(queueId: string): string | undefined {
    const trail = this.of(queueId);
    if (trail === undefined || trail.messageId === '' || trail.login !== undefined) {
      return undefined;
    }
    for (const id of (this.#copies.get(trail.messageId) ?? []).toReversed()) {
      const other = this.of(id);
      if (id === queueId || other === undefined || other.messageId !== trail.messageId) continue;
      if (other.nth > trail.nth || !isSoon(other, trail)) continue;
      if (other.filtered <= other.returned) continue;
      other.returned++;
      return id;
    }
    return undefined;
  }
}
