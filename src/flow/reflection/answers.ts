/**
 * Lets no automatic answer (vacation) of this server go to a sender who may be forged. What is
 * known of mail that came in stays in memory for some days, by Message-ID, which an answer names,
 * and by sender, for mail without one. What gets no answer is remembered over a restart.
 *
 * An answer that may not leave is discarded: it is made by a program, nobody waits for it, and a
 * refusal would make Postfix send a notice about it.
 */
import type { InboundKnowledge } from '../../core/inbound/greylist/knowledge.ts';
import type { InboundResults } from '../../core/inbound/results.ts';
import {
  type AnswerVerdict,
  answerWhy,
  type CameIn,
  cameInAs,
  saysAnswer,
  saysNotice,
  saysSpam,
  worse,
} from '../../core/reflection/answer.ts';
import { addressKey } from '../../formats/message/address.ts';
import { firstMailbox } from '../../formats/message/header.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { Finished, MessageReader, MessageStart } from '../../ports/message.ts';
import type { World } from '../../ports/world.ts';

export type AnswersDeps = {
  readonly world: Pick<World, 'clock' | 'count' | 'log'>;
  readonly isJudged: () => boolean;
  /** Nothing is discarded; the log says what would have been. */
  readonly observes: () => boolean;
  /** Remembers answers over a restart. */
  readonly known: Pick<InboundKnowledge, 'find' | 'see'>;
};

/** Messages that came in and are remembered. */
const messagesMax = 50_000;
/** Messages of which the results are not known yet. */
const openMax = 5_000;
const keptMs = 7 * dayMs;
/** Answers that are remembered, so that none is repeated. */
const answersMax = 50_000;
/** RFC 5230 section 4.2: a vacation answer is repeated after seven days by default. */
const repeatMs = 7 * dayMs;
const idsMax = 20;

type Arrived = { readonly at: Millis; readonly as: CameIn };
/** `names`: the Message-IDs, and who seems to have sent it. */
type Open = { readonly names: Set<string>; isSpam: boolean };

/** Names that one message may have. */
const namesMax = 5;
const fromName = (address: string): string => `from ${address}`;

export class Answers {
  readonly #deps: AnswersDeps;
  /** Message-ID or sender → what it came in as. */
  readonly #arrived = new RecentMap<string, Arrived>(messagesMax);
  /** Queue id → the message that is read. */
  readonly #open = new RecentMap<string, Open>(openMax);
  readonly #answered = new RecentMap<string, Millis>(answersMax);

  constructor(deps: AnswersDeps) {
    this.#deps = deps;
  }

  open(start: MessageStart): MessageReader | undefined {
    if (!this.#deps.isJudged()) return undefined;
    if (start.by === undefined) return this.#incoming(start);
    // People with a login write themselves, or their program does it for them.
    return start.by === 'login' ? undefined : new AnswerReader(this, start);
  }

  /** Takes the results of a message that comes in. */
  heard({ dmarc, queueId, spf }: Pick<InboundResults, 'dmarc' | 'queueId' | 'spf'>): void {
    const known = this.#open.get(queueId);
    if (known === undefined) return;
    this.#came(known, cameInAs({ spf: spf.result, dmarc: dmarc.result, isSpam: known.isSpam }));
  }

  /** The content filter calls a message spam. */
  isSpam(queueId: string): void {
    const known = this.#open.get(queueId);
    if (known === undefined) return;
    known.isSpam = true;
    this.#came(known, 'spam');
  }

  #came({ names }: Open, as: CameIn): void {
    const at = this.#deps.world.clock.now();
    for (const name of names) {
      const isId = !name.startsWith('from ');
      const before = this.#arrived.get(name);
      const isOver = before === undefined || at - before.at > keptMs;
      // Of a sender the last message counts, so that nobody is silenced by forgers.
      const all = worse(as, isId && !isOver ? before.as : undefined);
      this.#arrived.set(name, { at, as: all });
      if (isId && all !== 'fine') this.#deps.known.see(`came-${all}`, name, at);
    }
  }

