/**
 * A message comes in: is it from whom it says? SPF, DKIM, DMARC, ARC and the client's name are
 * asked about when it has been read, and told in one Authentication-Results field on top; fields in
 * our name that it brought along are taken out. Nothing is refused or held for what is found (only
 * for more forged fields than can be taken out), and nothing waits longer than the deadline: what
 * is not known by then is a temperror. Memory is bounded: the body is hashed as it goes by, headers
 * are kept up to a limit.
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
  MessageReader,
  MessageStart,
} from '../../ports/message.ts';
import type { Resolver, World } from '../../ports/world.ts';
import { type InboundQuestions, openQuestions } from './dns-questions.ts';
import { type ForgedResults, openForgedResults, openStripping } from './forged-results.ts';
import { type InboundLog, openInboundLog } from './inbound-log.ts';
import { InboundMessage, type SealForm } from './inbound-message.ts';

export type VerifyOptions = {
  /** In whose name results are told. */
  readonly authservId: string;
  /** So long a message waits for the DNS. */
  readonly deadlineMs: number;
  /**
   * Other mail servers of ours, filters on this machine: what comes from them was verified before.
   */
  readonly trusted: readonly Network[];
};

/** Seals what may be handed on (RFC 8617). */
export type Sealing = {
  /** Asked for each message; undefined: there is none now, and nothing is sealed. */
  readonly key: () => SigningKey | undefined;
  /** Whose key that is, for people. */
  readonly domain: string;
  readonly form: SealForm;
};

export type VerifyDeps = {
  readonly resolve: Resolver;
  readonly isPublicSuffix: (domain: string) => boolean;
  readonly options: VerifyOptions;
  readonly world: World;
  readonly observe: (name: string, value: number) => void;
  /** Undefined: nothing is sealed. */
  readonly sealing: Sealing | undefined;
  /** Who wants to know what was found. */
  readonly heard?: (results: InboundResults) => void;
};

/** Verifies mail that comes in; takes forged fields out of all mail but that of trusted clients. */
export function openVerification(deps: VerifyDeps): EditSource {
  const { authservId, trusted } = deps.options;
  const told = openInboundLog(deps.world);
  const stripping = openStripping(authservId, told.forged);
  return {
    phase: 'after-judgement',
    open(start) {
      // Who has logged in is a person, wherever from.
      if (start.by !== 'login' && isAmong(start.client, trusted)) return undefined;
      return start.by === undefined
        ? new VerifyingReader(deps, told, start)
        : stripping(start.queueId);
    },
  };
}

class VerifyingReader implements MessageReader {
  readonly #deps: VerifyDeps;
  readonly #told: InboundLog;
  readonly #start: MessageStart;
  readonly #forged: ForgedResults;
  readonly #message: InboundMessage;

  constructor(deps: VerifyDeps, told: InboundLog, start: MessageStart) {
    this.#deps = deps;
    this.#told = told;
    this.#start = start;
    this.#forged = openForgedResults(deps.options.authservId);
    this.#message = new InboundMessage(deps.sealing?.form);
  }

  header(name: string, value: string): void {
    this.#forged.header(name, value);
    this.#message.header(name, value);
  }

  body(bytes: Buffer, start: number, end: number): void {
    this.#message.body(bytes, start, end);
  }

  finish(done: Finished): void {
    const removals = this.#forged.edits();
    const { count, refused } = this.#forged;
    if (count > 0) this.#told.forged(this.#start.queueId, count, refused !== undefined);
    if (refused !== undefined) {
      done(removals, refused);
      return;
    }
    this.#results().then(
      (fields) =>
        done([
          ...removals,
          // Above our own Received, as everything that this server adds (RFC 8601 section 4.1); the
          // last comes on top.
          ...fields.map(
            ({ name, value }): HeaderEdit => ({ kind: 'insert', index: 0, name, value }),
          ),
        ]),
      (fault: unknown) => {
        this.#told.failed(this.#start.queueId, fault);
        done(removals);
      },
    );
  }

  /** The fields that tell what was found, the topmost last. */
  async #results(): Promise<readonly HeaderField[]> {
    const { deadlineMs, authservId } = this.#deps.options;
    const { resolve, world, observe, heard } = this.#deps;
    const began = world.clock.now();
    const questions = openQuestions({ resolve, world, deadlineMs });
    const results = await this.#verify(questions).finally(() => questions.close());
    observe('postern_inbound_seconds', Math.max(0, world.clock.now() - began) / 1_000);
    this.#told.verified(results);
    heard?.(results);
    const told = authenticationResults(results, authservId);
    const own = { name: 'Authentication-Results', value: printAuthenticationResults(told) };
    const seals = await this.#seal(results, told);
    return [own, ...seals.toReversed()];
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
      { by: 'spf', domain: spf.domain, result: standing(spf.result) } as const,
      ...dkim.map(({ domain, result }): DmarcIdentifier => {
        return { by: 'dkim', domain, result: standing(result) };
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

  /** From the top down: seal, signature, results; none where it is not to be sealed. */
  async #seal(
    { arc, queueId }: InboundResults,
    results: AuthenticationResults,
  ): Promise<readonly HeaderField[]> {
    const { sealing, world } = this.#deps;
    const message = this.#message.toSeal();
    // What could not be checked for the moment is neither vouched for nor called broken for ever.
    if (sealing === undefined || message === undefined || arc.result === 'temperror') return [];
    const key = sealing.key();
    if (key === undefined) {
      this.#told.unsealed(queueId, 'no-key', `${sealing.domain} has no RSA key that signs`);
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
        if (fault !== undefined) this.#told.unsealed(queueId, 'failed', fault.message);
        else if (fields.length > 0) this.#told.sealed();
        resolve(fields);
      });
    });
  }
}

function standing(result: string): DmarcIdentifier['result'] {
  return result === 'pass' || result === 'temperror' ? result : 'other';
}
