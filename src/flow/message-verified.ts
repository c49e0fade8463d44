/**
 * A message comes in: is it from whom it says? SPF, DKIM, DMARC, ARC and the client's name are asked about when it has
 * been read, and told in one Authentication-Results field on top; fields in our name that it brought along are taken out.
 * Nothing is refused or held for what is found, and nothing waits longer than the deadline: what is not known by then is
 * a temperror. Memory is bounded: the body is hashed as it goes by, headers are kept up to a limit.
 */
import { authenticationResults, type InboundResults } from '../core/inbound/results.ts';
import { faultText } from '../lib/fault-text.ts';
import { printAuthenticationResults } from '../mail/authentication-results.ts';
import { authorDomains } from '../mail/author-domains.ts';
import { evaluateDmarc } from '../mail/dmarc/evaluate.ts';
import { answeredLater } from '../mail/dns/question.ts';
import { evaluateIprev } from '../mail/iprev.ts';
import { isAmong, type Network } from '../mail/network-list.ts';
import { evaluateSpf } from '../mail/spf/evaluate.ts';
import type {
  Clock,
  Count,
  HeaderEdit,
  Log,
  MessageReader,
  MessageReading,
  MessageStart,
  Resolver,
} from '../ports.ts';
import { openForgedResults, openStripping } from './forged-results.ts';
import { InboundMessage } from './inbound-message.ts';
import { type InboundQuestions, openQuestions } from './inbound-questions.ts';
import type { Timers } from './journal.ts';

export type VerifyOptions = {
  /** In whose name results are told. */
  readonly authservId: string;
  /** So long a message waits for the DNS. */
  readonly deadlineMs: number;
  /** Other mail servers of ours, filters on this machine: what comes from them was verified before. */
  readonly trusted: readonly Network[];
};

export type VerifyDeps = {
  readonly resolve: Resolver;
  readonly isPublicSuffix: (domain: string) => boolean;
  readonly options: VerifyOptions;
  readonly timers: Pick<Timers, 'every'>;
  readonly clock: Clock;
  readonly count: Count;
  readonly observe: (name: string, value: number) => void;
  readonly log: Log;
  /** Seals what may be handed on; undefined: nothing is sealed. */
  readonly seal?: Sealing;
  /** Who wants to know what was found. */
  readonly heard?: (results: InboundResults) => void;
};
