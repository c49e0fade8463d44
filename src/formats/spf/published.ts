/**
 * Fetches the SPF record of a domain (RFC 7208 sections 4.4 to 4.6), and checks names before they
 * are asked for.
 */
import { ask, type DnsLookup } from '../dns/question.ts';
import { textOfTxt } from '../dns/record.ts';
import {
  isSpfRecord,
  parseSpf,
  printSpfTerm,
  type SpfFault,
  type SpfRecord,
  type SpfTerm,
} from './record.ts';

export type PublishedSpf =
  | { readonly kind: 'record'; readonly text: string; readonly record: SpfRecord }
  | { readonly kind: 'none' | 'temperror'; readonly why: string }
  /** `fault` is the fault in the record; undefined if there are several records. */
  | { readonly kind: 'permerror'; readonly why: string; readonly fault: SpfFault | undefined };

/** Asks for the record of `domain`, which may be any text. */
export function* publishedSpf(domain: string): DnsLookup<PublishedSpf> {
  const name = questionName(domain);
  if (name === undefined || !name.includes('.')) {
    return { kind: 'none', why: `${shown(domain)} is not a full domain name` };
  }
  const answer = yield* ask(name, 'TXT');
  if (answer.kind === 'failure') return { kind: 'temperror', why: `TXT ${name}: ${answer.text}` };
  if (answer.kind === 'none') return { kind: 'none', why: `${name} has no TXT record` };
  const texts = answer.records
    .map((record) => (record.type === 'TXT' ? textOfTxt(record) : ''))
    .filter(isSpfRecord);
  const [text, another] = texts;
  if (text === undefined) return { kind: 'none', why: `${name} has no SPF record` };
  if (another !== undefined) {
    return {
      kind: 'permerror',
      why: `${name} has ${texts.length} SPF records where one is allowed`,
      fault: undefined,
    };
  }
  const read = parseSpf(text);
  if (read.ok) return { kind: 'record', text, record: read.value };
  const { term, what } = read.error;
  return { kind: 'permerror', why: `${name}: ${shown(term)}: ${what}`, fault: read.error };
}

const labelOctetsMax = 63;
export const nameOctetsMax = 253;

/**
 * Makes a question's name from the result of macros: printable ASCII in labels of 1 to 63 octets,
 * without backslash (which would need escaping). Undefined if no such name can be published.
 */
export function questionName(text: string): string | undefined {
  const bare = text.endsWith('.') ? text.slice(0, -1) : text;
  if (bare.length > nameOctetsMax || !/^[ -[\]-~]+$/.test(bare)) return undefined;
  const labels = bare.split('.');
  if (labels.some((label) => label === '' || label.length > labelOctetsMax)) return undefined;
  return bare.toLowerCase();
}

const shownMax = 80;

/** Makes a stranger's text safe to show in a sentence: printable and short. */
export function shown(text: string, charactersMax: number = shownMax): string {
  const clean = text.slice(0, charactersMax).replace(/[^ -~]/g, '?');
  return text.length > charactersMax ? `${clean}…` : clean;
}

/** Longer than any real term; a record of 64 KB can be one term. */
const termCharactersMax = 500;

/** A term as it is shown in lists. */
export function shownTerm(term: SpfTerm): string {
  return shown(printSpfTerm(term), termCharactersMax);
}
