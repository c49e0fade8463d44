/**
 * Puts together the answer to one whole message, which the mail server waits for. First comes the
 * gate's answer, then the readers' edits if the message goes on, then both are sent as packets.
 * Each may come at once or later; only the first of each counts, and none after the connection is
 * gone. Time comes from outside.
 */
import { unreachable } from '../../lib/assert.ts';
import type {
  Answer,
  DoorOutcome,
  HeaderEdit,
  PassingMessage,
  Submitter,
} from '../../ports/message.ts';
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
   * Runs a step that did not begin with bytes of the peer. What the step throws ends this session
   * and nothing else.
   */
  run(step: () => void): void;
};

export type Awaited = {
  /** Undefined for mail that comes in. */
  readonly by: Submitter['by'] | undefined;
  readonly id: string;
  readonly passing: PassingMessage;
  /** Both as agreed with the mail server. */
  readonly mayHold: boolean;
  readonly spaceSent: boolean;
  /** Made whatever the answer is, before the edits of the readers. */
  readonly edits: readonly HeaderEdit[] | undefined;
  /** The whole answer was sent. `later`: after `ask` had returned. */
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
  /** The answer of the gate; undefined until it has come. */
  #answer: DoorOutcome | undefined;
  #sinceMs = 0;
  #quietMs = 0;
  #asking = true;
  #over = false;

  constructor(port: AwaitedPort, about: Awaited) {
    this.#port = port;
    this.#about = about;
  }

  /** Asks for the answer. True: it came at once, and was sent. */
  ask(question: (answer: (answer: DoorOutcome) => void) => void): boolean {
    question((answer) => this.#answered(answer));
    this.#asking = false;
    return this.#over;
  }

  /**
   * Tells that `ms` have passed. The mail server hears from us now and then, and gets a temporary
   * refusal if the answer takes too long.
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

  /** The connection is gone: nothing is sent any more. */
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
      // Mail that arrives unsigned is better than mail that does not arrive.
      this.#port.log('error', 'milter.unread', { id, waitedMs });
      this.#edited([]);
    }
  }

  #answered(answer: DoorOutcome): void {
    if (this.#over || this.#answer !== undefined) return;
    this.#answer = answer;
    const { by, passing } = this.#about;
    const goesOn = (answer.kind !== 'reply' || by === 'local') && answer.kind !== 'discard';
    if (!passing.isEdited || !goesOn) this.#edited([]);
    else this.#step(() => passing.finish(by, (...found) => this.#finished(...found)));
  }

  /**
   * The readers are ready. A message that one refuses is refused by SMTP and not held: a release
   * would deliver it. Mail that comes in may get another answer from a reader, and other
   * mail is discarded if one says so.
   */
  #finished(
    edits: readonly HeaderEdit[],
    refused: string | undefined,
    instead: DoorOutcome | undefined,
  ): void {
    if (this.#over) return;
    if (refused === undefined) {
      if (this.#about.by === undefined && instead !== undefined) this.#incoming(instead);
      else if (instead?.kind === 'discard') this.#answer = instead;
      const isPutOff = this.#about.by === undefined && this.#answer?.kind === 'reply';
      this.#edited(isPutOff ? [] : edits);
    } else {
      this.#answer = { kind: 'reply', code: 550, enhanced: '5.7.1', text: refused };
      this.#edited(this.#about.by === 'local' ? edits : []);
    }
  }

  /** Mail that comes in passes where the mail server lets nobody hold it. */
  #incoming(instead: DoorOutcome): void {
    const { id, mayHold } = this.#about;
    if (instead.kind !== 'hold' || mayHold) this.#answer = instead;
    else this.#port.log('warn', 'milter.no-quarantine', { id, by: 'incoming' });
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

  /** What is thrown during `ask` reaches its caller; later, the port has to catch it. */
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

  #final(answer: DoorOutcome): Buffer {
    switch (answer.kind) {
      case 'pass':
        return continuePacket;
      case 'discard':
        return discardPacket;
      case 'hold':
        return this.#hold(answer.reason);
      case 'reply':
        // A refusal of mail from sendmail(1) would bounce to an address that a thief chose; after a
        // temporary one, Postfix tries every minute, each time as a new message. So it is held.
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
