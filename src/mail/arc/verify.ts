/**
 * Is the chain of those who handed a message on unbroken (RFC 8617 section 5.2)? The newest signature must fit the message
 * as it came, and each seal all that was there when it was made. Keys are asked for only once the newest signature's own
 * is known to be good: fifty seals that somebody made up cost one question.
 */

import type { Canonicalization } from '../dkim/body-hash.ts';
import { canonicalHeader, type HeaderField, headerKey } from '../dkim/header-canonical.ts';
import { keyOf, parseKeyRecord } from '../dkim/key-record.ts';
import { colonList, type TagList, withoutWhite } from '../dkim/tag-list.ts';
import { type Asking, ask, type DnsAnswer, type DnsQuestion } from '../dns/question.ts';
import { textOfTxt } from '../dns/record.ts';
import type { ArcChain, ArcSet } from './chain.ts';
import { setText } from './seal.ts';

export type ArcVerdict = {
  readonly result: 'none' | 'pass' | 'fail' | 'temperror';
  readonly instances: number;
  /** Who sealed last; empty: nobody. */
  readonly domain: string;
  /** For people, without the full stop. */
  readonly why: string;
};

/** How the newest signature wants the body hashed; undefined: it says nothing that can be done. */
export type ArcBody = { readonly canonicalization: Canonicalization; readonly length?: number };

/** Of the newest set, whose signature must fit the message. Known as soon as the headers are. */
export function arcBody(chain: ArcChain): ArcBody | undefined {
  const tags = chain.kind === 'whole' ? chain.sets.at(-1)?.messageTags : undefined;
  if (tags === undefined) return undefined;
  const { body } = canonicalizations(tags);
  const length = tags.get('l');
  if (body === undefined || (length !== undefined && !/^\d{1,15}$/.test(length))) return undefined;
  return { canonicalization: body, ...(length === undefined ? {} : { length: Number(length) }) };
}

export type ArcQuestion = {
  readonly chain: ArcChain;
  /** The fields of the message, in its order. */
  readonly fields: readonly HeaderField[];
  /** As arcBody wants it. */
  readonly bodyHash: Buffer | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
};

export function* verifyArc({ chain, fields, bodyHash, now }: ArcQuestion): Asking<ArcVerdict> {
  if (chain.kind === 'none') return { result: 'none', instances: 0, domain: '', why: '' };
  if (chain.kind !== 'whole') return failed(chain.instances, '', chain.why);
  const { sets } = chain;
  const last = sets.at(-1);
  if (last === undefined) return { result: 'none', instances: 0, domain: '', why: '' };
  const domain = last.sealTags.get('d') ?? '';
  const end = (fault: SignatureFault): ArcVerdict => ({
    ...failed(sets.length, domain, fault.why),
    ...(fault.temporary ? { result: 'temperror' } : {}),
  });
  const whole = messageFault(last.messageTags, bodyHash, now);
  if (whole !== undefined) return end({ why: `the newest signature ${whole}`, temporary: false });
  const newest = keyName(last.messageTags);
  const answer = newest === undefined ? undefined : yield* ask(newest, 'TXT');
  const text = messageText(last, fields);
  const first = signatureFault(last.messageTags, text, answer);
  if (first !== undefined) return end({ ...first, why: `the newest signature: ${first.why}` });
  const faulty = yield* sealFault(sets);
  if (faulty !== undefined) return end(faulty);
  const others = sets.length === 1 ? '' : `, ${sets.length} times in all`;
  return { result: 'pass', instances: sets.length, domain, why: `sealed by ${domain}${others}` };
}

function failed(instances: number, domain: string, why: string): ArcVerdict {
  return { result: 'fail', instances, domain, why };
}

type SignatureFault = { readonly why: string; readonly temporary: boolean };

/** The first seal, from the last one down, that does not fit. */
function* sealFault(sets: readonly ArcSet[]): Asking<SignatureFault | undefined> {
  const names = sets.map((set) => keyName(set.sealTags));
  const distinct = [...new Set(names.filter((name) => name !== undefined))];
  const found: readonly DnsAnswer[] = yield distinct.map(
    (name): DnsQuestion => ({ name, type: 'TXT' }),
  );
  const answers = new Map(distinct.map((name, index) => [name, found[index]]));
  for (let at = sets.length - 1; at >= 0; at--) {
    const set = sets[at];
    if (set === undefined) continue;
    const text =
      sets.slice(0, at).map(setText).join('') +
      setText({ ...set, seal: { ...set.seal, value: withoutSignature(set.seal.value) } });
    const fault = signatureFault(
      set.sealTags,
      text.slice(0, -lineEnd.length),
      answers.get(names[at] ?? ''),
    );
    if (fault !== undefined) return { ...fault, why: `seal ${set.instance}: ${fault.why}` };
  }
  return undefined;
}

