/**
 * Judges one message that comes in, at the end of DATA: gathers what is known about it, asks the
 * core, writes down what is held, and says what the door answers. Whatever fails or is late, the
 * message passes.
 */
import type { WroteIn } from '../../../core/correspondents/wrote-in.ts';
import {
  type DeferralBooks,
  deferUntil,
  noteArrival,
} from '../../../core/inbound/deferring/deferral.ts';
import type { DueFacts, InboundFacts } from '../../../core/inbound/greylist/facts.ts';
import { judgeDue, judgeMessage, rememberMessage } from '../../../core/inbound/greylist/judge.ts';
import type { InboundJudgement, JudgePolicy } from '../../../core/inbound/greylist/judgement.ts';
import type { InboundResults } from '../../../core/inbound/results.ts';
import { saysCode } from '../../../core/inbound/sign-in-code.ts';
import { answeredLater, type DnsAnswer, type DnsQuestion } from '../../../formats/dns/question.ts';
import { domainOf } from '../../../formats/message/address.ts';
import { parseQueueId } from '../../../formats/postfix/queue-id.ts';
import { type ListedIn, listedIn } from '../../../formats/spf/address-lists.ts';
import { type Millis, minuteMs } from '../../../lib/time.ts';
import type { InboundRow, InboundState } from '../../../ports/inbound/inbound.ts';
import type {
  Answer,
  IncomingJudge,
  IncomingReader,
  IncomingSaid,
  MessageStart,
} from '../../../ports/message.ts';
import type { Resolver, World } from '../../../ports/world.ts';
import { AddressReader } from '../../correspondents/address-reader.ts';
import type { Journal } from '../../journal/journal.ts';
import type { ScannerQueue } from '../../scan/scanner-queue.ts';
import { openQuestions } from '../dns-questions.ts';
import { logFailed } from '../inbound-log.ts';
import {
  type ContentFound,
  ContentRoom,
  MessageContent,
  receivedField,
  scanContent,
} from './content.ts';
import {
  aboutDeferred,
  inboundRowOf,
  insertField,
  keptFacts,
  markOf,
  readFacts,
} from './incoming-row.ts';
import type { KnownSenders } from './known-senders.ts';
import { MessageText } from './message-text.ts';
import type { WaitingInbound } from './waiting-inbound.ts';

/** Changed in place by a reload. */
export type JudgeSettings = {
  readonly policy: JudgePolicy;
  /** Fields for mail that its content shows to be spam. */
  readonly junkFields: readonly { readonly name: string; readonly value: string }[];
  readonly dnsbl: readonly string[];
  readonly dnswl: readonly string[];
  /** Where a 451 is given. */
  readonly defersAt: 'data' | 'rcpt';
};

export type JudgeDeps = {
  readonly journal: Pick<Journal, 'add'>;
  readonly known: KnownSenders;
  readonly waiting: () => WaitingInbound;
  readonly queues: () => readonly ScannerQueue[];
  readonly resolve: Resolver;
  readonly deadlineMs: number;
  readonly mayRelay: (client: string) => boolean;
  /** Returned mail that proves that we sent the original (flow/reflection/). */
  readonly isProvenReturn: (queueId: string) => Promise<boolean | undefined>;
  /** Content shows that it is spam. */
  readonly spam: (queueId: string) => void;
  readonly correspondents: {
    /** Wanted mail was accepted of somebody who has proved to be its author. */
    wroteIn(who: WroteIn, at: Millis): void;
    /** Of Postfix: characters behind which a mailbox may have an extension. */
    delimiters(): string;
  };
  readonly host: string;
  /** As in Date fields. */
  readonly mailDate: (at: Millis) => string;
  readonly world: World;
  readonly settings: JudgeSettings;
};

type Ask = (question: DnsQuestion) => Promise<DnsAnswer>;
type Look = {
  readonly content: Promise<ContentFound | undefined>;
  readonly bad: Promise<ListedIn>;
  readonly good: Promise<ListedIn>;
};

const sayNothing: IncomingSaid = { edits: [] };

/** `waitMs`: how much longer the sender has to wait. */
export function laterAnswer(waitMs: number): Answer {
  const minutes = Math.max(1, Math.ceil(waitMs / minuteMs));
  const text = `Not known here yet; please try again in ${minutes} min`;
  return { kind: 'reply', code: 451, enhanced: '4.7.1', text };
}

export class InboundJudge implements IncomingJudge {
  readonly #deps: JudgeDeps;
  readonly #room = new ContentRoom();
  /** Octets of messages that wait, for a second look. */
  readonly #kept = new Map<string, MessageContent>();

  constructor(deps: JudgeDeps) {
    this.#deps = deps;
  }

