/**
 * Counts the notices about undelivered mail that our mail server sends to other servers. A burst is
 * a trouble: the operator is told once, until it is over.
 */
import type { LogEvent } from '../../core/event.ts';
import { burstText, type NoticeCause, noticeCause } from '../../core/reflection/own-bounce.ts';
import { domainOf } from '../../formats/message/address.ts';
import { isOwnDomain } from '../../formats/postfix/own-domains.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { Troubles } from '../../ports/troubles.ts';
import type { World } from '../../ports/world.ts';

export type OwnBouncesDeps = {
  readonly world: Pick<World, 'clock' | 'count' | 'timers'>;
  readonly troubles: Pick<Troubles, 'set'>;
  readonly localDomains: ReadonlySet<string>;
  /** Notices an hour before the operator is told. */
  readonly limit: () => number;
};

/** Messages whose sender and last refusal are remembered. */
const messagesMax = 20_000;
const trouble = 'own bounces';

/** Notices of one minute, by cause. */
type Minute = { readonly at: Millis; readonly counts: Map<NoticeCause, number> };
type Known = { readonly sender: string; cause: NoticeCause };

export class OwnBounces {
  readonly #deps: OwnBouncesDeps;
  readonly #messages = new RecentMap<string, Known>(messagesMax);
  /** Those of the last hour, the oldest first. */
  #minutes: Minute[] = [];
  readonly #stop: () => void;

  constructor(deps: OwnBouncesDeps) {
    this.#deps = deps;
    this.#stop = deps.world.timers.every(minuteMs, () => this.#forget(deps.world.clock.now()));
  }

  close(): void {
    this.#stop();
  }

  seen(event: LogEvent): void {
    if (!('queueId' in event) || event.queueId === '') return;
    const key = `${event.host ?? ''} ${event.queueId}`;
    if (event.kind === 'queued') {
      const known = this.#messages.get(key);
      this.#messages.set(key, { sender: event.sender, cause: known?.cause ?? 'other' });
    } else if (event.kind === 'delivery') {
      const known = this.#messages.get(key);
      if (known === undefined || event.outcome === 'sent') return;
      const { reply, status } = event;
      known.cause = noticeCause({ status, reply, isFilter: event.relay === 'here' });
    } else if (event.kind === 'bounce-made') this.#noticeMade(key, event.at);
  }

  #noticeMade(key: string, at: Millis): void {
    const { limit, localDomains, troubles, world } = this.#deps;
    const known = this.#messages.get(key);
    if (known === undefined || known.sender === '') return;
    if (isOwnDomain(localDomains, domainOf(known.sender))) return;
    world.count('postern_own_bounces_total', 1, known.cause);
    const minute = Math.floor(at / minuteMs) * minuteMs;
    let last = this.#minutes.at(-1);
    if (last === undefined || last.at < minute) {
      last = { at: minute as Millis, counts: new Map() };
      this.#minutes.push(last);
      this.#forget(at);
    }
    last.counts.set(known.cause, (last.counts.get(known.cause) ?? 0) + 1);
    const counts = this.#counts();
    const count = sum(counts);
    if (count <= limit()) return;
    const [most = 'other'] = [...counts]
      .sort(([, one], [, two]) => two - one)
      .map(([cause]) => cause);
    troubles.set(trouble, burstText(count, limit(), most));
  }

  #counts(): ReadonlyMap<NoticeCause, number> {
    const all = new Map<NoticeCause, number>();
    for (const { counts } of this.#minutes) {
      for (const [cause, count] of counts) all.set(cause, (all.get(cause) ?? 0) + count);
    }
    return all;
  }

  #forget(now: Millis): void {
    const { limit, troubles } = this.#deps;
    const before = sum(this.#counts());
    this.#minutes = this.#minutes.filter(({ at }) => at > now - hourMs - minuteMs);
    if (before > limit() && sum(this.#counts()) <= limit()) troubles.set(trouble, undefined);
  }
}

function sum(counts: ReadonlyMap<NoticeCause, number>): number {
  return [...counts.values()].reduce((all, one) => all + one, 0);
}
