/**
 * The order in which handed-over messages go to the mail server: one at a time for each user. The
 * next goes when the mail server has shown the last one to the milter door, so messages are judged
 * in the order in which they came. A user who sends much does not delay the others.
 */
import { hourMs, minuteMs } from '../../lib/time.ts';
import type { HandoverFiles, SendOutcome } from '../../ports/handover.ts';
import type { World } from '../../ports/world.ts';

export type HandoverQueueDeps = {
  readonly files: Pick<HandoverFiles, 'send'>;
  readonly world: World;
  /** Asks the mail server to look at what it has; answers whether it runs. */
  readonly wakePickup: () => Promise<boolean>;
  /** The message is finished: the mail server has it, and our answer if it asked for one. */
  readonly over: (token: string) => void;
};

/** Runs of the mail server's own sendmail at the same time. */
const sendingMax = 4;
/**
 * The user's next message waits this long if the mail server does not show us the last one: it does
 * not run, or it discarded the message itself (header_checks).
 */
const unseenMs = 15_000;
/** A message that a running mail server never shows is forgotten after this time. */
const forgottenMs = 6 * hourMs;
/**
 * If Postern ended after a message was shown, the mail server may still lack our answer. It then
 * shows the message again within this time.
 */
const shownAgainMs = 5_000;
/** A message that a running mail server has not shown after this time may never be shown. */
const unmetMs = minuteMs;
/** Wait after a failed try; it doubles with each further one. */
const retryMs = 5_000;
const retryMsMax = 60_000;
/** After this many failures, the other messages of the user go first. */
const failuresInFront = 3;
const tickMs = 1_000;

type Waiting = { readonly token: string; tried: boolean; failures: number };
type Lane = {
  readonly uid: number;
  readonly waiting: Waiting[];
  /** Messages that the mail server has but has not shown yet, and since when. */
  readonly unseen: Map<string, number>;
  /** Those of them that were shown before Postern ended. */
  readonly shown: Set<string>;
  sending: boolean;
  /** The message that was sent last. */
  last: string | undefined;
  /** Failed tries in a row. */
  failures: number;
  /** Nothing is sent before this time. */
  notBefore: number;
};

export class HandoverQueue {
  readonly #deps: HandoverQueueDeps;
  readonly #lanes = new Map<number, Lane>();
  /** Users whose earlier messages are still being read. */
  readonly #paused = new Set<number>();
  readonly #stop: () => void;
  readonly #flights = new Set<Promise<void>>();
  #sending = 0;
  #open = false;
  /** Time counted in ticks, so that a clock that is set has no effect. */
  #now = 0;
  /** The part of that time in which the mail server ran. */
  #served = 0;
  #runs = true;

  constructor(deps: HandoverQueueDeps) {
    this.#deps = deps;
    this.#stop = deps.world.timers.every(tickMs, () => this.#tick());
  }

