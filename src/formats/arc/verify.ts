/**
 * Verifies the ARC chain of a forwarded message (RFC 8617 section 5.2). The newest signature must
 * match the message as it came, and each seal must match everything that it covers. The keys of the
 * seals are fetched only if the newest signature is good, so fifty invented seals cost one DNS
 * question.
 */

import type { Canonicalization } from '../dkim/body-hash.ts';
import { openHeaderBlock } from '../dkim/header-block.ts';
import { type HeaderField, headerKey } from '../dkim/header-canonical.ts';
import { keyIn, keyQuestion, keyRecordName } from '../dkim/key-lookup.ts';
import { emptied } from '../dkim/signature.ts';
import { colonList, type TagList, withoutWhite } from '../dkim/tag-list.ts';
import { ask, type DnsAnswer, type DnsLookup } from '../dns/question.ts';
import type { ArcChain, ArcSet } from './chain.ts';
import { setText } from './seal.ts';

export type ArcVerdict = {
  readonly result: 'none' | 'pass' | 'fail' | 'temperror';
  readonly instances: number;
  /** The domain that sealed last; empty if none did. */
  readonly domain: string;
  /** A sentence for people, without the full stop. */
  readonly why: string;
};

/** How the newest signature says the body is hashed. */
export type ArcBody = { readonly canonicalization: Canonicalization; readonly length?: number };

/**
 * How to hash the body for the newest set, whose signature must match the message. This is known as
 * soon as the header is complete. Undefined if the signature does not say it in a known way.
 */
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
  /** The hash of the body, as arcBody describes. */
  readonly bodyHash: Buffer | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
};

export function* verifyArc({ chain, fields, bodyHash, now }: ArcQuestion): DnsLookup<ArcVerdict> {
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
  const name = keyOf(last.messageTags);
  const answer = name === undefined ? undefined : yield* ask(name, 'TXT');
  const data = messageData(last, fields);
  const first = signatureFault(last.messageTags, data, { name, answer });
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

/** Finds the first seal that does not match, from the last one down. */
function* sealFault(sets: readonly ArcSet[]): DnsLookup<SignatureFault | undefined> {
  const names = sets.map((set) => keyOf(set.sealTags));
  const distinct = [...new Set(names.filter((name) => name !== undefined))];
  const found: readonly DnsAnswer[] = yield distinct.map(keyQuestion);
  const answers = new Map(distinct.map((name, index) => [name, found[index]]));
  for (let at = sets.length - 1; at >= 0; at--) {
    const set = sets[at];
    if (set === undefined) continue;
    const own = { ...set.seal, value: emptied(set.seal.value) };
    const before = sets.slice(0, at).map(setText).join('');
    const text = (before + setText({ ...set, seal: own })).slice(0, -lineEnd.length);
    const name = names[at];
    const key = { name, answer: name === undefined ? undefined : answers.get(name) };
    const fault = signatureFault(set.sealTags, Buffer.from(text, 'latin1'), key);
    if (fault !== undefined) return { ...fault, why: `seal ${set.instance}: ${fault.why}` };
  }
  return undefined;
}

const lineEnd = '\r\n';

/** The DNS name of its key; undefined if it gives no valid name. */
function keyOf(tags: TagList): string | undefined {
  return keyRecordName(tags.get('s') ?? '', tags.get('d') ?? '');
}

/** Why a signature over `data` is not good, or undefined if it is good. */
function signatureFault(
  tags: TagList,
  data: Buffer,
  key: { readonly name: string | undefined; readonly answer: DnsAnswer | undefined },
): SignatureFault | undefined {
  const bad = (why: string): SignatureFault => ({ why, temporary: false });
  const algorithm = (tags.get('a') ?? '').toLowerCase();
  if (!/^(?:rsa|ed25519)-sha256$/.test(algorithm)) {
    return bad(`a=${algorithm.slice(0, 30)} is not known`);
  }
  const signature = withoutWhite(tags.get('b') ?? '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(signature)) return bad('b= is not base64');
  if (key.name === undefined || key.answer === undefined) return bad('its key has no name');
  const found = keyIn(key.answer, key.name);
  if (!found.ok) return { why: found.error.text, temporary: found.error.kind === 'temperror' };
  const { type } = found.value.key;
  if (algorithm !== `${type}-sha256`) return bad(`a=${algorithm}, and the key is for ${type}`);
  const good = found.value.key.verifies(data, Buffer.from(signature, 'base64'));
  return good ? undefined : bad('it does not fit what it covers');
}

/** The most names in `h=`, as in dkim/signature.ts. */
const namesMax = 1_000;

/** Checks the newest signature before any key is fetched. */
function messageFault(
  tags: TagList,
  bodyHash: Buffer | undefined,
  now: number,
): string | undefined {
  const names = covered(tags);
  if (!names.includes('from')) return 'does not cover From';
  if (names.length > namesMax) return 'covers more names than are looked for';
  // Section 4.1.2.
  if (names.includes('arc-seal')) return 'covers a seal';
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

/** The data that the newest signature covers. */
function messageData({ message, messageTags }: ArcSet, fields: readonly HeaderField[]): Buffer {
  const block = openHeaderBlock();
  for (const field of fields) block.add(field);
  const own = { ...message, value: emptied(message.value) };
  const how = canonicalizations(messageTags).header ?? 'simple';
  return block.signedData(how, covered(messageTags), own, message);
}

function covered(tags: TagList): readonly string[] {
  return colonList(tags.get('h') ?? '').map(headerKey);
}
