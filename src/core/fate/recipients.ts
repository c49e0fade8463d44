/** What became of each recipient of a message so far. Most messages have one. */
import type { Millis } from '../../lib/time.ts';
import type { Attempt } from './attempt.ts';

export type RecipientState = {
  readonly recipient: string;
  /** As the message named it before aliases. */
  readonly original: string;
  /** The queue id under which the latest attempt was made. */
  readonly queueId: string;
  at: Millis;
  outcome: Attempt['outcome'];
  isLocal: boolean;
  /** A program or port that may be a filter took it; `returned`: it came back from there. */
  filter: 'none' | 'maybe' | 'returned';
  /** The recipient of a notice or of an alias, which the sender of the message did not name. */
  isForeign: boolean;
};

/**
 * Recipients of one message that are followed: the limit of Postfix for a message by SMTP is 1,000,
 * and lists have more. Whoever writes into the log could name any number.
 */
const recipientsMax = 100_000;
/** Up to here the list is searched; above, an index costs less. */
const searchedMax = 8;

const none: RecipientState[] = [];

export class Recipients {
  #list: RecipientState[] = none;
  #index: Map<string, number> | undefined;

  get size(): number {
    return this.#list.length;
  }

  all(): readonly RecipientState[] {
    return this.#list;
  }

  /** Replaces what was known of the recipient. */
  set(state: RecipientState): void {
    const place = this.#placeOf(state.recipient);
    if (place >= 0) this.#list[place] = state;
    // Most messages have one, and a list that grows has room for many.
    else if (this.#list.length === 0) this.#list = [state];
    else if (this.#list.length < recipientsMax) {
      this.#list.push(state);
      this.#index?.set(state.recipient, this.#list.length - 1);
    }
  }

  #placeOf(recipient: string): number {
    if (this.#list.length <= searchedMax) {
      for (let place = 0; place < this.#list.length; place++) {
        if (this.#list[place]?.recipient === recipient) return place;
      }
      return -1;
    }
    this.#index ??= new Map(this.#list.map((one, place) => [one.recipient, place]));
    return this.#index.get(recipient) ?? -1;
  }
}
