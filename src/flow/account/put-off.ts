/**
 * Remembers messages that were put off because too much of their account is held. Their senders try
 * again, and each message counts only once.
 */
import type { Submission } from '../../core/event.ts';
import { hash53 } from '../../lib/hash.ts';
import { RecentMap } from '../../lib/recent-map.ts';

const rememberedMax = 10_000;

export class PutOffMessages {
  readonly #known = new RecentMap<number, true>(rememberedMax);
  #any = false;

  has(message: Submission): boolean {
    return this.#any && this.#known.get(keyOf(message)) === true;
  }

  add(message: Submission): void {
    this.#any = true;
    this.#known.set(keyOf(message), true);
  }
}

/** The same for a message that its sender tries again. */
function keyOf({ account, messageId, fingerprint, outside, local }: Submission): number {
  const what = [account, messageId ?? '', fingerprint ?? '', ...outside, ...local];
  return hash53(what.join('\n'), 0);
}
