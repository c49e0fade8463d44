/**
 * Finds the domains of a message's authors, for DMARC (RFC 9989 section 5.3.1). It takes every
 * mailbox in every From field (RFC 5322 sections 3.4 and 3.6.2), because a mail program may show
 * any of them. Where a field breaks the grammar, it takes every name that some program could read
 * from it, so that nobody escapes the policy of a domain. Pure, bounded, never throws.
 */
import { peerText } from '../../lib/peer-text.ts';
import { addressKey, domainOf } from './address.ts';

export type AuthorDomains = {
  /** In A-labels and lower case, in order, each once. */
  readonly domains: readonly string[];
  /** Whether there is more than is read, so `domains` may be incomplete. */
  readonly cut: boolean;
};

/** An author that some mail program may show. */
export type Author = {
  readonly domain: string;
  /**
   * The address key, its domain in A-labels. `@domain`: programs may read different addresses of
   * this domain.
   */
  readonly address: string;
};

export type Authors = {
  /** In order, each address once. */
  readonly authors: readonly Author[];
  /** Domains of addresses in display names and comments, which are no authors. */
  readonly named: readonly string[];
  /** Whether there is more than is read, so `authors` may be incomplete. */
  readonly cut: boolean;
};

/** The most characters of all From fields, enough for a hundred authors. */
const fieldsLengthMax = 16_384;
const domainsMax = 50;
const authorsMax = 100;
/** A field with more `@` is read at its beginning only: each may cost as much as a domain. */
const signsMax = 200;
const crowdedLengthMax = 1_000;
/** Controls, and characters without width. Programs differ in what they do with them. */
const invisible = /[\p{Cc}\p{Cf}]/gu;
/** Characters that look like `@`. */
const atSigns = /[\uff20\ufe6b]/g;
const isLikeAt = (char: string): boolean => char === '\uff20' || char === '\ufe6b';
/** Quotation marks and signs behind a name. No top-level domain has them (RFC 5892). */
const oddEnd = /[^\0-\x7f\p{L}\p{M}\p{N}]+$/u;

/** `fields` are the values of the From fields, one octet a character. */
export function authorDomains(fields: readonly string[]): AuthorDomains {
  const { authors, cut } = shownAuthors(fields);
  const [first] = authors;
  if (first === undefined || authors.length === 1)
    return { domains: authors.map(({ domain }) => domain), cut };
  return { domains: [...new Set(authors.map(({ domain }) => domain))], cut };
}

/** The same with their addresses. */
export function shownAuthors(fields: readonly string[]): Authors {
  const [only = ''] = fields;
  if (fields.length === 1 && only.length <= fieldsLengthMax) {
    const plain = plainAuthor(only);
    if (plain !== undefined) return { authors: [plain], named: nobody, cut: false };
  }
  const authors = new Map<string, Author>();
  const domains = new Set<string>();
  const named = new Set<string>();
  let cut = false;
  let room = fieldsLengthMax;
  for (const field of fields) {
    if (field.length > room) cut = true;
    let text = peerText(Buffer.from(field.slice(0, room), 'latin1'));
    room -= Math.min(room, field.length);
    if (signsIn(text) > signsMax) {
      cut = true;
      text = text.slice(0, crowdedLengthMax);
    }
    for (const author of fieldAuthors(text)) {
      if (authors.has(author.address)) continue;
      const isNew = !domains.has(author.domain);
      if (authors.size >= authorsMax || (isNew && domains.size >= domainsMax)) cut = true;
      else {
        authors.set(author.address, author);
        domains.add(author.domain);
      }
    }
    for (const domain of anyDomains(text)) if (named.size < domainsMax) named.add(domain);
  }
  for (const domain of domains) named.delete(domain);
  return { authors: [...authors.values()], named: [...named], cut };
}

const nobody: readonly string[] = [];

function signsIn(text: string): number {
  let signs = 0;
  for (const char of decodedWords(text)) if (char === '@' || isLikeAt(char)) signs++;
  return signs;
}

/**
 * One address, bare or behind a plain name: nearly all fields. What is not certain to be plain is
 * read as the rest.
 */
