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
/** Notices of an hour that are counted one by one. */
const noticesMax = 100_000;
const trouble = 'own bounces';

type Known = { readonly sender: string; cause: NoticeCause };

export class OwnBounces {
  readonly #deps: OwnBouncesDeps;
  readonly #messages = new RecentMap<string, Known>(messagesMax);
  readonly #notices: { readonly at: Millis; readonly cause: NoticeCause }[] = [];

  readonly #counts = new Map<NoticeCause, number>();
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
    if (this.#notices.length >= noticesMax) this.#dropFirst();
    this.#notices.push({ at, cause: known.cause });
    this.#counts.set(known.cause, (this.#counts.get(known.cause) ?? 0) + 1);
    if (this.#notices.length <= limit()) return;
    const [most = 'other'] = [...this.#counts]
      .sort(([, one], [, two]) => two - one)
      .map(([cause]) => cause);
    troubles.set(trouble, burstText(this.#notices.length, limit(), most));
  }

  #dropFirst(): void {
    const first = this.#notices.shift();
    if (first !== undefined)
      this.#counts.set(first.cause, (this.#counts.get(first.cause) ?? 1) - 1);
  }

  #forget(now: Millis): void {
    const before = this.#notices.length;
    while ((this.#notices[0]?.at ?? now) < now - hourMs) this.#dropFirst();
    const { limit, troubles } = this.#deps;
    if (before > limit() && this.#notices.length <= limit()) troubles.set(trouble, undefined);
  }
}