const lineEnd = '\r\n';

/** Where its key is; undefined where it names none that can be asked for. */
function keyName(tags: TagList): string | undefined {
  const name = `${tags.get('s') ?? ''}._domainkey.${tags.get('d') ?? ''}`.toLowerCase();
  return name.length <= 253 && /^[\w-]+(?:\.[\w-]+)*$/.test(name) ? name : undefined;
}

/** Why a signature over `text` is not good. */
function signatureFault(
  tags: TagList,
  text: string,
  answer: DnsAnswer | undefined,
): SignatureFault | undefined {
  const bad = (why: string): SignatureFault => ({ why, temporary: false });
  const algorithm = (tags.get('a') ?? '').toLowerCase();
  const type = /^(rsa|ed25519)-sha256$/.exec(algorithm)?.[1];
  if (type === undefined) return bad(`a=${algorithm.slice(0, 30)} is not known`);
  const signature = withoutWhite(tags.get('b') ?? '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(signature)) return bad('b= is not base64');
  if (answer === undefined) return bad('its key has no name');
  if (answer.kind === 'failure') return { why: answer.text, temporary: true };
  const [record] = answer.kind === 'none' ? [] : answer.records;
  if (record?.type !== 'TXT') return bad('its key is not published');
  const read = parseKeyRecord(textOfTxt(record));
  if (!read.ok) return bad(`its key record: ${read.error}`);
  const key = keyOf(read.value);
  if (!key.ok) return bad(key.error.text);
  if (key.value.type !== type) return bad(`a=${algorithm}, and the key is ${key.value.type}`);
  const good = key.value.verifies(Buffer.from(text, 'latin1'), Buffer.from(signature, 'base64'));
  return good ? undefined : bad('it does not fit what it covers');
}

/** What is wrong with the newest signature before any key is asked for. */
function messageFault(
  tags: TagList,
  bodyHash: Buffer | undefined,
  now: number,
): string | undefined {
  const covered = colonList(tags.get('h') ?? '').map((name) => name.toLowerCase());
  if (!covered.includes('from')) return 'does not cover From';
  // Section 4.1.2.
  if (covered.includes('arc-seal')) return 'covers a seal';
  if (canonicalizations(tags).header === undefined) return 'has a c= that is not known';
  const expires = tags.get('x');
  if (expires !== undefined && !(Number(expires) * 1_000 >= now)) return 'has expired';
  if (bodyHash === undefined) return 'says nothing about the body that can be checked';
  const wanted = withoutWhite(tags.get('bh') ?? '');
  return wanted === bodyHash.toString('base64') ? undefined : 'is of another body';
}

function canonicalizations(tags: TagList): {
  readonly header: Canonicalization | undefined;
  readonly body: Canonicalization | undefined;
} {
  const [header = '', body = 'simple'] = (tags.get('c') ?? 'simple/simple')
    .toLowerCase()
    .split('/')
    .map(withoutWhite);
  return { header: canonicalization(header), body: canonicalization(body) };
}

function canonicalization(name: string): Canonicalization | undefined {
  return name === 'simple' || name === 'relaxed' ? name : undefined;
}

/** What the newest signature covers (RFC 6376 section 5.4.2): of each name in turn the last field not yet taken. */
function messageText({ message, messageTags }: ArcSet, fields: readonly HeaderField[]): string {
  const how = canonicalizations(messageTags).header ?? 'simple';
  const byKey = new Map<string, HeaderField[]>();
  for (const field of fields) {
    const key = headerKey(field.name);
    const same = byKey.get(key);
    if (same === undefined) byKey.set(key, [field]);
    else same.push(field);
  }
  let text = '';
  for (const name of colonList(messageTags.get('h') ?? '')) {
    const field = byKey.get(headerKey(name))?.pop();
    if (field !== undefined) text += `${canonicalHeader(how, field)}${lineEnd}`;
  }
  return text + canonicalHeader(how, { ...message, value: withoutSignature(message.value) });
}

/** `b=` is empty in what it is made over; nothing else of the field is changed. */
function withoutSignature(value: string): string {
  return value.replace(/((?:^|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*/, '$1');
}
