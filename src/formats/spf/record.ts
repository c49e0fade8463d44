/**
 * Parses and prints SPF records (RFC 7208 sections 4.6.1 and 12). `parseSpf` accepts exactly the
 * grammar; `printSpf` writes the shortest text with the same meaning. Pure, never throws.
 */
import { fault, ok, type Result } from '../../lib/result.ts';
import type { RecordKind } from '../dns/near-record.ts';
import { parseMacros } from './macro.ts';
import { parseIpv4, parseIpv6 } from './network.ts';

export type SpfQualifier = '+' | '-' | '~' | '?';

/** `domain` is a domain-spec as written, with macros; undefined means the domain of the record. */
export type SpfMechanism = { readonly qualifier: SpfQualifier } & (
  | { readonly kind: 'all' }
  | { readonly kind: 'include'; readonly domain: string }
  | { readonly kind: 'exists'; readonly domain: string }
  | { readonly kind: 'ptr'; readonly domain: string | undefined }
  | {
      readonly kind: 'a' | 'mx';
      readonly domain: string | undefined;
      readonly ip4Bits: number;
      readonly ip6Bits: number;
    }
  /** `address` is in its shortest form; bits after `bits` stay as they were written. */
  | { readonly kind: 'ip4' | 'ip6'; readonly address: string; readonly bits: number }
);

export type SpfModifier =
  | { readonly kind: 'redirect'; readonly domain: string }
  | { readonly kind: 'exp'; readonly domain: string }
  /** An unknown modifier, which changes nothing (RFC 7208 section 6). */
  | { readonly kind: 'unknown'; readonly name: string; readonly value: string };

export type SpfTerm = SpfMechanism | SpfModifier;
/** The terms in order; the order of mechanisms matters. */
export type SpfRecord = readonly SpfTerm[];

/** A fault of a record: the term, its position in the text, and a sentence. */
export type SpfFault = { readonly at: number; readonly term: string; readonly what: string };

const version = 'v=spf1';

/** Whether a TXT text is an SPF record, even a faulty one (RFC 7208 section 4.5). */
export function isSpfRecord(text: string): boolean {
  const [head, next] = [text.slice(0, version.length), text[version.length]];
  return head.toLowerCase() === version && (next === undefined || next === ' ');
}

/** For texts that are nearly SPF records. `spf2.0/…` is Sender ID (RFC 4406), another kind. */
export const spfKind: RecordKind = {
  version,
  nearly: [/^v ?[=:]{0,2} ?spf(?: ?[-._]? ?v?[12](?!\.\d))?(?!2\.)/i, /^spf ?[-._]?1(?=[ ;,:])/i],
  is: isSpfRecord,
  reads: (text) => parseSpf(text).ok,
  between: ' ',
};

/** Parses a record. The first fault in it decides (RFC 7208 section 4.6). */
export function parseSpf(text: string): Result<SpfRecord, SpfFault> {
  if (!isSpfRecord(text)) {
    return fault({ at: 0, term: text.slice(0, 20), what: `it does not begin with ${version}` });
  }
  const terms: SpfTerm[] = [];
  const once = new Set<string>();
  let at = version.length;
  while (at < text.length) {
    if (text[at] === ' ') {
      at++;
      continue;
    }
    const space = text.indexOf(' ', at);
    const written = text.slice(at, space < 0 ? undefined : space);
    const read = parseTerm(written);
    if (!read.ok) return fault({ at, term: written, what: read.error });
    const { kind } = read.value;
    if ((kind === 'redirect' || kind === 'exp') && once.has(kind)) {
      return fault({ at, term: written, what: `${kind}= occurs twice` });
    }
    once.add(kind);
    terms.push(read.value);
    at += written.length;
  }
  return ok(terms);
}

const modifier = /^([a-z][\w.-]*)=(.*)$/i;
const mechanism = /^([-+~?]?)([a-z][a-z0-9]*)(.*)$/i;
const anyOther = /[^!-~]/;

function parseTerm(written: string): Result<SpfTerm, string> {
  if (anyOther.test(written)) return fault('it contains a character that is not printable ASCII');
  const [, name, value = ''] = modifier.exec(written) ?? [];
  if (name !== undefined) return parseModifier(name, value);
  const [, sign = '', word = '', rest = ''] = mechanism.exec(written) ?? [];
  const qualifier = qualifiers.find((one) => one === sign) ?? '+';
  const kind = word.toLowerCase();
  switch (kind) {
    case 'all':
      return rest === '' ? ok({ kind, qualifier }) : fault('nothing may follow the word all');
    case 'include':
    case 'exists': {
      const domain = parseDomain(rest);
      if (!domain.ok) return domain;
      if (domain.value === undefined) return fault(`${kind} needs a domain: ${kind}:example.org`);
      return ok({ kind, qualifier, domain: domain.value });
    }
    case 'ptr': {
      const domain = parseDomain(rest);
      return domain.ok ? ok({ kind, qualifier, domain: domain.value }) : domain;
    }
    case 'a':
    case 'mx':
      return parseHosts(kind, qualifier, rest);
    case 'ip4':
    case 'ip6':
      return parseNetwork(kind, qualifier, rest);
    default:
      return fault(unknownTerm(kind, rest));
  }
}

const qualifiers: readonly SpfQualifier[] = ['+', '-', '~', '?'];

function parseModifier(name: string, value: string): Result<SpfModifier, string> {
  const kind = name.toLowerCase();
  if (kind === 'redirect' || kind === 'exp') {
    const wrong = domainFault(value);
    return wrong === undefined ? ok({ kind, domain: value }) : fault(wrong);
  }
  const macros = parseMacros(value, 'domain');
  return macros.ok ? ok({ kind: 'unknown', name, value }) : macros;
}