const plainField =
  /^(?:([\w.+-]+)@([\w.-]+)|(?:[\w .'-]{0,200}|"[\w .,'-]{0,200}" ?)<([\w.+-]+)@([\w.-]+)>)$/;

function plainAuthor(text: string): Author | undefined {
  const plain = plainField.exec(text.trim());
  if (plain === null) return undefined;
  const domain = asciiDomain(plain[2] ?? plain[4] ?? '');
  if (domain === undefined) return undefined;
  return { domain, address: `${(plain[1] ?? plain[3] ?? '').toLowerCase()}@${domain}` };
}

function fieldAuthors(text: string): readonly Author[] {
  const plain = plainAuthor(text);
  if (plain !== undefined) return [plain];
  const { addresses, broken } = mailboxes(text);
  const found = addresses.flatMap(addressAuthors);
  // Without an address, a program may show what stands in quotes or comments.
  const more = [...broken.flatMap(anyDomains), ...(found.length === 0 ? anyDomains(text) : [])];
  return [...found, ...more.map(anyOf)];
}

/** Some address of a domain; which one, programs may read differently. */
const anyOf = (domain: string): Author => ({ domain, address: `@${domain}` });

/** Local parts that all programs read alike. */
const commonLocal = /^[\w.!#$%&'*+/=?^`{|}~-]+$/;

/** The author of an address; of one that breaks the grammar, every name that may be read. */
function addressAuthors(address: string): readonly Author[] {
  const { domain, plain, isWhole, local } = read(address);
  // An address has no encoded words (RFC 2047 section 5), but some programs decode them there.
  if (domain !== undefined && isWhole && !plain.includes('=?')) {
    return [commonLocal.test(local) ? { domain, address: `${local}@${domain}` } : anyOf(domain)];
  }
  return [...(domain === undefined ? [] : [domain]), ...anyDomains(plain)].map(anyOf);
}

function read(address: string) {
  const spaced = withoutComments(address);
  // In two steps: one pattern that looks for blanks on both sides takes time squared.
  const plain = spaced.replace(/\s+/g, ' ').replace(/ ?([.@]) ?/g, '$1');
  const key = addressKey(plain);
  const keyDomain = domainOf(key);
  const domain = asciiDomain(keyDomain.replace(oddEnd, ''));
  const isRoute = /^<?\s*@[^:]*:/.test(plain);
  const signs = withoutQuotes(plain).split('@').length - 1;
  // In quotes, an `@` belongs to the local part only if no text stands before them.
  const isLocal = !/"[^"]*@/.test(plain) || /^[<\s]*"(?:[^"\\]|\\.)*"@/.test(plain);
  const isOne = signs === 1 && isLocal && !/^[<\s]*@/.test(plain);
  // RFC 5322 allows a blank before a dot, and no program writes it; some end the name there.
  const mayEndBefore = /\.[^\s.@]{1,63}\s+\./.test(spaced);
  const isWhole = (isRoute || isOne) && !mayEndBefore;
  return { plain: spaced, domain, isWhole, local: key.slice(0, -keyDomain.length - 1) };
}

/** Whether an address in brackets is one, so that the text before it is only a name. */
function isAddress(text: string): boolean {
  if (/^<[\w.+-]+@[\w.-]+>$/.test(text)) return true;
  const { domain, isWhole } = read(text);
  return domain !== undefined && isWhole;
}