  /** What the answered message came in as. */
  #asOf(ids: readonly string[], to: string, now: Millis): CameIn {
    const isRecent = (at: Millis | undefined): boolean => at !== undefined && now - at <= keptMs;
    for (const id of ids) {
      const known = this.#arrived.get(id);
      if (known !== undefined && isRecent(known.at)) return known.as;
      for (const as of ['forged', 'spam'] as const) {
        if (isRecent(this.#deps.known.find(`came-${as}`, id)?.lastAt)) return as;
      }
    }
    const sender = this.#arrived.get(fromName(to));
    return sender !== undefined && isRecent(sender.at) ? sender.as : 'fine';
  }

  judge(answer: {
    readonly ids: readonly string[];
    readonly account: string;
    readonly to: string;
    readonly queueId: string;
  }): AnswerVerdict {
    const { account, ids, queueId, to } = answer;
    const { clock, count, log } = this.#deps.world;
    const now = clock.now();
    const as = this.#asOf(ids, to, now);
    const key = `${account}\0${to}`;
    const last = this.#answered.get(key) ?? this.#deps.known.find('answered', key)?.lastAt;
    const isRepeated = last !== undefined && now - last < repeatMs;
    const verdict = as === 'fine' ? (isRepeated ? 'repeated' : 'passed') : as;
    if (verdict === 'passed' && to !== '') {
      // In memory too: the ledger takes no more entries when it is full.
      this.#answered.set(key, now);
      this.#deps.known.see('answered', key, now);
    }
    count('postern_automatic_answers_total', 1, verdict);
    if (verdict !== 'passed') {
      const observed = this.#deps.observes();
      const why = answerWhy[verdict];
      log('info', 'reflection.answer-dropped', { id: queueId, account, why, observed });
      if (observed) return 'passed';
    }
    return verdict;
  }

  #incoming({ queueId, sender }: MessageStart): MessageReader | undefined {
    if (queueId === '') return undefined;
    const message: Open = { names: new Set([fromName(addressKey(sender))]), isSpam: false };
    this.#open.set(queueId, message);
    return {
      header(name, value) {
        const key = name.toLowerCase();
        const names =
          key === 'message-id' ? idsIn(value) : key === 'from' ? [fromName(mailboxIn(value))] : [];
        for (const name of names) if (message.names.size < namesMax) message.names.add(name);
        if (saysSpam(key, value)) message.isSpam = true;
      },
      body: () => undefined,
      finish: (done) => done([]),
    };
  }
}

class AnswerReader implements MessageReader {
  readonly #answers: Answers;
  readonly #start: MessageStart;
  readonly #ids: string[] = [];
  #isAnswer = false;
  /** Notices of Postfix say that they are automatic, too (`postern connect bounces`). */
  #isNotice = false;
  #from = '';
  #to = '';

  constructor(answers: Answers, start: MessageStart) {
    this.#answers = answers;
    this.#start = start;
  }

  header(name: string, value: string): void {
    const key = name.toLowerCase();
    if (saysAnswer(key, value)) this.#isAnswer = true;
    if (saysNotice(key, value)) this.#isNotice = true;
    if (key === 'from' && this.#from === '') this.#from = mailboxIn(value);
    if (key === 'to' && this.#to === '') this.#to = mailboxIn(value);
    if (key === 'in-reply-to' || key === 'references') {
      this.#ids.push(...idsIn(value).slice(0, idsMax - this.#ids.length));
    }
  }

  body(): void {}

  finish(done: Finished): void {
    const { queueId } = this.#start;
    if (!this.#isAnswer || this.#isNotice) {
      done([]);
      return;
    }
    const about = { ids: this.#ids, account: this.#from, to: this.#to, queueId };
    if (this.#answers.judge(about) === 'passed') done([]);
    else done([], undefined, { kind: 'discard' });
  }
}

function idsIn(value: string): readonly string[] {
  const found = value.slice(0, 8_000).match(/<[^<>\s]{3,250}>/g) ?? [];
  return found.map((one) => one.slice(1, -1));
}

const mailboxIn = (value: string): string => addressKey(firstMailbox(value.slice(0, 2_000)));
