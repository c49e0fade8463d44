/**
 * One message that comes in, as it is read: kept are its headers, up to a limit, and the hashes of
 * its body; then each method is a computation that asks the DNS. Memory does not grow with the
 * body.
 */
import type { ArcFinding, SignatureFinding } from '../../core/inbound/results.ts';
import { type ArcChain, arcChain } from '../../formats/arc/chain.ts';
import { arcBody, verifyArc } from '../../formats/arc/verify.ts';
import { type BodyHash, openBodyHash } from '../../formats/dkim/body-hash.ts';
import { type HeaderField, headerKey } from '../../formats/dkim/header-canonical.ts';
import { type DkimResult, openVerifier } from '../../formats/dkim/verify.ts';
import type { DnsLookup } from '../../formats/dns/question.ts';
import { type AuthorDomains, authorDomains } from '../../formats/message/author-domains.ts';

/** As in mail/dkim/header-block.ts: what is kept for signatures is kept for seals. */
const octetsMax = 512_000;
const fieldsMax = 2_000;

/** How the message will be sealed; undefined: it will not. */
export type SealForm = {
  /** What the mail server breaks longer lines at when it sends them. 0: it does not. */
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
    // Authors are read up to a limit of their own, however long the rest is.
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

  /** What a seal covers; undefined: this message cannot be sealed. */
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

  /** All headers are there. */
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
 * There must be one (RFC 5322 section 3.6); what a mail program shows of more is anybody's guess.
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
  const key = bits === 0 ? '' : `${bits}-bit key`;
  const why = result === 'pass' ? key : [text, key].filter((one) => one !== '').join('; ');
  return [{ result, domain, selector, algorithm, identity, mark: b, why }];
}
