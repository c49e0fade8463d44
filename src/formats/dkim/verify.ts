/**
 * Verifies a message while it passes (RFC 6376 section 6): header fields, then the body in pieces,
 * then the keys are fetched. Memory, DNS questions and signature checks have limits, whatever a
 * stranger sends.
 */
import type { DnsAnswer, DnsLookup } from '../dns/question.ts';
import { type BodyHash, openBodyHash } from './body-hash.ts';
import { type HeaderBlock, openHeaderBlock } from './header-block.ts';
import { type HeaderField, headerKey } from './header-canonical.ts';
import { type FoundKey, keyIn, keyQuestion, keyRecordName } from './key-lookup.ts';
import {
  emptied,
  noLabels,
  parseSignature,
  type Signature,
  type SignatureLabels,
} from './signature.ts';

/** RFC 8601 section 2.7.1. */
export const dkimResults = [
  'none',
  'pass',
  'fail',
  'policy',
  'neutral',
  'temperror',
  'permerror',
] as const;
export type DkimResultKind = (typeof dkimResults)[number];

export type DkimResult = SignatureLabels & {
  readonly result: DkimResultKind;
  /** The reason, as a sentence without its first capital. */
  readonly text: string;
  /** The size of the key; 0 if it was not found. */
  readonly bits: number;
  /** `t=y` in the key: such mail must be treated as unsigned (RFC 6376 section 3.6.1). */
  readonly testing: boolean;
  /** Octets of the body after the signed part (`l=`); anyone may have added them. */
  readonly unsignedOctets: number;
  /** Names that `h=` covers (headerKey). */
  readonly headers: readonly string[];
};

export type Verifier = {
  /** `value` is everything after the colon, one octet a character, folded with CRLF or LF. */
  header(name: string, value: string): void;
  body(bytes: Buffer, start: number, end: number): void;
  /**
   * Ends the message and returns results in the order of the fields, at least one. `now` is in
   * milliseconds since 1970.
   */
  finish(now: number): DnsLookup<readonly DkimResult[]>;
};

/**
 * The most signatures that are checked, since each costs a DNS question and a check. Real mail has
 * up to four.
 */
export const signaturesMax = 8;
/** Tolerance for clocks that are wrong. */
const clockSkewSeconds = 300;

export function openVerifier(): Verifier {
  return new MessageVerifier();
}

type Candidate = {
  readonly field: HeaderField;
  readonly signature: Signature;
  readonly bodyHash: BodyHash;
};

class MessageVerifier implements Verifier {
  readonly #block: HeaderBlock = openHeaderBlock();
  readonly #fields: HeaderField[] = [];
  /** For each signature field in order: what to verify, or the result if it cannot be verified. */
  #entries: readonly (Candidate | DkimResult)[] | undefined;
  #hashes: readonly BodyHash[] = [];
  #tooMany = 0;

