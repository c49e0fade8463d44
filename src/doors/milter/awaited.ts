/**
 * The answer to one whole message, which the mail server waits for: first the gate's, then, for
 * mail that goes on, the reader's edits, then all of it as packets. Each may come at once or later;
 * only the first of each counts, and none after the connection is gone. Time comes from outside.
 */
import { unreachable } from '../../lib/assert.ts';
import type { Answer, HeaderEdit, PassingMessage, Submitter } from '../../ports/message.ts';
import type { Count, Log } from '../../ports/world.ts';
import { editPackets } from './edits.ts';
import type { MilterOptions } from './options.ts';
import {
  continuePacket,
  discardPacket,
  holdPackets,
  progressPacket,
  replyPacket,
} from './reply.ts';

export type AwaitedPort = {
  readonly options: MilterOptions;
  readonly count: Count;
  readonly log: Log;
  write(bytes: Buffer): void;
  /**
   * Runs a step that no bytes of the peer set off: what it throws ends this session and nothing
   * else.
   */
  run(step: () => void): void;
};

/** discard: it is taken, and goes to nobody. */
export type AwaitedOutcome = Answer | { readonly kind: 'discard' };

export type Awaited = {
  /** undefined: mail that comes in. */
  readonly by: Submitter['by'] | undefined;
  readonly id: string;
  readonly passing: PassingMessage;
  /** Both as agreed with the mail server. */
  readonly mayHold: boolean;
  readonly spaceSent: boolean;
  /** Made whatever the answer and the reader say. */
  readonly edits: readonly HeaderEdit[] | undefined;
  /** All was said. `later`: after `ask` had returned. */
  over(when: 'at once' | 'later'): void;
};

const later: Answer = {
  kind: 'reply',
  code: 451,
  enhanced: '4.3.0',
  text: 'Cannot judge this message now; try again later',
};

export class AwaitedAnswer {
  readonly #port: AwaitedPort;
  readonly #about: Awaited;
  /** The gate's, while the reader finishes. */
  #answer: AwaitedOutcome | undefined;
  #sinceMs = 0;
  #quietMs = 0;
  #asking = true;
  #over = false;

  constructor(port: AwaitedPort, about: Awaited) {
    this.#port = port;
    this.#about = about;
  }

  /** Asks for the answer. True: it was there at once, and is sent. */
  ask(question: (answer: (answer: AwaitedOutcome) => void) => void): boolean {
    question((answer) => this.#answered(answer));
    this.#asking = false;
    return this.#over;
  }

  /**
   * Time goes by: the mail server is told that we are still there, and in the end that we have no
   * answer.
   */
  tick(ms: number): void {
    this.#sinceMs += ms;
    this.#quietMs += ms;
    if (this.#sinceMs >= this.#port.options.answerMs) this.#overdue();
    else if (this.#quietMs >= this.#port.options.progressMs) {
      this.#quietMs = 0;
      this.#port.write(progressPacket);
    }
  }

  /** Runs a step towards the answer, unless nobody waits for the answer any more. */
  readonly step = (run: () => void): void => {
    if (!this.#over && this.#answer === undefined) this.#step(run);
  };

  /** The connection is gone: nothing is said any more. */
  drop(): void {
    this.#over = true;
  }

  #overdue(): void {
    const who = this.#answer === undefined ? 'answer' : 'reader';
    this.#port.count('postern_milter_faults_total', 1, who);
    const { id } = this.#about;
    const waitedMs = this.#sinceMs;
    if (who === 'answer') {
      this.#port.log('error', 'milter.no-answer', { id, waitedMs });
      this.#answered(later);
    } else {
      // Unsigned mail is worth more than mail that does not arrive.
      this.#port.log('error', 'milter.unread', { id, waitedMs });
      this.#edited([]);
    }
  }

  #answered(answer: AwaitedOutcome): void {
    if (this.#over || this.#answer !== undefined) return;
    this.#answer = answer;
    const { by, passing } = this.#about;
    const goesOn = (answer.kind !== 'reply' || by === 'local') && answer.kind !== 'discard';
    if (!passing.isEdited || !goesOn) this.#edited([]);
    else this.#step(() => passing.finish(by, (edits, refused) => this.#finished(edits, refused)));
  }

  /**
   * The reader is ready. What it refuses goes no further, held neither: to release it would deliver
   * it.
   */
  #finished(edits: readonly HeaderEdit[], refused: string | undefined): void {
    if (this.#over) return;
    if (refused === undefined) this.#edited(edits);
    else {
      this.#answer = { kind: 'reply', code: 550, enhanced: '5.7.1', text: refused };
      this.#edited(this.#about.by === 'local' ? edits : []);
    }
  }

  #edited(edits: readonly HeaderEdit[]): void {
    if (this.#over || this.#answer === undefined) return;
    this.#over = true;
    const answer = this.#answer;
    const when = this.#asking ? 'at once' : 'later';
    this.#step(() => {
      const own = answer.kind === 'discard' ? [] : (this.#about.edits ?? []);
      this.#edit([...own, ...edits]);
      this.#port.write(this.#final(answer));
      this.#about.over(when);
    });
  }

  /** Whoever called `ask` takes care of what is thrown in it; later, nobody does. */
  #step(step: () => void): void {
    if (this.#asking) step();
    else this.#port.run(step);
  }

  #edit(edits: readonly HeaderEdit[]): void {
    if (edits.length === 0) return;
    const { packets, refused } = editPackets(edits, this.#about);
    for (const one of packets) this.#port.write(one);
    if (refused === 0) return;
    this.#port.count('postern_milter_faults_total', refused, 'edit');
    this.#port.log('error', 'milter.bad-edit', { id: this.#about.id, refused });
  }

  #final(answer: AwaitedOutcome): Buffer {
    switch (answer.kind) {
      case 'pass':
        return continuePacket;
      case 'discard':
        return discardPacket;
      case 'hold':
        return this.#hold(answer.reason);
      case 'reply':
        // A refusal of mail from sendmail(1) bounces to whom a thief chose; a tempfail is tried
        // again every minute, each time as a new message. So it is held.
        return this.#about.by === 'local' ? this.#hold(answer.text) : replyPacket(answer);
      default:
        return unreachable(answer);
    }
  }

  #hold(reason: string): Buffer {
    const { by, id, mayHold } = this.#about;
    if (mayHold) return holdPackets(reason);
    this.#port.log('warn', 'milter.no-quarantine', { id, by });
    return replyPacket({ kind: 'reply', code: 451, enhanced: '4.7.1', text: reason });
  }
}
