/**
 * The bypass meter: counts each message that the mail log shows leaving this server and that no
 * door judged. A count above a small number is a trouble of the guard: /health is not ok, and one
 * notice names the likely cause.
 *
 * These leave without a verdict and are right: mail that comes in and is forwarded, notifications
 * that Postfix makes, Postern's own notices, and mail that was in the queue before the log was
 * read. Messages behind a filter belong to the message that went into the filter (queue-trails.ts).
 */
import type { Account } from '../../core/account-name.ts';
import { type BypassedWay, bypassText } from '../../core/bypass.ts';
import type { LogEvent } from '../../core/event.ts';
import { domainOf } from '../../formats/message/address.ts';
import { isOwnDomain } from '../../formats/postfix/own-domains.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { dayMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { BypassView } from '../../ports/admin.ts';
import type { LogHandler } from '../../ports/message.ts';
import type { Troubles } from '../../ports/troubles.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import type { DoorNotes } from './door-notes.ts';
import type { QueueTrails, Trail } from './queue-trails.ts';

export type BypassDeps = {
  readonly trails: QueueTrails;
  readonly notes: Pick<DoorNotes, 'met'>;
  readonly journal: { readonly live: Pick<Journal['live'], 'message'> };
  readonly world: Pick<World, 'clock' | 'count' | 'log'>;
  readonly troubles: Pick<Troubles, 'set'>;
  /** Domains of this server. */
  readonly localDomains: ReadonlySet<string>;
  readonly mayRelay: (client: string) => boolean;
  /** Says whether it is a notice of Postern to this recipient. */
  readonly isNotice: (messageId: string, recipient: string) => boolean;
  /** The likely cause, in a sentence, and what to do. Asked when the trouble begins. */
  readonly cause: (facts: BypassFacts) => string;
};

export type BypassFacts = {
  readonly last: BypassedWay;
  /** The milter that Postfix could not ask of late; empty if there was none. */
  readonly milterAway: string;
};

export type BypassMeter = Pick<LogHandler, 'seen'> & {
  /** Takes whether the mail log is read: how many logs, and how many there should be. */
  reading(reading: number, wanted: number): void;
  view(): BypassView;
};

/** More messages than this within ten minutes are a trouble. */
const burstMax = 3;
const burstMs = 10 * minuteMs;
/** More than this within a day are a trouble too: mail that leaves slowly. */
const dayCountMax = 20;
/** More than this one after the other, without a judged message between them: a quiet server. */
const rowMax = 3;
/** Ways that are remembered and shown. */
const waysMax = 200;
const shownWaysMax = 10;
/** Messages of which it is known that they left. */
const leftMax = 20_000;
/** The log may say a second later that a message came in than the door. */
const earlyMs = minuteMs;
const trouble = 'bypass meter';

type DeliveryEvent = Extract<LogEvent, { kind: 'delivery' }>;
/** What a message that leaves is. Each is a value of postern_mail_left_total. */
type Leaving = 'judged' | 'came-in' | 'own' | 'unknown' | 'bypassed';

export function openBypassMeter(deps: BypassDeps): BypassMeter {
  const meter = new Meter(deps);
  return {
    seen: (event) => meter.seen(event),
    reading: (reading, wanted) => meter.reading(reading, wanted),
    view: () => meter.view(),
  };
}

class Meter implements BypassMeter {
  readonly #deps: BypassDeps;
  readonly #left = new RecentMap<string, true>(leftMax);
  readonly #ways = new Map<string, BypassedWay>();
  /** Times of the latest, oldest first; at most `dayCountMax` and one. */
  #times: Millis[] = [];
  /** How many have left since a judged message left. */
  #inRow = 0;
  #total = 0;
  #isTrouble = false;
  #away: { readonly milter: string; readonly at: Millis } | undefined;
  #reading = 0;
  #wanted = 0;
  readonly #since: Millis;

  constructor(deps: BypassDeps) {
    this.#deps = deps;
    this.#since = deps.world.clock.now();
  }

  seen(event: LogEvent): void {
    this.#deps.trails.seen(event);
    if (event.kind === 'milter-away') this.#away = event;
    else if (event.kind === 'delivery') this.#delivery(event);
  }

  reading(reading: number, wanted: number): void {
    this.#reading = reading;
    this.#wanted = wanted;
  }

  view(): BypassView {
    const ways = [...this.#ways.values()].toSorted((one, other) => other.last - one.last);
    return {
      watched: this.#wanted === 0 ? 'off' : this.#reading < this.#wanted ? 'unread' : 'yes',
      since: this.#since,
      messages: this.#total,
      ways: ways.slice(0, shownWaysMax),
    };
  }

  #delivery(event: DeliveryEvent): void {
    const { trails, world } = this.#deps;
    if (!this.#isLeaving(event)) return;
    const trail = trails.of(event.queueId);
    const key = `${event.queueId} ${trail?.at ?? ''}`;
    if (this.#left.get(key) === true) return;
    this.#left.set(key, true);
    const ids = [event.queueId, ...trails.before(event.queueId)];
    const first = this.#firstOf(ids);
    const who = first === undefined ? undefined : this.#submitterOf(first);
    const what = this.#what(event, ids, first, who);
    world.count('postern_mail_left_total', 1, what);
    if (what === 'judged') this.#judged(event.at);
    if (what !== 'bypassed' || first === undefined || who === undefined) return;
    this.#bypassed({
      service: first.service,
      uid: first.uid,
      client: who.client,
      login: who.login ?? '',
      leftBy: event.service,
      first: event.at,
      last: event.at,
      messages: 1,
    });
  }

