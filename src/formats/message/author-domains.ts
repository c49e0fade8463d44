/**
 * Finds the domains of a message's authors, for DMARC (RFC 9989 section 5.3.1). It takes every
 * mailbox in every From field (RFC 5322 sections 3.4 and 3.6.2), because a mail program may show
 * any of them. Pure, bounded, never throws.
 */
import { peerText } from '../../lib/peer-text.ts';
import { addressKey, domainOf } from './address.ts';

export type AuthorDomains = {
  /** In A-labels and lower case, in order, each once. */
  readonly domains: readonly string[];
  /** Whether there is more than is read, so `domains` may be incomplete. */
  readonly cut: boolean;
};

/** The most characters of all From fields, enough for a hundred authors. */
const fieldsLengthMax = 16_384;
const domainsMax = 50;

/** `fields` are the values of the From fields, one octet a character. */
export function authorDomains(fields: readonly string[]): AuthorDomains {
  const domains = new Set<string>();
  let cut = false;
  let room = fieldsLengthMax;
  for (const field of fields) {
    if (field.length > room) cut = true;
    const text = peerText(Buffer.from(field.slice(0, room), 'latin1'));
    room -= Math.min(room, field.length);
    for (const address of mailboxes(text)) {
      const domain = asciiDomain(domainOf(addressKey(address)));
      if (domain === undefined || domains.has(domain)) continue;
      if (domains.size < domainsMax) domains.add(domain);
      else cut = true;
    }
  }
  return { domains: [...domains], cut };
}

/** The addresses of a list, without names, comments and groups. */
function mailboxes(text: string): readonly string[] {
  const found: string[] = [];
  let bare = '';
  const end = (): void => {
    for (const word of words(bare)) if (word.includes('@')) found.push(word);
    bare = '';
  };
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === '(') {
      at = commentEnd(text, at);
      bare += ' ';
    } else if (char === '"') {
      const close = quoteEnd(text, at);
      bare += text.slice(at, close + 1);
      at = close;
    } else if (char === '<') {
      const close = angleEnd(text, at);
      found.push(text.slice(at, close + 1));
      // The text before it is a display name.
      bare = '';
      at = close;
    } else if (char === ':' && !bare.includes('@')) bare = '';
    else if (char === ',' || char === ';') end();
    else bare += char;
  }
  end();
  return found;
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
      const joined = /[@.]$/.test(word) || /[@.]/.test(text[at + 1] ?? '');
      if (joined) continue;
      parts.push(word);
      word = '';
    }
  }
  return [...parts, word];
}

/** The index of the bracket that closes the comment at `start`, or of the last character. */
function commentEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '(') depth++;
    else if (text[at] === ')' && --depth === 0) return at;
  }
  return text.length - 1;
}

function quoteEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  return text.length - 1;
}

function angleEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') at = quoteEnd(text, at);
    else if (text[at] === '>') return at;
  }
  return text.length - 1;
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
