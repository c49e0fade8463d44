/** Tells from the authoritative servers' answers what DNS shows of a key. Pure. */
import type { DnsAnswer } from '../../formats/dns/question.ts';
import { textOfTxt } from '../../formats/dns/record.ts';
import { type DkimKey, keyType, type Sighting } from './key.ts';

export type ServerAnswer = { readonly server: string; readonly answer: DnsAnswer };

/** Characters of each server's record that are quoted to the operator. */
const quotedMax = 60;

type Shown = 'key' | 'revoked' | 'nothing' | 'other' | 'failure';

/** `negativeMs`: how long resolvers remember that nothing is there (the zone's SOA, RFC 2308). */
export function sightingOf(
  key: Pick<DkimKey, 'algorithm' | 'publicKey'>,
  answers: readonly ServerAnswer[],
  negativeMs: number,
): Sighting {
  const shown = answers.map(({ server, answer }) => ({ server, ...shownBy(key, answer) }));
  const kinds = new Set(shown.map(({ what }) => what));
  const [only] = kinds;
  const text = (): string =>
    shown
      .filter(({ what }) => what !== 'key')
      .map(({ server, words }) =>
        server === '' || words.startsWith(`${server}: `) ? words : `${server}: ${words}`,
      )
      .join('; ');
  const cachedMs = Math.max(negativeMs, ...shown.map(({ ttlMs }) => ttlMs));
  if (kinds.size === 0) return { kind: 'unknown', cachedMs: 0, text: 'no server to ask' };
  if (kinds.has('failure')) return { kind: 'unknown', cachedMs, text: text() };
  if (kinds.size === 1 && only === 'key') {
    return { kind: 'everywhere', cachedMs: negativeMs, text: '' };
  }
  if (kinds.has('key')) return { kind: 'partly', cachedMs, text: text() };
  if (kinds.has('other')) return { kind: 'other', cachedMs, text: text() };
  return { kind: kinds.has('revoked') ? 'revoked' : 'nowhere', cachedMs, text: text() };
}

function shownBy(
  key: Pick<DkimKey, 'algorithm' | 'publicKey'>,
  answer: DnsAnswer,
): { readonly what: Shown; readonly words: string; readonly ttlMs: number } {
  if (answer.kind === 'failure') return { what: 'failure', words: answer.text, ttlMs: 0 };
  const records = answer.kind === 'none' ? [] : answer.records.filter((one) => one.type === 'TXT');
  const [first, second] = records;
  if (first === undefined) return { what: 'nothing', words: 'no record', ttlMs: 0 };
  const ttlMs = Math.max(...records.map(({ ttlSeconds }) => ttlSeconds)) * 1_000;
  // RFC 6376 section 3.6.2.2: with more than one, what a verifier does is undefined.
  if (second !== undefined) {
    return { what: 'other', words: `${records.length} records where one may be`, ttlMs };
  }
  const text = textOfTxt(first);
  const tags = tagsOf(text);
  const p = tags.get('p')?.replace(/\s+/g, '');
  if (p === '') return { what: 'revoked', words: 'revoked (an empty p=)', ttlMs };
  const fits = p === key.publicKey && (tags.get('k') ?? 'rsa') === keyType(key);
  if (fits) return { what: 'key', words: '', ttlMs };
  const quoted = text.length > quotedMax ? `${text.slice(0, quotedMax)}…` : text;
  const words = p === undefined ? `not a key: ${quoted}` : `another key: ${quoted}`;
  return { what: 'other', words: words.replace(/[^ -~…]/g, '?'), ttlMs };
}

function tagsOf(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split(';').flatMap((part): [string, string][] => {
      const equals = part.indexOf('=');
      return equals < 0 ? [] : [[part.slice(0, equals).trim(), part.slice(equals + 1).trim()]];
    }),
  );
}