  /** The message goes to another server, and not to a filter that handed it back. */
  #isLeaving({ queueId, outcome, recipient, relay, requeuedAs, service }: DeliveryEvent): boolean {
    const { localDomains, trails } = this.#deps;
    if (!service.endsWith('/smtp')) return false;
    if (relay === 'none' && outcome !== 'sent') return false;
    if (isOwnDomain(localDomains, domainOf(recipient))) return false;
    if (relay !== 'here') return true;
    const isBack = requeuedAs !== '' && trails.of(requeuedAs) !== undefined;
    return !isBack && !trails.cameBack(queueId);
  }

  /** How the message first came in; undefined if the log does not say. */
  #firstOf(ids: readonly string[]): Trail | undefined {
    return ids.map((id) => this.#deps.trails.of(id)).findLast((trail) => trail !== undefined);
  }

  #what(
    { original, queueId, recipient, service }: DeliveryEvent,
    ids: readonly string[],
    first: Trail | undefined,
    who: Submitter | undefined,
  ): Leaving {
    const { isNotice, localDomains, mayRelay, trails } = this.#deps;
    for (const id of ids) {
      const met = this.#met(id);
      if (met !== undefined) return met;
    }
    if (first === undefined || who === undefined) {
      return trails.isInternal(queueId) ? 'own' : 'unknown';
    }
    if (first.uid !== undefined) return 'bypassed';
    if (first.login === undefined && isNotice(first.messageId, original)) return 'own';
    if (who.login !== undefined) return 'bypassed';
    // An address of this server that is forwarded by an alias.
    if (original !== recipient || isOwnDomain(localDomains, domainOf(original))) return 'came-in';
    if (mayRelay(who.client)) return 'bypassed';
    // A stranger's mail for a domain that Postfix only passes on (relay_domains).
    return service.includes('/relay/') ? 'came-in' : 'bypassed';
  }

  /** What a door said of the message that has this id now. */
  #met(queueId: string): 'judged' | 'came-in' | undefined {
    const { journal, notes, trails } = this.#deps;
    const { at, messageId = '' } = trails.of(queueId) ?? {};
    // Postfix uses short queue ids again: what was said before the message came in is of another.
    const since = at === undefined ? (0 as Millis) : ((at - earlyMs) as Millis);
    const noted = notes.met(queueId, messageId, since);
    if (noted !== undefined) return noted;
    const row = journal.live.message(queueId);
    return row !== undefined && row.at >= since ? 'judged' : undefined;
  }

  /** A filter before the queue names the client, and Postfix logged the login of that client. */
  #submitterOf({ at, client, firstClient, login }: Trail): Submitter {
    const { mayRelay, trails } = this.#deps;
    const from = firstClient !== '' && mayRelay(client) ? firstClient : client;
    if (login !== undefined) return { client: from, login };
    return { client: from, login: from === '' ? undefined : trails.proxiedLogin(from, at) };
  }

  #bypassed(way: BypassedWay): void {
    const { cause, count, log, set } = this.#tools;
    const key = `${way.service} ${way.uid ?? ''} ${way.client} ${way.login}`;
    const known = this.#ways.get(key);
    this.#ways.delete(key);
    if (this.#ways.size >= waysMax) {
      const oldest = this.#ways.keys().next();
      if (oldest.done !== true) this.#ways.delete(oldest.value);
    }
    const all =
      known === undefined
        ? way
        : { ...way, first: known.first, messages: known.messages + way.messages };
    this.#ways.set(key, all);
    this.#total++;
    this.#inRow++;
    count('postern_bypassed_total', 1, `${way.service} ${way.leftBy}`);
    if (known === undefined) log('warn', 'bypass.seen', { ...way });
    this.#times = [...this.#times, way.last].slice(-dayCountMax - 1);
    const within = this.#countSince((way.last - burstMs) as Millis);
    const today = this.#countSince((way.last - dayMs) as Millis);
    const isMany = within > burstMax || today > dayCountMax || this.#inRow > rowMax;
    if (!this.#isTrouble && !isMany) return;
    this.#isTrouble = true;
    const isRecent = this.#away !== undefined && way.last - this.#away.at < burstMs;
    const milterAway = isRecent ? (this.#away?.milter ?? '') : '';
    set(trouble, bypassText(all, this.#total, cause({ last: all, milterAway })));
  }

  get #tools() {
    const { cause, troubles, world } = this.#deps;
    return { cause, count: world.count, log: world.log, set: troubles.set };
  }

  #countSince(since: Millis): number {
    return this.#times.filter((at) => at > since).length;
  }

  /** The trouble is over when mail is judged again and nothing bypassed Postern for ten minutes. */
  #judged(at: Millis): void {
    this.#inRow = 0;
    const last = this.#times.at(-1);
    if (!this.#isTrouble || last === undefined || at - last < burstMs) return;
    this.#isTrouble = false;
    this.#times = [];
    this.#deps.troubles.set(trouble, undefined);
  }
}

type Submitter = { readonly client: string; readonly login: Account | undefined };
