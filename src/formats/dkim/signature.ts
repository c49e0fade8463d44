/** Reads DKIM-Signature fields of other servers (RFC 6376 sections 3.5 and 6.1.1). */
import { fault, ok, type Result } from '../../lib/result.ts';
import type { Canonicalization } from './body-hash.ts';
import { headerKey } from './header-canonical.ts';
import type { DkimAlgorithm } from './signing-key.ts';
import { colonList, parseTagList, type TagList, withoutWhite } from './tag-list.ts';

export type Signature = {
  readonly algorithm: DkimAlgorithm;
  readonly header: Canonicalization;
  readonly body: Canonicalization;
  /** In lower case; octets above 0x7f are unchanged. */
  readonly domain: string;
  readonly selector: string;
  /** `h=`: keys (headerKey) in order, with repetitions. */
  readonly headers: readonly string[];
  /** `i=` decoded; `@domain` by default. */
  readonly identity: string;
  /** `l=` */
  readonly length: number | undefined;
  /** Seconds since 1970. */
  readonly signedAt: number | undefined;
  readonly expiresAt: number | undefined;
  readonly bodyHash: Buffer;
  readonly signature: Buffer;
  readonly labels: SignatureLabels;
};

/** The parts of a signature for results; empty where they could not be read. */
export type SignatureLabels = {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: string;
  /** `i=` decoded; empty if it is missing. */
  readonly identity: string;
  /** The first characters of `b=`, which distinguish signatures (RFC 6008). */
  readonly b: string;
};

export type SignatureFault = {
  /**
   * RFC 8601 section 2.7.1: `neutral` cannot be read; `permerror` can be read but cannot be valid.
   */
  readonly kind: 'neutral' | 'permerror' | 'policy';
  readonly text: string;
  readonly labels: SignatureLabels;
};

/**
 * The longest signature that is read. One with a copy of the header in `z=` may have several
 * thousand octets.
 */
const signatureOctetsMax = 65_536;
/** The most names in `h=`, because each is searched for. */
const headersMax = 1_000;
/** Length of the prefix of `b=` in results (RFC 6008 section 3). */
const prefixLength = 8;
const labelLengthMax = 320;

/** Reads the value of a field (everything after its colon). */
export function parseSignature(value: string): Result<Signature, SignatureFault> {
  const list =
    value.length > signatureOctetsMax
      ? fault(`it has ${value.length} octets, more than the ${signatureOctetsMax} that are read`)
      : parseTagList(value);
  if (!list.ok) return fault({ kind: 'neutral', text: list.error, labels: noLabels });
  const labels = labelsOf(list.value);
  const read = readTags(list.value);
  return read.ok ? ok({ ...read.value, labels }) : fault({ ...read.error, labels });
}

/** Labels of a signature that cannot be read at all. */
export const noLabels: SignatureLabels = {
  domain: '',
  selector: '',
  algorithm: '',
  identity: '',
  b: '',
};

function labelsOf(tags: TagList): SignatureLabels {
  const tag = (name: string): string => (tags.get(name) ?? '').slice(0, labelLengthMax);
  return {
    domain: headerKey(tag('d')),
    selector: tag('s'),
    algorithm: tag('a').toLowerCase(),
    identity: decoded(tag('i')) ?? '',
    b: withoutWhite(tag('b')).slice(0, prefixLength),
  };
}