  /**
   * Adds a message. `going`: it may have been handed over before. `sent`: it was handed over.
   * `shown`: the mail server has shown it to us.
   */
  add(token: string, uid: number, state: 'new' | 'going' | 'sent' | 'shown'): void {
    const lane = this.#lane(uid);
    if (state === 'sent' || state === 'shown') {
      lane.unseen.set(token, this.#served);
      if (state === 'shown') lane.shown.add(token);
      const waitMs = state === 'sent' ? unseenMs : shownAgainMs;
      lane.notBefore = Math.max(lane.notBefore, this.#now + waitMs);
    } else insert(lane, { token, tried: state === 'going', failures: 0 });
    this.#next(lane);
  }

  /** The mail server has shown this message: it is no longer ours. */
  seen(token: string, uid: number): void {
    const lane = this.#lane(uid);
    lane.unseen.delete(token);
    lane.shown.delete(token);
    const at = lane.waiting.findIndex((one) => one.token === token);
    if (at >= 0 && !(at === 0 && lane.sending)) lane.waiting.splice(at, 1);
    // The mail server looks at all that it has, so an earlier message that was not shown never is.
    if (lane.unseen.size === 0 || token === lane.last) lane.notBefore = 0;
    this.#next(lane);
  }

  /** Sends nothing of this user until `read` has ended: what it adds may come before. */
  async after(uid: number, read: Promise<void>): Promise<void> {
    this.#paused.add(uid);
    await read.catch(() => {}); // refused: what is left is read later
    this.#paused.delete(uid);
    this.#next(this.#lane(uid));
  }

  /** Starts sending. Before that, all messages of an earlier run must have been added. */
  start(): void {
    this.#open = true;
    this.#all();
  }

  /** Sends nothing more. Resolves when all sending has ended. */
  async close(): Promise<void> {
    this.#open = false;
    this.#stop();
    await Promise.all(this.#flights);
  }

  /**
   * Messages that the mail server took and has not shown since `unmetMs`: how many, and for how
   * long the oldest.
   */
  unmet(): { readonly count: number; readonly forMs: number } {
    const ages = [...this.#lanes.values()].flatMap(({ unseen, shown }) =>
      [...unseen].filter(([token]) => !shown.has(token)).map(([, since]) => this.#served - since),
    );
    const late = ages.filter((age) => age >= unmetMs);
    return { count: late.length, forMs: Math.max(0, ...late) };
  }

  #lane(uid: number): Lane {
    const known = this.#lanes.get(uid);
    if (known !== undefined) return known;
    const lane = {
      uid,
      waiting: [],
      unseen: new Map<string, number>(),
      shown: new Set<string>(),
      sending: false,
      last: undefined,
      failures: 0,
      notBefore: 0,
    };
    this.#lanes.set(uid, lane);
    return lane;
  }

  #next(lane: Lane): void {
    if (lane.waiting.length === 0 && lane.unseen.size === 0 && !lane.sending) {
      this.#lanes.delete(lane.uid);
      return;
    }
    const [first] = lane.waiting;
    if (!this.#open || first === undefined || lane.sending || this.#sending >= sendingMax) return;
    if (lane.notBefore > this.#now || this.#paused.has(lane.uid)) return;
    lane.sending = true;
    this.#sending++;
    // To the end of the line: a user who sends much is served again after all others.
    this.#lanes.delete(lane.uid);
    this.#lanes.set(lane.uid, lane);
    const flight = this.#send(lane, first).finally(() => this.#flights.delete(flight));
    this.#flights.add(flight);
  }

  async #send(lane: Lane, message: Waiting): Promise<void> {
    const { files } = this.#deps;
    const { count, log } = this.#deps.world;
    const { token } = message;
    const again = message.tried;
    message.tried = true;
    lane.last = token;
    lane.unseen.set(token, this.#served);
    lane.notBefore = this.#now + unseenMs;
    const outcome: SendOutcome = await files
      .send(token, again ? 'again' : 'first try')
      .catch((cause: unknown) => ({ kind: 'unknown', why: String(cause) }));
    this.#sending--;
    lane.sending = false;
    const wasSeen = !lane.unseen.has(token);
    if (!wasSeen && (outcome.kind === 'refused' || outcome.kind === 'unknown')) {
      count('postern_sendmail_failed_total', 1, outcome.kind);
      log('error', 'sendmail.not-handed-over', { token, why: outcome.why });
      this.#failed(lane, message);
    } else {
      lane.waiting.shift();
      lane.failures = 0;
    }
    if (outcome.kind === 'gone' && !wasSeen) {
      log('error', 'sendmail.not-handed-over', { token, why: 'its file is gone' });
      this.#forget(lane, token);
    }
    this.#all();
  }

  #failed(lane: Lane, message: Waiting): void {
    const waitMs = Math.min(retryMsMax, retryMs * 2 ** lane.failures);
    lane.failures++;
    message.failures++;
    lane.unseen.delete(message.token);
    lane.notBefore = this.#now + waitMs;
    if (message.failures % failuresInFront !== 0) return;
    lane.waiting.shift();
    lane.waiting.push(message);
  }

  #forget(lane: Lane, token: string): void {
    lane.unseen.delete(token);
    lane.shown.delete(token);
    this.#deps.over(token);
  }

  #tick(): void {
    this.#now += tickMs;
    if (this.#runs) this.#served += tickMs;
    const late = [...this.#lanes.values()].filter(({ unseen }) => unseen.size > 0);
    if (late.length > 0) {
      void this.#deps.wakePickup().then((runs) => {
        this.#runs = runs;
      });
    }
    for (const lane of late) {
      if (lane.notBefore > this.#now || !this.#runs) continue;
      for (const token of [...lane.shown]) this.#forget(lane, token);
      for (const [token, since] of lane.unseen) {
        if (since > this.#served - forgottenMs) break; // the oldest is first
        this.#deps.world.log('warn', 'sendmail.unseen', { token });
        this.#forget(lane, token);
      }
    }
    this.#all();
  }

  #all(): void {
    for (const lane of [...this.#lanes.values()]) this.#next(lane);
  }
}

/** Inserts by token, which sorts by time. What is being sent stays in front. */
function insert(lane: Lane, message: Waiting): void {
  const from = lane.sending ? 1 : 0;
  let at = lane.waiting.length;
  while (at > from && (lane.waiting[at - 1]?.token ?? '') > message.token) at--;
  lane.waiting.splice(at, 0, message);
}