/** Parses `:example.org`, or nothing. */
function parseDomain(rest: string): Result<string | undefined, string> {
  if (rest === '') return ok(undefined);
  if (!rest.startsWith(':')) return fault('after the word must come a colon or nothing');
  const domain = rest.slice(1);
  const wrong = domainFault(domain);
  return wrong === undefined ? ok(domain) : fault(wrong);
}

/** What is wrong with a domain-spec; undefined if it is valid. */
function domainFault(domain: string): string | undefined {
  if (domain === '') return 'the domain is missing';
  const macros = parseMacros(domain, 'domain');
  if (!macros.ok) return macros.error;
  const last = macros.value.at(-1);
  if (typeof last !== 'string' || last.includes('%') || last === ' ') return undefined;
  const bare = domain.endsWith('.') ? domain.slice(0, -1) : domain;
  const dot = bare.lastIndexOf('.');
  const top = bare.slice(dot + 1);
  if (/^[\d.]+(?:\/\d+)?$/.test(domain) && dot >= 0) return 'write an address as ip4:ADDRESS';
  if (dot < 0) return 'this is not a full domain name: it has only one part';
  return /^[a-z\d](?:[a-z\d-]*[a-z\d])?$/i.test(top) && /[a-z-]/i.test(top)
    ? undefined
    : 'this does not end like a domain name';
}

const dualCidr = /(?:\/(0|[1-9]\d?))?(?:\/\/(0|[1-9]\d{0,2}))?$/;

function parseHosts(
  kind: 'a' | 'mx',
  qualifier: SpfQualifier,
  rest: string,
): Result<SpfMechanism, string> {
  const [lengths = '', ip4 = '32', ip6 = '128'] = dualCidr.exec(rest) ?? [];
  const domain = parseDomain(rest.slice(0, rest.length - lengths.length));
  if (!domain.ok) return domain;
  const wrong = bitsFault(Number(ip4), 32) ?? bitsFault(Number(ip6), 128);
  if (wrong !== undefined) return fault(wrong);
  const bits = { ip4Bits: Number(ip4), ip6Bits: Number(ip6) };
  return ok({ kind, qualifier, domain: domain.value, ...bits });
}

const addressBits = { ip4: 32, ip6: 128 } as const;

function parseNetwork(
  kind: 'ip4' | 'ip6',
  qualifier: SpfQualifier,
  rest: string,
): Result<SpfMechanism, string> {
  const most = addressBits[kind];
  const [, text = '', length = String(most)] = /^:([^/]*)(?:\/(0|[1-9]\d{0,2}))?$/.exec(rest) ?? [];
  const address = kind === 'ip4' ? parseIpv4(text) : parseIpv6(text);
  if (address === undefined) {
    return fault(
      `${kind}: needs one address of its kind, with an optional length: ${example[kind]}`,
    );
  }
  const wrong = bitsFault(Number(length), most);
  if (wrong !== undefined) return fault(wrong);
  return ok({ kind, qualifier, address: address.text, bits: Number(length) });
}

const example = { ip4: 'ip4:192.0.2.0/24', ip6: 'ip6:2001:db8::/32' } as const;

function bitsFault(bits: number, most: number): string | undefined {
  return bits > most ? `a network has at most ${most} bits, not ${bits}` : undefined;
}

/** Explains an unknown term, with common mistakes. */
function unknownTerm(word: string, rest: string): string {
  const meant = mistakes.get(word);
  if (meant !== undefined) return `there is no ${word}; perhaps ${meant} is meant`;
  if (word === 'redirect' || word === 'exp') return `${word} is written with =: ${word}=…`;
  if (word === '') return 'it is neither a mechanism nor name=value';
  return rest.startsWith('=') ? `${word} is not a valid name` : `there is no mechanism ${word}`;
}

const mistakes: ReadonlyMap<string, string> = new Map([
  ['ip', 'ip4'],
  ['ipv4', 'ip4'],
  ['ipv6', 'ip6'],
  ['prt', 'ptr'],
  ['inc', 'include'],
  ['includes', 'include'],
  ['exist', 'exists'],
]);

/** Prints the shortest text of a record. `parseSpf` reads the same terms from it. */
export function printSpf(record: SpfRecord): string {
  return [version, ...record.map(printSpfTerm)].join(' ');
}

/** Prints one term. */
export function printSpfTerm(term: SpfTerm): string {
  switch (term.kind) {
    case 'unknown':
      return `${term.name}=${term.value}`;
    case 'redirect':
    case 'exp':
      return `${term.kind}=${term.domain}`;
    default:
      return `${term.qualifier === '+' ? '' : term.qualifier}${term.kind}${argument(term)}`;
  }
}

function argument(term: SpfMechanism): string {
  switch (term.kind) {
    case 'all':
      return '';
    case 'ip4':
    case 'ip6':
      return `:${term.address}${term.bits === addressBits[term.kind] ? '' : `/${term.bits}`}`;
    case 'a':
    case 'mx': {
      const ip4 = term.ip4Bits === 32 ? '' : `/${term.ip4Bits}`;
      const ip6 = term.ip6Bits === 128 ? '' : `//${term.ip6Bits}`;
      return `${domainPart(term.domain)}${ip4}${ip6}`;
    }
    default:
      return domainPart(term.domain);
  }
}

function domainPart(domain: string | undefined): string {
  return domain === undefined ? '' : `:${domain}`;
}
