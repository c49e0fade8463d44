/**
 * Reads one message that comes in, and verifies it. Keeps its headers, up to a limit, and hashes of
 * its body, so memory does not grow with the body. Each method of verification is a generator that
 * asks the DNS.
 */
import type { ArcFinding, SignatureFinding } from '../../core/inbound/results.ts';
import { type ArcChain, arcChain } from '../../formats/arc/chain.ts';
import { arcBody, verifyArc } from '../../formats/arc/verify.ts';
import { type BodyHash, openBodyHash } from '../../formats/dkim/body-hash.ts';
import { type HeaderField, headerKey } from '../../formats/dkim/header-canonical.ts';
import { type DkimResult, openVerifier } from '../../formats/dkim/verify.ts';
import type { DnsLookup } from '../../formats/dns/question.ts';
import { type AuthorDomains, authorDomains } from '../../formats/message/author-domains.ts';

/** The limits of formats/dkim/header-block.ts: seals need the same headers as signatures. */
const octetsMax = 512_000;
const fieldsMax = 2_000;

/** How the message will be sealed. */
export type SealForm = {
  /** Octets at which the mail server breaks longer lines when it sends them; 0: never. */
  readonly lineLengthLimit: number;
};

export class InboundMessage {
  readonly #verifier = openVerifier();
  readonly #fields: HeaderField[] = [];
  readonly #from: string[] = [];
  readonly #form: SealForm | undefined;
  #octets = 0;
  #count = 0;
  #chain: ArcChain | undefined;
  #chainHash: BodyHash | undefined;
  #sealHash: BodyHash | undefined;

  constructor(form: SealForm | undefined) {
    this.#form = form;
  }

  header(name: string, value: string): void {
    this.#verifier.header(name, value);
    this.#octets += name.length + value.length;
    this.#count++;
    if (this.#overflowed) this.#fields.length = 0;
    else this.#fields.push({ name, value });
    // Authors have a limit of their own: they are read even if the other headers are too long.
    if (this.#from.length < authorFieldsMax && headerKey(name) === 'from') this.#from.push(value);
  }

  body(bytes: Buffer, start: number, end: number): void {
    this.#begin();
    this.#verifier.body(bytes, start, end);
    this.#chainHash?.update(bytes, start, end);
    this.#sealHash?.update(bytes, start, end);
  }

  authors(): AuthorDomains {
    return authorDomains(this.#from);
  }

  *signatures(now: number): DnsLookup<readonly SignatureFinding[]> {
    const found = yield* this.#verifier.finish(now);
    return found.flatMap(finding);
  }

  *arc(now: number): DnsLookup<ArcFinding> {
    const chain = this.#begin();
    return yield* verifyArc({
      chain,
      fields: this.#fields,
      now,
      bodyHash: this.#chainHash?.digest().hash,
    });
  }

  /** What a seal covers; undefined if this message cannot be sealed. */
  toSeal():
    | {
        readonly chain: ArcChain;
        readonly fields: readonly HeaderField[];
        readonly bodyHash: Buffer;
        readonly lineLengthLimit: number;
      }
    | undefined {
    const chain = this.#begin();
    const form = this.#form;
    if (form === undefined || this.#sealHash === undefined || this.#overflowed) return undefined;
    return { ...form, chain, fields: this.#fields, bodyHash: this.#sealHash.digest().hash };
  }

  get #overflowed(): boolean {
    return this.#octets > octetsMax || this.#count > fieldsMax;
  }

  /** Reads the chain, when all headers have come. */
  #begin(): ArcChain {
    if (this.#chain !== undefined) return this.#chain;
    this.#chain = this.#overflowed ? tooLarge : arcChain(this.#fields);
    const wanted = arcBody(this.#chain);
    if (wanted !== undefined) this.#chainHash = openBodyHash(wanted);
    if (this.#form !== undefined) {
      this.#sealHash = openBodyHash({ canonicalization: 'relaxed', ...this.#form });
    }
    return this.#chain;
  }
}

/**
 * From fields that are looked at. There must be exactly one (RFC 5322 section 3.6); of several, a
 * mail program may show any.
 */
const authorFieldsMax = 20;
const tooLarge: ArcChain = {
  kind: 'broken',
  instances: 0,
  why: 'the header is larger than is verified',
};

function finding(found: DkimResult): readonly SignatureFinding[] {
  const { result, domain, selector, algorithm, identity, b, text, bits } = found;
  if (result === 'none') return [];
  const covers = found.testing || found.unsignedOctets > 0 ? [] : found.headers;
  const key = bits === 0 ? '' : `${bits}-bit key`;
  const why = result === 'pass' ? key : [text, key].filter((one) => one !== '').join('; ');
  return [{ result, domain, selector, algorithm, identity, mark: b, covers, why }];
}
