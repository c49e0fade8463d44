/**
 * What is known about a client and its message when they are judged. Whoever asks gathers it first:
 * the judgement makes no look-ups and reads no clock.
 */
import type { SpfResult } from '../../../formats/spf/evaluate.ts';
import type { Millis } from '../../../lib/time.ts';

/** At RCPT, only what the client and the envelope say is known. */
export type InboundFacts = {
  readonly at: Millis;
  /** IP address of the client. */
  readonly client: string;
  /** Name of the client that resolves back to its address; empty without one. */
  readonly clientName: string;
  /** Name in the reverse DNS, checked or not; empty without one. */
  readonly reverseName: string;
  readonly helo: string;
  /** The envelope sender; empty for bounces. */
  readonly sender: string;
  /** At RCPT: the one that is asked about. */
  readonly recipients: readonly string[];
  /** Undefined: not known now, for example because the DNS was slow. */
  readonly spf: SpfResult | undefined;
  /** The domain that SPF checked. */
  readonly spfDomain: string;
  /** True: on a list of good senders. Undefined: not known now. */
  readonly dnswl: boolean | undefined;
  /** True: on a list of spam senders. Undefined: not known now. */
  readonly dnsbl: boolean | undefined;
  /** Recipients of this transaction that do not exist here. */
  readonly badRecipients: number;
  /** Domains of good DKIM signatures (`d=`). */
  readonly signers: readonly string[];
  /** Message-IDs that it answers: In-Reply-To and References. */
  readonly answers: readonly string[];
  /**
   * It is a bounce that carries proof that we sent the original (DKIM, Message-ID, envelope).
   * Undefined: not looked at.
   */
  readonly isProvenReturn: boolean | undefined;
  /** It says that it carries a code for signing in. */
  readonly saysCode: boolean;
  /** How near to spam the content is: from 1 on the filter calls it spam. Undefined: no filter. */
  readonly likeness: number | undefined;
  /** Points of ten that the filter gave for what Postern suspects too, by suspicion. */
  readonly counted?: Readonly<Record<string, number>>;
};

/** What is looked up once more when a waiting message is due. */
export type DueFacts = {
  readonly counted?: InboundFacts['counted'];
  readonly at: Millis;
  readonly dnsbl: boolean | undefined;
  readonly likeness: number | undefined;
};
