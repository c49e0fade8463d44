/**
 * Finds the key of a signature: makes the DNS question and reads the answer (RFC 6376 sections
 * 3.6.2 and 6.1.2).
 */
import type { PublicKey } from '../../lib/public-key.ts';
import { fault, ok, type Result } from '../../lib/result.ts';
import { askable } from '../dns/name.ts';
import type { DnsAnswer, DnsQuestion } from '../dns/question.ts';
import { textOfTxt } from '../dns/record.ts';
import { type KeyRecord, type KeyRefusal, keyOf, parseKeyRecord } from './key-record.ts';

export type FoundKey = { readonly record: KeyRecord; readonly key: PublicKey };

export type KeyFault = {
  readonly kind: 'temperror' | 'permerror' | 'policy';
  /** `silent`: no answer. `missing`: nothing is published. */
  readonly why: 'silent' | 'missing' | KeyRefusal['why'];
  readonly text: string;
};

/**
 * The name at which the key of a selector is published; undefined if it is not a valid DNS name.
 */
export function keyRecordName(selector: string, domain: string): string | undefined {
  const ascii = asciiName(domain);
  const name = `${asciiName(selector) ?? ''}._domainkey.${ascii ?? ''}`;
  return ascii !== undefined && !name.startsWith('.') && askable(name) ? name : undefined;
}

export function keyQuestion(name: string): DnsQuestion {
  return { name, type: 'TXT' };
}

/**
 * The key in an answer to `keyQuestion`. The one reader of key records: signatures are verified
 * with it, and a key of ours signs, and counts as published, only if this finds it.
 */
export function keyIn(answer: DnsAnswer, name: string): Result<FoundKey, KeyFault> {
  if (answer.kind === 'failure') {
    const text = `the key could not be fetched: ${answer.text}`;
    return fault({ kind: 'temperror', why: 'silent', text });
  }
  const none = { kind: 'permerror', why: 'missing', text: `there is no key at ${name}` } as const;
  if (answer.kind === 'none') return fault(none);
  const texts = answer.records.flatMap((record) =>
    record.type === 'TXT' ? [textOfTxt(record)] : [],
  );
  // Wildcards and old mistakes cause other texts at these names.
  const keys = texts.filter((text) =>
    /(?:^|;)\s*(?:v\s*=\s*DKIM1|p\s*=)/.test(text.slice(0, 1_024)),
  );
  if (keys.length > 1) {
    const text = `there are ${keys.length} key records at ${name}`;
    return fault({ kind: 'permerror', why: 'unusable', text });
  }
  const [text = texts[0]] = keys;
  if (text === undefined) return fault(none);
  const record = parseKeyRecord(text);
  if (!record.ok) {
    return fault({
      kind: 'permerror',
      why: 'unusable',
      text: `the record at ${name} is not a key: ${record.error}`,
    });
  }
  const key = keyOf(record.value);
  return key.ok ? ok({ record: record.value, key: key.value }) : key;
}

/**
 * Converts a UTF-8 name in a header field of SMTPUTF8 mail to A-labels (RFC 8616). The name is
 * Latin-1, one octet a character.
 */
function asciiName(name: string): string | undefined {
  if (!/[^\0-\x7f]/.test(name)) return name;
  const unicode = Buffer.from(name, 'latin1').toString('utf8');
  const url = `http://${unicode}/`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}
