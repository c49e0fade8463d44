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
import { type DoubtedReturns, openDoubtedReturns } from './doubted-returns.ts';
import type { QueueTrails, Trail } from './queue-trails.ts';
import { decodeMeter, encodeMeter, storedMeterKey } from './stored-meter.ts';

export type BypassDeps = {
  readonly trails: QueueTrails;
  readonly notes: Pick<DoorNotes, 'met'>;
  readonly journal: Pick<Journal, 'add'> & {
    readonly live: Pick<Journal['live'], 'message' | 'meta'>;
  };
  readonly world: Pick<World, 'clock' | 'count' | 'log'>;
  readonly troubles: Pick<Troubles, 'set'>;
  /** Domains of this server. */
  readonly localDomains: ReadonlySet<string>;
  readonly mayRelay: (client: string) => boolean;
  /** Says whether it is the Message-ID of one of Postern's notices. */
  readonly isNotice: (messageId: string) => boolean;
  /** The likely cause, in a sentence, and what to do. Asked when the trouble begins. */
  readonly cause: (facts: BypassFacts) => string;
};

export type BypassFacts = {
  readonly last: BypassedWay;
  /** The milter that Postfix could not ask of late; empty if there was none. */
  readonly milterAway: string;
};

export type BypassMeter = LogHandler & {
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
/** Ways that are kept over a restart: 10 kB in the ledger. */
const keptWaysMax = 40;
/** Addresses that get copies of mail that comes in (always_bcc, recipient_bcc_maps). */
const copiesMax = 200;
/**
 * Messages that pass as one notice: Postern may have sent a notice again. Who reads a notice knows
 * its Message-ID and could use it for other mail.
 */
const noticeTimesMax = 3;
const noticesMax = 1_000;
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
    taken: (key, place) => meter.taken(key, place),
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
  /** What is wrong now; empty if nothing. */
  #why = '';
  #away: { readonly milter: string; readonly at: Millis } | undefined;
  #reading = 0;
  #wanted = 0;
  readonly #since: Millis;
  readonly #notices = new RecentMap<string, number>(noticesMax);
  readonly #copies = new Set<string>();
  readonly #doubts: DoubtedReturns;
  #isChanged = false;

  constructor(deps: BypassDeps) {
    this.#deps = deps;
    this.#doubts = openDoubtedReturns(deps.trails, (event, isProven) => {
      this.#leaves(event, isProven ? 'proven' : 'unproven');
    });
    const stored = decodeMeter(deps.journal.live.meta(storedMeterKey));
    this.#since = stored?.since ?? deps.world.clock.now();
    if (stored === undefined) return;
    this.#total = stored.messages;
    this.#inRow = stored.inRow;
    this.#times = [...stored.times];
    for (const way of stored.ways) this.#ways.set(keyOf(way), way);
    for (const copy of stored.copies) this.#copies.add(copy);
    this.#why = stored.why;
    if (stored.why !== '') deps.troubles.set(trouble, stored.why);
  }

  /** Written soon after the lines were read, with their place: after a crash none counts twice. */
  taken(key: string, place: string): void {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    const value = encodeMeter({
      since: this.#since,
      messages: this.#total,
      inRow: this.#inRow,
      why: this.#why,
      times: this.#times,
      ways: [...this.#ways.values()].slice(-keptWaysMax),
      copies: [...this.#copies],
    });
    this.#deps.journal.add({ kind: 'meta', key: storedMeterKey, value });
    this.#deps.journal.add({ kind: 'meta', key, value: place });
  }

  seen(event: LogEvent): void {
    this.#deps.trails.seen(event);
    this.#doubts.seen(event);
    if (event.kind === 'milter-away') this.#away = event;
    else if (event.kind === 'delivery') this.#delivery(event);
  }

  reading(reading: number, wanted: number): void {
    this.#reading = reading;
    this.#wanted = wanted;
  }

  view(): BypassView {
    const ways = [...this.#ways.values()].toReversed();
    return {
      watched: this.#wanted === 0 ? 'off' : this.#reading < this.#wanted ? 'unread' : 'yes',
      since: this.#since,
      messages: this.#total,
      ways: ways.slice(0, shownWaysMax),
    };
  }

  #delivery(event: DeliveryEvent): void {
    if (!this.#isLeaving(event)) return;
    const isMet = this.#met(event.queueId) !== undefined;
    if (isMet || !this.#doubts.takes(event)) this.#leaves(event, 'proven');
  }

  /** `unproven`: it is not the message that it claims to be. */
  #leaves(event: DeliveryEvent, as: 'proven' | 'unproven'): void {
    const { trails, world } = this.#deps;
    const trail = trails.of(event.queueId);
    const key = `${event.queueId} ${trail?.at ?? ''} ${as}`;
    if (this.#left.get(key) === true) return;
    this.#left.set(key, true);
    const before = as === 'proven' ? trails.before(event.queueId) : [];
    const ids = [event.queueId, ...before];
    const first = this.#firstOf(ids);
    const who = first === undefined ? undefined : this.#submitterOf(first);
    const what = this.#what(event, ids, first, who);
    world.count('postern_mail_left_total', 1, what);
    if (what === 'judged') this.#judged(event.at);
    else if (what === 'came-in') this.#cameIn(event);
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
    const { localDomains, mayRelay, trails } = this.#deps;
    for (const id of ids) {
      const met = this.#met(id);
      if (met !== undefined) return met;
    }
    if (first === undefined || who === undefined) {
      return trails.isInternal(queueId) ? 'own' : 'unknown';
    }
    if (first.uid !== undefined) return 'bypassed';
    if (first.login === undefined && this.#isNotice(first.messageId)) return 'own';
    if (who.login !== undefined) return 'bypassed';
    // An address of this server that is forwarded by an alias.
    const isForwarded = original !== recipient || isOwnDomain(localDomains, domainOf(original));
    if (isForwarded && !this.#isRouted(original, who.client)) return 'came-in';
    if (mayRelay(who.client)) return 'bypassed';
    // A copy of mail that came in while the guard was away.
    if (this.#copies.has(recipient)) return 'came-in';
    // A stranger's mail for a domain that Postfix only passes on (relay_domains).
    return service.includes('/relay/') ? 'came-in' : 'bypassed';
  }

  /**
   * A client that may relay names an address elsewhere in a form that Postfix rewrites: `a%b@here`,
   * `b!a`, or a domain that it completes.
   */
  #isRouted(original: string, client: string): boolean {
    if (!this.#deps.mayRelay(client)) return false;
    const domain = domainOf(original);
    const isHere = domain === '' || isOwnDomain(this.#deps.localDomains, domain);
    return !isHere || /[%!]/.test(original);
  }

  /** A notice may have copies for an archive, so its recipients are not looked at. */
  #isNotice(messageId: string): boolean {
    if (!this.#deps.isNotice(messageId)) return false;
    const times = this.#notices.get(messageId) ?? 0;
    this.#notices.set(messageId, times + 1);
    return times < noticeTimesMax;
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
    const { count, log } = this.#deps.world;
    const key = keyOf(way);
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
    this.#isChanged = true;
    count('postern_bypassed_total', 1, `${way.service} ${way.leftBy}`);
    if (known === undefined) log('warn', 'bypass.seen', { ...way });
    this.#times = [...this.#times, way.last].slice(-dayCountMax - 1);
    const within = this.#countSince((way.last - burstMs) as Millis);
    const today = this.#countSince((way.last - dayMs) as Millis);
    const isMany = within > burstMax || today > dayCountMax || this.#inRow > rowMax;
    if (this.#why === '' && !isMany) return;
    this.#trouble(all);
  }

  #trouble(last: BypassedWay): void {
    const isRecent = this.#away !== undefined && last.last - this.#away.at < burstMs;
    const milterAway = isRecent ? (this.#away?.milter ?? '') : '';
    const cause = this.#deps.cause({ last, milterAway });
    this.#why = bypassText(last, this.#total, cause);
    this.#deps.troubles.set(trouble, this.#why);
  }

  /** The door saw the message come in, and Postfix sent a copy to an address elsewhere. */
  #cameIn({ original, queueId, recipient }: DeliveryEvent): void {
    if (original !== recipient || this.#copies.size >= copiesMax) return;
    if (this.#copies.has(recipient) || this.#met(queueId) !== 'came-in') return;
    this.#copies.add(recipient);
    this.#isChanged = true;
  }

  #countSince(since: Millis): number {
    return this.#times.filter((at) => at > since).length;
  }

  /** The trouble is over when mail is judged again and nothing bypassed Postern for ten minutes. */
  #judged(at: Millis): void {
    if (this.#inRow > 0) this.#isChanged = true;
    this.#inRow = 0;
    const last = this.#times.at(-1);
    if (this.#why === '' || last === undefined || at - last < burstMs) return;
    this.#why = '';
    this.#times = [];
    this.#isChanged = true;
    this.#deps.troubles.set(trouble, undefined);
  }
}

function keyOf({ client, login, service, uid }: BypassedWay): string {
  return `${service} ${uid ?? ''} ${client} ${login}`;
}

type Submitter = { readonly client: string; readonly login: Account | undefined };
