/** Messages that a filter may have handed back: the log has not told yet. */
import { type Millis, minuteMs } from '../../lib/time.ts';
import type { DeliveryEvent, JoinedMail } from './joined-mail.ts';

/** How many wait. */
const unsureMax = 20_000;
/** Deliveries of one of these that wait. */
export const waitingMax = 1_000;
/** How long one waits after its first delivery. */
export const unsureMs: number = minuteMs;

export class UnsureMessages {
  readonly all: Set<JoinedMail> = new Set();
  /** Those of which something was not told to anybody. */
  #untold = new Set<JoinedMail>();

  /** The message is unsure, or more is known of one that is. */
  add(mail: JoinedMail): void {
    this.all.add(mail);
    this.#untold.add(mail);
  }

  delete(mail: JoinedMail): void {
    this.all.delete(mail);
    this.#untold.delete(mail);
  }

  /** Those that waited long enough at this time. */
  *over(now: Millis): Generator<JoinedMail> {
    for (const mail of this.all) {
      const first = mail.waiting?.[0]?.at ?? (mail.openIds === 0 ? mail.at : undefined);
      if (first !== undefined && Math.abs(now - first) > unsureMs) yield mail;
    }
  }

  /** The oldest tenth, if there are more than may wait. */
  tooMany(): readonly JoinedMail[] {
    return this.all.size > unsureMax ? [...this.all].slice(0, unsureMax / 10) : [];
  }

  /** Each once, with its deliveries that were not told; and again when more is known. */
  *untold(): Generator<readonly [JoinedMail, readonly DeliveryEvent[]]> {
    if (this.#untold.size === 0) return;
    const untold = this.#untold;
    this.#untold = new Set();
    for (const mail of untold) {
      const { toldWaiting = 0, waiting = [] } = mail;
      mail.toldWaiting = waiting.length;
      yield [mail, waiting.slice(toldWaiting)];
    }
  }
}