  /** Opens what reads a message that comes in. */
  open(start: MessageStart): IncomingReader | undefined {
    // Of our own networks: not a stranger's.
    if (this.#deps.mayRelay(start.client)) return undefined;
    const sizes = this.#deps.queues().map(({ octetsMax }) => octetsMax);
    return new IncomingMessage(this.#deps, start, {
      content: new MessageContent(this.#room, Math.max(0, ...sizes)),
      keep: (content) => {
        this.over(start.queueId);
        if (content.keep()) this.#kept.set(start.queueId, content);
        else content.free();
      },
    });
  }

  /** Looks at a message again whose time is over. */
  async again(row: InboundRow): Promise<Pick<InboundRow, 'reasons'> | 'release'> {
    const { correspondents, deadlineMs, queues, resolve, settings, world } = this.#deps;
    try {
      const questions = openQuestions({ resolve, world, deadlineMs });
      const [bad, content] = await Promise.all([
        answeredLater(listedIn(row.client, settings.dnsbl), questions.ask),
        scanContent(queues(), this.#kept.get(row.queueId)?.octets),
      ]).finally(() => questions.close());
      const facts: DueFacts = {
        at: world.clock.now(),
        dnsbl: isOnLists(bad, settings.dnsbl),
        likeness: content?.likeness ?? row.likeness,
        ...(content === undefined ? {} : { counted: content.counted }),
      };
      const then = readFacts(row.facts);
      const { action, why } = judgeDue(then, facts, this.#deps.known, settings.policy);
      if (action !== 'release') return { reasons: [why, ...row.reasons] };
      if (then.wroteIn !== undefined) correspondents.wroteIn(then.wroteIn, facts.at);
      return 'release';
    } catch (fault) {
      logFailed(world.log, row.queueId, fault);
      return 'release';
    }
  }

  /** The message no longer waits. */
  over(queueId: string): void {
    this.#kept.get(queueId)?.free();
    this.#kept.delete(queueId);
  }
}

class IncomingMessage implements IncomingReader {
  readonly #deps: JudgeDeps;
  readonly #start: MessageStart;
  readonly #text = new MessageText();
  readonly #addresses = new AddressReader();
  readonly #content: MessageContent;
  readonly #keep: (content: MessageContent) => void;
  #look: Look | undefined;
  #isKept = false;

  constructor(
    deps: JudgeDeps,
    start: MessageStart,
    of: {
      readonly content: MessageContent;
      readonly keep: (content: MessageContent) => void;
    },
  ) {
    this.#deps = deps;
    this.#start = start;
    this.#content = of.content;
    this.#keep = of.keep;
  }

  header(name: string, value: string): void {
    this.#text.header(name, value);
    this.#addresses.header(name, value);
    this.#content.header(name, value);
  }

  body(bytes: Buffer, start: number, end: number): void {
    this.#text.body(end - start);
    this.#content.body(bytes, start, end);
  }

  /** The whole message was read: scanners and lists are asked. */
  look(ask: Ask): void {
    const { host, mailDate, queues, settings, world } = this.#deps;
    const { client } = this.#start;
    this.#content.end(receivedField(this.#start, host, mailDate(world.clock.now())));
    this.#look = {
      content: scanContent(queues(), this.#content.octets),
      bad: answeredLater(listedIn(client, settings.dnsbl), ask),
      good: answeredLater(listedIn(client, settings.dnswl), ask),
    };
  }

  /** Never rejects. */
  async decide(results: InboundResults): Promise<IncomingSaid> {
    try {
      return await this.#decide(results);
    } catch (fault) {
      logFailed(this.#deps.world.log, this.#start.queueId, fault);
      return sayNothing;
    }
  }

  /** What a scanner still reads counts until the scanner has answered. */
  drop(): void {
    const free = (): void => {
      if (!this.#isKept) this.#content.free();
    };
    if (this.#look === undefined) free();
    else void this.#look.content.then(free);
  }

  async #decide(results: InboundResults): Promise<IncomingSaid> {
    const { known, settings, world } = this.#deps;
    const [content, bad, good] = await Promise.all([
      this.#look?.content,
      this.#look?.bad,
      this.#look?.good,
    ]);
    if (content?.isSpam === true) this.#deps.spam(this.#start.queueId);
    const facts = this.#facts(results, {
      likeness: content?.likeness,
      ...(content === undefined ? {} : { counted: content.counted }),
      isProvenReturn: await this.#deps.isProvenReturn(this.#start.queueId),
      dnsbl: isOnLists(bad, settings.dnsbl),
      dnswl: isOnLists(good, settings.dnswl),
    });
    const judgement = judgeMessage(facts, known, settings.policy);
    const said = await this.#carryOut(results, facts, judgement);
    const { action, would } = judgement;
    const passes = (action === 'wait' || action === 'defer') && said.instead === undefined;
    world.count('postern_inbound_judged_total', 1, passes ? 'pass' : action);
    // Mail that was put off comes again, and counts then.
    const isPutOff = action === 'defer' && !passes;
    if (!isPutOff) rememberMessage(facts, known, settings.policy);
    const isWanted = would === 'pass' && content?.isSpam !== true && (facts.likeness ?? 0) < 1;
    if (isWanted && said.instead === undefined) this.#noteAuthor(results, facts.at);
    return said;
  }

  #noteAuthor(results: InboundResults, at: Millis): void {
    const who = this.#wroteIn(results);
    if (who !== undefined) this.#deps.correspondents.wroteIn(who, at);
  }

  #wroteIn(results: InboundResults): WroteIn | undefined {
    const { correspondents, settings } = this.#deps;
    const { recipients } = this.#start;
    const who = this.#addresses.wroteIn(results, {
      recipients,
      delimiters: correspondents.delimiters(),
    });
    return who === undefined || settings.policy.isOurs(domainOf(who.author)) ? undefined : who;
  }

  async #carryOut(
    results: InboundResults,
    facts: InboundFacts,
    judgement: InboundJudgement,
  ): Promise<IncomingSaid> {
    const { action, would } = judgement;
    const { settings } = this.#deps;
    const mark = markOf(judgement);
    switch (action) {
      case 'wait':
        return this.#hold(facts, judgement, this.#wroteIn(results));
      case 'junk': {
        this.#note(facts, judgement, 'junk');
        const fields = settings.junkFields.map(({ name, value }) => insertField(name, ` ${value}`));
        return { edits: [...fields, ...mark] };
      }
      case 'defer':
        return this.#defer(facts, judgement);
      default:
        if (settings.policy.stance === 'defer') {
          const { messages } = this.#books(facts, judgement);
          noteArrival(facts, messages, settings.policy.organisationOf);
        }
        if (would !== 'pass') {
          const state = would === 'junk' ? 'observed-junk' : 'observed';
          this.#note(facts, judgement, state);
        }
        return { edits: mark };
    }
  }

  /** Writes down what was delivered at once. What waits under the same id stays as it is. */
  #note(facts: InboundFacts, judgement: InboundJudgement, state: InboundState): void {
    const { journal, waiting } = this.#deps;
    const { queueId } = this.#start;
    if (parseQueueId(queueId) === undefined || waiting().get(queueId) !== undefined) return;
    journal.add({ kind: 'inbound', row: this.#row(facts, judgement, state) });
  }

  async #hold(
    facts: InboundFacts,
    judgement: InboundJudgement,
    who: WroteIn | undefined,
  ): Promise<IncomingSaid> {
    const { waiting, world } = this.#deps;
    const { queueId } = this.#start;
    const passes: IncomingSaid = { edits: markOf({ ...judgement, action: 'pass' }) };
    if (parseQueueId(queueId) === undefined || judgement.waitMs <= 0) return passes;
    const due = (facts.at + judgement.waitMs) as Millis;
    const row = { ...this.#row(facts, judgement, 'waiting'), due, facts: keptFacts(facts, who) };
    if (!(await waiting().hold(row))) return passes;
    this.#isKept = true;
    this.#keep(this.#content);
    world.log('info', 'inbound.waits', { id: queueId, points: judgement.points, due });
    const minutes = Math.max(1, Math.round(judgement.waitMs / minuteMs));
    const reason = `Postern: unknown sender, waits ${minutes} min`;
    return { edits: markOf(judgement), instead: { kind: 'hold', reason } };
  }

  #defer(facts: InboundFacts, judgement: InboundJudgement): IncomingSaid {
    const { settings } = this.#deps;
    const passes: IncomingSaid = { edits: markOf({ ...judgement, action: 'pass' }) };
    if (settings.defersAt === 'rcpt') return passes;
    const books = this.#books(facts, judgement);
    const { organisationOf } = settings.policy;
    const until = deferUntil(facts, judgement.points, books, organisationOf);
    return until === undefined ? passes : { edits: [], instead: laterAnswer(until - facts.at) };
  }

  #books(facts: InboundFacts, judgement: InboundJudgement): DeferralBooks {
    const about = aboutDeferred(facts, judgement, this.#text.subject);
    return this.#deps.known.deferralBooks(about);
  }

  #facts(
    results: InboundResults,
    found: Pick<InboundFacts, 'counted' | 'dnsbl' | 'dnswl' | 'isProvenReturn' | 'likeness'>,
  ): InboundFacts {
    const { badRecipients, client, helo, sender, recipients } = this.#start;
    const { dkim, iprev, spf } = results;
    const { world } = this.#deps;
    const { answers, subject } = this.#text;
    return {
      at: world.clock.now(),
      client,
      clientName: iprev.name,
      reverseName: iprev.reverse,
      helo,
      sender,
      recipients,
      spf: spf.result === 'temperror' ? undefined : spf.result,
      spfDomain: spf.domain,
      ...found,
      badRecipients,
      signers: dkim.flatMap(({ domain, result }) => (result === 'pass' ? domain : [])),
      answers,
      saysCode: saysCode(subject),
    };
  }

  #row(facts: InboundFacts, judgement: InboundJudgement, state: InboundState): InboundRow {
    const { bytes, subject } = this.#text;
    return inboundRowOf(this.#start, { facts, judgement, state, bytes, subject });
  }
}

/** Undefined where no list was asked, or none answered. */
export function isOnLists(
  found: ListedIn | undefined,
  asked: readonly string[],
): boolean | undefined {
  if (found === undefined || asked.length === 0) return undefined;
  if (found.lists.length > 0) return true;
  return found.silent.length === asked.length ? undefined : false;
}
