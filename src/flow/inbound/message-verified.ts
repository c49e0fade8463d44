/**
 * Verifies that a message that comes in is from its stated sender. When the message has been read,
 * SPF, DKIM, DMARC, ARC and the client's name are checked, and the results are put on top in one
 * Authentication-Results field; forged fields in our name are removed.
 *
 * No message is refused or held for these results, only for more forged fields than can be removed.
 * None waits longer than the deadline: what is not known by then is a temperror. Memory is bounded:
 * the body is hashed as it goes by, headers are kept up to a limit.
 */
import { authenticationResults, type InboundResults } from '../../core/inbound/results.ts';
import { sealArc } from '../../formats/arc/seal.ts';
import type { HeaderField } from '../../formats/dkim/header-canonical.ts';
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import { type DmarcIdentifier, evaluateDmarc } from '../../formats/dmarc/evaluate.ts';
import { answeredLater } from '../../formats/dns/question.ts';
import {
  type AuthenticationResults,
  printAuthenticationResults,
} from '../../formats/message/authentication-results.ts';
import { isAmong, type Network } from '../../formats/postfix/network-list.ts';
import { evaluateSpf } from '../../formats/spf/evaluate.ts';
import { evaluateIprev } from '../../formats/spf/iprev.ts';
import type {
  EditSource,
  Finished,
  HeaderEdit,
  IncomingJudge,
  IncomingReader,
  IncomingSaid,
  JudgedAs,
  MessageReader,
  MessageStart,
} from '../../ports/message.ts';
import type { Resolver, World } from '../../ports/world.ts';
import { type InboundQuestions, openQuestions } from './dns-questions.ts';
import { type ForgedResults, openForgedResults, openStripping } from './forged-results.ts';
import { type InboundLog, openInboundLog } from './inbound-log.ts';
import { InboundMessage, type SealForm } from './inbound-message.ts';

export type VerifyOptions = {
  /** The name that stands in the field for this server. */
  readonly authservId: string;
  /** The time that a message waits for the DNS. */
  readonly deadlineMs: number;
  /** Our other mail servers and local filters: mail from them has been verified already. */
  readonly trusted: readonly Network[];
};

/** Seals mail for other servers to which it may be forwarded (RFC 8617). */
export type Sealing = {
  /** Asked for each message; undefined if there is no key now: then nothing is sealed. */
  readonly key: () => SigningKey | undefined;
  /** The domain of the key, as people see it. */
  readonly domain: string;
  readonly form: SealForm;
};

export type VerifyDeps = {
  readonly resolve: Resolver;
  readonly isPublicSuffix: (domain: string) => boolean;
  readonly options: VerifyOptions;
  readonly world: World;
  readonly observe: (name: string, value: number) => void;
  /** Undefined if nothing is to be sealed. */
  readonly sealing: Sealing | undefined;
  /** Decides whether a message waits. */
  readonly judge?: IncomingJudge;
  /** Called with the results of each message. */
  readonly heard?: (results: InboundResults) => void;
};

/**
 * Verifies mail that comes in, and has it judged whether it waits; removes forged fields from
 * all mail but that of trusted clients.
 */
export function openVerification(deps: VerifyDeps): EditSource {
  const { authservId, trusted } = deps.options;
  const log = openInboundLog(deps.world);
  const stripping = openStripping(authservId, log.forged);
  return {
    phase: 'after-judgement',
    open(start) {
      // A login is a person, whatever the address.
      if (start.by !== 'login' && isAmong(start.client, trusted)) return undefined;
      return start.by === undefined
        ? new VerifyingReader(deps, log, start)
        : stripping(start.queueId);
    },
  };
}

class VerifyingReader implements MessageReader {
  readonly #deps: VerifyDeps;
  readonly #log: InboundLog;
  readonly #start: MessageStart;
  readonly #forged: ForgedResults;
  readonly #message: InboundMessage;
  readonly #judged: IncomingReader | undefined;

  constructor(deps: VerifyDeps, log: InboundLog, start: MessageStart) {
    this.#deps = deps;
    this.#log = log;
    this.#start = start;
    this.#forged = openForgedResults(deps.options.authservId);
    this.#message = new InboundMessage(deps.sealing?.form);
    this.#judged = deps.judge?.open(start);
  }

  header(name: string, value: string): void {
    this.#forged.header(name, value);
    this.#message.header(name, value);
    this.#judged?.header(name, value);
  }

  body(bytes: Buffer, start: number, end: number): void {
    this.#message.body(bytes, start, end);
    this.#judged?.body(bytes, start, end);
  }

  drop(): void {
    this.#judged?.drop();
  }