/** The value as it was signed, with an empty `b=` (section 3.7). */
export function emptied(value: string): string {
  return value.replace(/((?:^|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*/, '$1');
}

type Fault = Omit<SignatureFault, 'labels'>;
type Read<Value> = Result<Value, Fault>;

const required = ['v', 'a', 'b', 'bh', 'd', 'h', 's'] as const;

function readTags(tags: TagList): Read<Omit<Signature, 'labels'>> {
  const wrong = (text: string): Read<never> => fault({ kind: 'permerror', text });
  const missing = required.find((name) => !tags.has(name));
  if (missing !== undefined) return wrong(`the tag ${missing}= is missing`);
  const tag = (name: string): string => tags.get(name) ?? '';
  if (tag('v') !== '1') return wrong(`v=${shown(tag('v'))} is not a known version`);
  const algorithm = algorithmIn(tag('a'));
  if (!algorithm.ok) return algorithm;
  const query = tags.get('q');
  if (
    query !== undefined &&
    !colonList(query.toLowerCase()).some((one) => one === 'dns/txt' || one === 'dns')
  ) {
    return wrong(`q=${shown(query)} is not a known way to fetch the key`);
  }
  const canonical = canonicalizations(tags.get('c'));
  if (canonical === undefined) return wrong(`c=${shown(tag('c'))} is not known`);
  const headers = colonList(tag('h')).map(headerKey);
  if (headers.length > headersMax) return wrong(`h= names more than ${headersMax} fields`);
  if (headers.includes('')) return wrong('h= has an empty name');
  if (!headers.includes('from')) return wrong('From is not signed (h=)');
  const who = whose(tags);
  if (!who.ok) return who;
  const numbers = readNumbers(tags);
  if (!numbers.ok) return numbers;
  const bodyHash = base64(tag('bh'));
  const signature = base64(tag('b'));
  if (bodyHash === undefined || bodyHash.length !== 32)
    return wrong('bh= is not a SHA-256 digest in base64');
  if (signature === undefined) return wrong('b= is not base64');
  return ok({
    algorithm: algorithm.value,
    ...canonical,
    ...who.value,
    headers,
    ...numbers.value,
    bodyHash,
    signature,
  });
}

function algorithmIn(text: string): Read<DkimAlgorithm> {
  const name = text.toLowerCase();
  if (name === 'rsa-sha256' || name === 'ed25519-sha256') return ok(name);
  return name === 'rsa-sha1'
    ? fault({ kind: 'permerror', text: 'rsa-sha1 is no longer valid (RFC 8301)' })
    : fault({ kind: 'permerror', text: `a=${shown(text)} is not a known algorithm` });
}

type Canonical = { readonly header: Canonicalization; readonly body: Canonicalization };

/** Reads `c=`. If it names only the header's form, the body's is `simple`. */
function canonicalizations(c: string | undefined): Canonical | undefined {
  if (c === undefined) return { header: 'simple', body: 'simple' };
  const found = /^(simple|relaxed)(?:\/(simple|relaxed))?$/i.exec(c);
  if (found === null) return undefined;
  const kind = (word: string | undefined): Canonicalization =>
    word?.toLowerCase() === 'relaxed' ? 'relaxed' : 'simple';
  return { header: kind(found[1]), body: kind(found[2]) };
}

type SignerIdentity = Pick<Signature, 'domain' | 'selector' | 'identity'>;

function whose(tags: TagList): Read<SignerIdentity> {
  const domain = headerKey(tags.get('d') ?? '');
  const selector = headerKey(tags.get('s') ?? '');
  if (!isName(domain))
    return fault({ kind: 'permerror', text: `d=${shown(domain)} is not a domain` });
  if (!isName(selector)) {
    return fault({ kind: 'permerror', text: `s=${shown(selector)} is not a selector` });
  }
  const identity = tags.has('i') ? decoded(tags.get('i') ?? '') : `@${domain}`;
  const below = headerKey(identity?.slice(identity.lastIndexOf('@') + 1) ?? '');
  if (identity === undefined || !identity.includes('@')) {
    return fault({ kind: 'permerror', text: 'i= is not an address' });
  }
  if (below !== domain && !below.endsWith(`.${domain}`)) {
    return fault({ kind: 'permerror', text: `i= is not in the domain that signed, ${domain}` });
  }
  return ok({ domain, selector, identity });
}

/**
 * Whether a text consists of labels with dots between. Names that the DNS refuses are found when
 * they are asked for.
 */
function isName(text: string): boolean {
  return text.length <= 253 && /^[\w\x80-\xff-]{1,63}(?:\.[\w\x80-\xff-]{1,63})*$/.test(text);
}

type Numbers = Pick<Signature, 'length' | 'signedAt' | 'expiresAt'>;

function readNumbers(tags: TagList): Read<Numbers> {
  const numbers: Record<string, number | undefined> = {};
  for (const name of ['l', 't', 'x'] as const) {
    const value = tags.get(name);
    // A number with more digits is beyond every message size and every year.
    if (value !== undefined && !/^\d{1,15}$/.test(value)) {
      return fault({ kind: 'permerror', text: `${name}=${shown(value)} is not a number` });
    }
    numbers[name] = value === undefined ? undefined : Number(value);
  }
  const { l: length, t: signedAt, x: expiresAt } = numbers;
  return expiresAt !== undefined && expiresAt < (signedAt ?? 0)
    ? fault({ kind: 'permerror', text: 'it expires (x=) before it was made (t=)' })
    : ok({ length, signedAt, expiresAt });
}

function base64(value: string): Buffer | undefined {
  const bare = withoutWhite(value);
  return /^[A-Za-z0-9+/]+={0,2}$/.test(bare) ? Buffer.from(bare, 'base64') : undefined;
}

/** Decodes DKIM-Quoted-Printable (section 2.11); undefined if the value is malformed. */
function decoded(value: string): string | undefined {
  const bare = withoutWhite(value);
  if (/=(?![0-9A-F]{2})/.test(bare)) return undefined;
  return bare.replace(/=([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Makes a stranger's value safe to show in a sentence. */
function shown(value: string): string {
  return value.slice(0, 60).replace(/[^!-~]/g, '?');
}
