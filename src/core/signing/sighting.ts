/** Tells from the authoritative servers' answers what DNS shows of a key. Pure. */
import { keyIn } from '../../formats/dkim/key-lookup.ts';
import { algorithmOf } from '../../formats/dkim/signing-key.ts';
import type { DnsAnswer } from '../../formats/dns/question.ts';
import { type DnsRecord, textOfTxt } from '../../formats/dns/record.ts';
import { type DkimKey, keyName, type Sighting } from './key.ts';

type SeenKey = Pick<DkimKey, 'domain' | 'selector' | 'algorithm' | 'publicKey'>;

export type ServerAnswer = { readonly server: string; readonly answer: DnsAnswer };

/** Characters of each server's record that are quoted to the operator. */
const quotedMax = 60;

type Shown = 'key' | 'revoked' | 'nothing' | 'other' | 'failure';

/** `negativeMs`: how long resolvers remember that nothing is there (the zone's SOA, RFC 2308). */
export function sightingOf(
  key: SeenKey,
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
  if (kinds.has('failure')) {
    const isLacking = kinds.size > (kinds.has('key') ? 2 : 1);
    if (isLacking) return { kind: 'unknown', cachedMs, text: text(), isLacking };
    return { kind: kinds.has('key') ? 'answering' : 'unknown', cachedMs, text: text() };
  }
  if (kinds.size === 1 && only === 'key') {
    return { kind: 'everywhere', cachedMs: negativeMs, text: '' };
  }
  if (kinds.has('key')) return { kind: 'partly', cachedMs, text: text() };
  if (kinds.has('other')) return { kind: 'other', cachedMs, text: text() };
  return { kind: kinds.has('revoked') ? 'revoked' : 'nowhere', cachedMs, text: text() };
}

/** What a receiver finds in this answer: read by the verifier's own reader. */
function shownBy(
  key: SeenKey,
  answer: DnsAnswer,
): { readonly what: Shown; readonly words: string; readonly ttlMs: number } {
  if (answer.kind === 'failure') return { what: 'failure', words: answer.text, ttlMs: 0 };
  const records = answer.kind === 'none' ? [] : answer.records.filter((one) => one.type === 'TXT');
  const ttlMs = Math.max(0, ...records.map(({ ttlSeconds }) => ttlSeconds)) * 1_000;
  const found = keyIn(answer, keyName(key));
  if (found.ok) {
    const { publicKey, type } = found.value.key;
    const isOurs = publicKey === key.publicKey && algorithmOf(type) === key.algorithm;
    return isOurs
      ? { what: 'key', words: '', ttlMs }
      : { what: 'other', words: `another key: ${quoted(records)}`, ttlMs };
  }
  if (found.error.why === 'missing') return { what: 'nothing', words: 'no record', ttlMs };
  if (found.error.why === 'revoked') {
    return { what: 'revoked', words: 'revoked (an empty p=)', ttlMs };
  }
  const words = `not usable: ${found.error.text}; found ${quoted(records)}`;
  return { what: 'other', words, ttlMs };
}

function quoted(records: readonly DnsRecord[]): string {
  const [text = ''] = records.flatMap((one) => (one.type === 'TXT' ? [textOfTxt(one)] : []));
  return (text.length > quotedMax ? `${text.slice(0, quotedMax)}…` : text).replace(/[^ -~…]/g, '?');
}