  header(name: string, value: string): void {
    const field = { name, value };
    if (headerKey(name) === 'dkim-signature') {
      if (this.#fields.length < signaturesMax) this.#fields.push(field);
      else this.#tooMany++;
    }
    this.#block.add(field);
  }

  body(bytes: Buffer, start: number, end: number): void {
    this.#begun();
    for (const hash of this.#hashes) hash.update(bytes, start, end);
  }

  *finish(now: number): DnsLookup<readonly DkimResult[]> {
    const entries = this.#begun();
    if (entries.length === 0) return [plain('none', 'there is no signature')];
    const names = new Set<string>();
    for (const entry of entries) {
      const name = 'field' in entry ? nameOf(entry.signature) : undefined;
      if (name !== undefined) names.add(name);
    }
    const asked = [...names];
    const answers = asked.length === 0 ? [] : yield asked.map(keyQuestion);
    const found = new Map(asked.map((name, i) => [name, answers[i]] as const));
    const digests = new Map(this.#hashes.map((hash) => [hash, hash.digest()] as const));
    const results = entries.map((entry) =>
      'field' in entry
        ? verified(entry, digests.get(entry.bodyHash), this.#block, found, now)
        : entry,
    );
    return this.#tooMany === 0
      ? results
      : [
          ...results,
          plain(
            'policy',
            `${this.#tooMany} more signatures were not checked; only ${signaturesMax} are`,
          ),
        ];
  }

  /**
   * Called when the header is complete. Opens a body hash for each form that a signature asks for.
   */
  #begun(): readonly (Candidate | DkimResult)[] {
    if (this.#entries !== undefined) return this.#entries;
    const open = new Map<string, BodyHash>();
    this.#entries = this.#fields.map((field) => {
      const read = parseSignature(field.value);
      if (!read.ok) return { ...plain(read.error.kind, read.error.text), ...read.error.labels };
      const signature = read.value;
      if (this.#block.overflowed) {
        return { ...plain('policy', 'the header is too large to verify'), ...signature.labels };
      }
      const { body: canonicalization, length } = signature;
      const way = `${canonicalization} ${length}`;
      const bodyHash = open.get(way) ?? openBodyHash({ canonicalization, length });
      open.set(way, bodyHash);
      return { field, signature, bodyHash };
    });
    this.#hashes = [...open.values()];
    return this.#entries;
  }
}

function plain(result: DkimResultKind, text: string): DkimResult {
  return {
    ...noLabels,
    result,
    text,
    bits: 0,
    testing: false,
    unsignedOctets: 0,
    headers: [],
  };
}

function nameOf({ selector, domain }: Signature): string | undefined {
  return keyRecordName(selector, domain);
}

function verified(
  { field, signature }: Candidate,
  body: { readonly hash: Buffer; readonly octets: number } | undefined,
  block: HeaderBlock,
  answers: ReadonlyMap<string, DnsAnswer | undefined>,
  now: number,
): DkimResult {
  const base = { ...plain('none', ''), ...signature.labels, headers: signature.headers };
  const end = (result: DkimResultKind, text: string, found?: FoundKey): DkimResult => ({
    ...base,
    result,
    text,
    ...(found === undefined
      ? {}
      : { bits: found.key.bits, testing: found.record.flags.includes('y') }),
  });
  const name = nameOf(signature);
  const answer = name === undefined ? undefined : answers.get(name);
  if (name === undefined || answer === undefined) {
    return end('permerror', 's= and d= do not form a valid DNS name');
  }
  const found = keyIn(answer, name);
  if (!found.ok) return end(found.error.kind, found.error.text);
  const { key, record } = found.value;
  const unfit = keyMisfit(signature, found.value);
  if (unfit !== undefined) return end('permerror', unfit, found.value);

  const own = { name: field.name, value: emptied(field.value) };
  const data = block.signedData(signature.header, signature.headers, own, field);
  const headerHolds = key.verifies(data, signature.signature);
  const bodyHolds = body?.hash.equals(signature.bodyHash) === true;
  const { length } = signature;
  const octets = body?.octets ?? 0;
  if (length !== undefined && length > octets) {
    return end(
      'fail',
      `the body has ${octets} octets where ${length} were signed (l=)`,
      found.value,
    );
  }
  if (!headerHolds || !bodyHolds) return end('fail', failure(headerHolds, bodyHolds), found.value);
  if (signature.expiresAt !== undefined && signature.expiresAt + clockSkewSeconds < now / 1_000) {
    return end('policy', 'it holds, but has expired (x=)', found.value);
  }
  const unsignedOctets = length === undefined ? 0 : octets - length;
  const notes = [
    ...(record.flags.includes('y') ? ['the key is marked as a test (t=y)'] : []),
    ...(unsignedOctets === 0 ? [] : [`the last ${unsignedOctets} octets are not signed (l=)`]),
  ];
  const text = ['header and body are as they were signed', ...notes].join('; ');
  return { ...end('pass', text, found.value), unsignedOctets };
}

/** Why the key does not fit this signature, or undefined if it does. */
function keyMisfit(
  { algorithm, identity, domain }: Signature,
  found: FoundKey,
): string | undefined {
  const { key, record } = found;
  if (`${key.type}-sha256` !== algorithm) {
    return `the key is for ${key.type}, the signature says ${algorithm}`;
  }
  const below = headerKey(identity.slice(identity.lastIndexOf('@') + 1));
  return record.flags.includes('s') && below !== domain
    ? `the key is for ${domain} itself only (t=s), and i= is below it`
    : undefined;
}

function failure(headerHolds: boolean, bodyHolds: boolean): string {
  if (headerHolds) return 'the body was changed after it was signed; the header was not';
  return bodyHolds
    ? 'a signed header field was changed, or another key signed it; the body is as it was'
    : 'header and body were changed after they were signed, or another key signed them';
}