  finish(done: Finished, judgedAs?: JudgedAs): void {
    const removals = this.#forged.edits();
    const { count, refused } = this.#forged;
    if (count > 0) this.#log.forged(this.#start.queueId, count, refused !== undefined);
    if (refused !== undefined) {
      done(removals, refused);
      return;
    }
    // A stranger's mail that leaves was judged as mail of its client.
    const judged = judgedAs === undefined ? this.#judged : undefined;
    this.#results(judged).then(
      ({ fields, said }) =>
        done(
          [
            ...removals,
            ...said.edits,
            // Above our own Received, like every field that this server adds (RFC 8601 section
            // 4.1). The last field comes on top.
            ...fields.map(
              ({ name, value }): HeaderEdit => ({ kind: 'insert', index: 0, name, value }),
            ),
          ],
          undefined,
          said.instead,
        ),
      (fault: unknown) => {
        this.#log.failed(this.#start.queueId, fault);
        done(removals);
      },
    );
  }

  /** The fields with the results, the topmost last; and whether the message waits. */
  async #results(
    judged: IncomingReader | undefined,
  ): Promise<{ readonly fields: readonly HeaderField[]; readonly said: IncomingSaid }> {
    const { deadlineMs, authservId } = this.#deps.options;
    const { resolve, world, observe, heard } = this.#deps;
    const began = world.clock.now();
    const questions = openQuestions({ resolve, world, deadlineMs });
    try {
      judged?.look(questions.ask);
      const results = await this.#verify(questions);
      observe('postern_inbound_seconds', Math.max(0, world.clock.now() - began) / 1_000);
      this.#log.verified(results);
      heard?.(results);
      const stated = authenticationResults(results, authservId);
      const own = { name: 'Authentication-Results', value: printAuthenticationResults(stated) };
      const seals = await this.#seal(results, stated);
      const said = (await judged?.decide(results)) ?? nothingSaid;
      return { fields: [own, ...seals.toReversed()], said };
    } finally {
      questions.close();
    }
  }

  async #verify(questions: InboundQuestions): Promise<InboundResults> {
    const { client, helo, sender, queueId } = this.#start;
    const { isPublicSuffix, options, world } = this.#deps;
    const now = world.clock.now();
    const { ask } = questions;
    const [spf, dkim, arc, iprev] = await Promise.all([
      answeredLater(
        evaluateSpf({
          ip: client,
          sender,
          helo,
          receiver: options.authservId,
          atSeconds: Math.floor(now / 1_000),
        }),
        ask,
      ),
      answeredLater(this.#message.signatures(now), ask),
      answeredLater(this.#message.arc(now), ask),
      answeredLater(evaluateIprev(client), ask),
    ]);
    const identifiers = [
      { by: 'spf', domain: spf.domain, result: identifierResult(spf.result) } as const,
      ...dkim.map(({ domain, result }): DmarcIdentifier => {
        return { by: 'dkim', domain, result: identifierResult(result) };
      }),
    ];
    const authors = this.#message.authors();
    const dmarc = await answeredLater(evaluateDmarc({ authors, identifiers, isPublicSuffix }), ask);
    return {
      queueId,
      client,
      helo,
      sender,
      dkim,
      dmarc,
      arc,
      iprev,
      spf: {
        result: spf.result,
        domain: spf.domain,
        why: spf.why,
        identity: sender === '' ? 'helo' : 'mailfrom',
      },
      forged: this.#forged.count,
      late: questions.late,
    };
  }

  /** The fields of a seal from the top down: seal, signature, results. Empty: it is not sealed. */
  async #seal(
    { arc, queueId }: InboundResults,
    results: AuthenticationResults,
  ): Promise<readonly HeaderField[]> {
    const { sealing, world } = this.#deps;
    const message = this.#message.toSeal();
    // After a temporary error the chain can be neither confirmed nor called broken.
    if (sealing === undefined || message === undefined || arc.result === 'temperror') return [];
    const key = sealing.key();
    if (key === undefined) {
      this.#log.unsealed(queueId, 'no-key', `${sealing.domain} has no RSA key that signs`);
      return [];
    }
    const request = {
      ...message,
      results,
      key,
      now: world.clock.now(),
      valid: arc.result === 'pass',
    };
    return new Promise((resolve) => {
      sealArc(request, (fault, fields) => {
        if (fault !== undefined) this.#log.unsealed(queueId, 'failed', fault.message);
        else if (fields.length > 0) this.#log.sealed();
        resolve(fields);
      });
    });
  }
}

const nothingSaid: IncomingSaid = { edits: [] };

function identifierResult(result: string): DmarcIdentifier['result'] {
  return result === 'pass' || result === 'temperror' ? result : 'other';
}