/** Every name behind an `@`, whatever stands around it. */
function anyDomains(text: string): readonly string[] {
  return decodedWords(text)
    .replace(atSigns, '@')
    .split('@')
    .slice(1)
    .flatMap((part) => [part, part.replace(invisible, ''), part.replace(/[\s\\"]/g, '')])
    .flatMap((part) => {
      const name = /^[^\w\u0080-\uffff]{0,8}([\w\u0080-\uffff.-]{1,300})/.exec(part)?.[1] ?? '';
      const bare = name
        .replace(oddEnd, '')
        .replace(/\.{2,}/g, '.')
        .replace(/[.-]+$/, '');
      const domain = asciiDomain(bare);
      // The last part of an address is a number; that of a domain is not.
      return domain === undefined || /(?:^|\.)\d+$/.test(domain) ? [] : [domain];
    });
}

/** Encoded words as text (RFC 2047); each character set is read as UTF-8. */
function decodedWords(text: string): string {
  return text.replace(
    /=\?[\w*-]{1,40}\?([bq])\?([^?\s]{0,1000})\?=/gi,
    (_, kind: string, word: string) => {
      if (kind.toLowerCase() === 'b') return Buffer.from(word, 'base64').toString();
      const octets = word.replace(/=([\da-f]{2})/gi, (_whole, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
      return Buffer.from(octets, 'latin1').toString();
    },
  );
}

type Mailboxes = {
  readonly addresses: readonly string[];
  /**
   * Parts that begin a quoted string, a comment or an address and never end it; and what follows a
   * backslash that stands in none of these: for some programs it hides the character behind it.
   */
  readonly broken: readonly string[];
};

/** The addresses of a list, without names, comments and groups. */
function mailboxes(text: string): Mailboxes {
  const addresses: string[] = [];
  const broken: string[] = [];
  let bare = '';
  let isEscaped = false;
  const end = (): void => {
    for (const word of words(bare)) if (word.includes('@')) addresses.push(word);
    bare = '';
  };
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    const close = closing(text, at);
    if (close === undefined) {
      if (char === '\\' && !isEscaped) {
        isEscaped = true;
        broken.push(text.slice(at));
      }
      if (char === ':' && !bare.includes('@')) bare = '';
      else if (char === ',' || char === ';') end();
      else bare += char;
      continue;
    }
    const isCut = close >= text.length;
    if (isCut) broken.push(text.slice(at));
    const whole = text.slice(at, close + 1);
    if (char === '(') bare += ' ';
    else if (char === '"') bare += whole;
    else {
      // The text before an address is a display name; without an address it may be shown as one.
      if (isCut || !isAddress(whole)) end();
      addresses.push(whole);
      bare = '';
    }
    at = close;
  }
  end();
  return { addresses, broken };
}

/** Where a comment, a quoted string or an address ends; undefined if none begins at `at`. */
function closing(text: string, at: number): number | undefined {
  const char = text[at];
  if (char === '(') return commentEnd(text, at);
  if (char === '"') return quoteEnd(text, at);
  return char === '<' ? angleEnd(text, at) : undefined;
}

/** Splits at white space outside quotes, but not around `@` and dots. */
function words(bare: string): readonly string[] {
  const text = bare.trim();
  if (!text.includes('@')) return [];
  const parts: string[] = [];
  let word = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === '"') {
      const close = quoteEnd(text, at);
      word += text.slice(at, close + 1);
      at = close;
    } else if (!/\s/.test(char)) word += char;
    else {
      while (/\s/.test(text[at + 1] ?? '')) at++;
      const next = text[at + 1] ?? '';
      if (/[@.]$/.test(word) || /[@.]/.test(next)) {
        if (next === '.') word += ' ';
        continue;
      }
      parts.push(word);
      word = '';
    }
  }
  return [...parts, word];
}

/** The address in brackets without its comments (RFC 5322 section 3.2.2). */
function withoutComments(text: string): string {
  if (!text.includes('(')) return text;
  let plain = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    const close = char === '(' ? commentEnd(text, at) : char === '"' ? quoteEnd(text, at) : at;
    if (char !== '(') plain += text.slice(at, close + 1);
    at = close;
  }
  return plain;
}

/** The text without its quoted strings; what begins one and never ends it stays. */
function withoutQuotes(text: string): string {
  let plain = '';
  let start = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', start)) {
    const close = quoteEnd(text, at);
    if (close === text.length) break;
    plain += text.slice(start, at);
    start = close + 1;
  }
  return plain + text.slice(start);
}

/** The index of the bracket that closes the comment at `start`; the length if it is missing. */
function commentEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '(') depth++;
    else if (text[at] === ')' && --depth === 0) return at;
  }
  return text.length;
}

function quoteEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  return text.length;
}

function angleEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') at = quoteEnd(text, at);
    else if (text[at] === '(') at = commentEnd(text, at);
    else if (text[at] === '>') return at;
  }
  return text.length;
}

/** A domain name in A-labels (RFC 5890 section 2.3); undefined if it is not a domain name. */
export function asciiDomain(domain: string): string | undefined {
  let name = domain.toLowerCase().replace(/\.$/, '');
  if (/[^ -~]/.test(name)) {
    if (!URL.canParse(`http://${name}/`)) return undefined;
    name = new URL(`http://${name}/`).hostname;
  }
  const fits = name.length <= 253 && /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/.test(name);
  return fits ? name : undefined;
}
