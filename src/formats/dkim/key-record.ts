/**
 * Reads, checks and writes key records, the TXT records at SELECTOR._domainkey.DOMAIN (RFC 6376
 * section 3.6.1, RFC 8301, RFC 8463).
 */
import { type KeyType, keyTypes, rsaBits } from '../../lib/private-key.ts';
import { openPublicKey, type PublicKey } from '../../lib/public-key.ts';
import { fault, ok, type Result } from '../../lib/result.ts';
import { colonList, parseTagList, printTagList, withoutWhite } from './tag-list.ts';

export type KeyRecord = {
  /** `k=` in lower case; `rsa` by default. It may be an unknown type. */
  readonly keyType: string;
  /** `p=` without white space; empty if the key was revoked. */
  readonly publicKey: string;
  /** `h=`; undefined for any. */
  readonly hashes?: readonly string[] | undefined;
  /** `s=`; undefined for any. */
  readonly services?: readonly string[] | undefined;
  /** `t=`: `y` for testing, `s` for the domain itself only. */
  readonly flags: readonly string[];
  /** `n=`: notes of the operator. */
  readonly notes?: string | undefined;
  /** `g=` of DomainKeys and of RFC 4871: meaningless since RFC 6376. */
  readonly granularity?: string | undefined;
  /** Whether the record begins with `v=DKIM1`, which may be left out. */
  readonly versioned: boolean;
};

/** The longest record that is read. A key of RSA with 8192 bits has 1,400 characters. */
const keyRecordOctetsMax = 8_192;

/**
 * Reads a record. The fault is a sentence about the record; it also names the likely cause of the
 * mistake.
 */
export function parseKeyRecord(text: string): Result<KeyRecord, string> {
  if (text.length > keyRecordOctetsMax) {
    return fault(`it has ${text.length} octets, more than any key needs`);
  }
  const list = parseTagList(text);
  if (!list.ok) return fault(list.error + mishap(text));
  const tags = list.value;
  const version = tags.get('v');
  if (version !== undefined && version !== 'DKIM1') {
    return fault(`v=${version} is not a DKIM version; it must be v=DKIM1`);
  }
  if (version !== undefined && [...tags.keys()][0] !== 'v') {
    return fault('v=DKIM1 must be the first tag');
  }
  const publicKey = tags.get('p');
  if (publicKey === undefined) return fault(`it has no key (p=)${mishap(text)}`);
  const many = (name: string): readonly string[] | undefined => {
    const value = tags.get(name);
    return value === undefined ? undefined : colonList(value.toLowerCase());
  };
  return ok({
    keyType: (tags.get('k') ?? 'rsa').toLowerCase(),
    publicKey: withoutWhite(publicKey),
    hashes: many('h'),
    services: many('s'),
    flags: many('t') ?? [],
    notes: tags.get('n'),
    granularity: tags.get('g'),
    versioned: version !== undefined,
  });
}

/** Writes the record as text, one octet a character. */
export function printKeyRecord(record: KeyRecord): string {
  const { hashes, services, flags } = record;
  return printTagList([
    ['v', record.versioned ? 'DKIM1' : undefined],
    ['g', record.granularity],
    ['h', hashes?.join(':')],
    ['k', record.keyType],
    ['n', record.notes],
    ['s', services?.join(':')],
    ['t', flags.length === 0 ? undefined : flags.join(':')],
    ['p', record.publicKey],
  ]);
}

/** The record to publish for a key. An empty `publicKey` revokes it. */
export function keyRecordFor(key: {
  readonly type: KeyType;
  readonly publicKey: string;
}): KeyRecord {
  return { keyType: key.type, publicKey: key.publicKey, flags: [], versioned: true };
}

export type KeyRefusal = {
  readonly kind: 'permerror' | 'policy';
  readonly why: 'revoked' | 'unusable';
  /** A sentence about the key record. */
  readonly text: string;
};

/** The key of a record, if a mail signature may use it (RFC 6376 section 6.1.2, RFC 8301). */
export function keyOf(record: KeyRecord): Result<PublicKey, KeyRefusal> {
  const refuse = (kind: KeyRefusal['kind'], text: string): Result<PublicKey, KeyRefusal> =>
    fault({ kind, why: 'unusable', text });
  const { keyType, publicKey, hashes, services } = record;
  if (publicKey === '') {
    return fault({ kind: 'permerror', why: 'revoked', text: 'the key was revoked (p= is empty)' });
  }
  const type = keyTypes.find((one) => one === keyType);
  if (type === undefined) return refuse('permerror', `k=${keyType} is not a known type of key`);
  if (hashes !== undefined && !hashes.includes('sha256')) {
    return refuse('permerror', `the key does not allow sha256 (h=${hashes.join(':')})`);
  }
  if (services !== undefined && !services.some((one) => one === '*' || one === 'email')) {
    return refuse('permerror', `the key is not for mail (s=${services.join(':')})`);
  }
  const key = openPublicKey(publicKey, type);
  if (!key.ok) return refuse('permerror', `the key (p=) ${key.error}`);
  if (type === 'rsa' && key.value.bits < rsaBits.min) {
    return refuse(
      'policy',
      `the key has ${key.value.bits} bits, fewer than ${rsaBits.min} (RFC 8301)`,
    );
  }
  return key;
}

export type KeyRemark = { readonly kind: 'bad' | 'advice'; readonly text: string };

/** Remarks about a published record that can be read; empty if nothing is wrong. */
export function keyRemarks(record: KeyRecord): readonly KeyRemark[] {
  const remarks: KeyRemark[] = [];
  const say = (kind: KeyRemark['kind'], text: string): void => void remarks.push({ kind, text });
  const key = keyOf(record);
  if (!key.ok) say('bad', key.error.text);
  else if (key.value.type === 'rsa' && key.value.bits < rsaBits.advised) {
    say('advice', `the key has ${key.value.bits} bits; ${rsaBits.advised} are advised (RFC 8301)`);
  }
  if (record.flags.includes('y')) {
    say(
      'advice',
      't=y says that signing is only being tested: receivers treat the mail as unsigned',
    );
  }
  if (!record.versioned)
    say('advice', 'v=DKIM1 is missing at the front; some receivers require it');
  if (record.granularity !== undefined) {
    const text =
      record.granularity === ''
        ? 'g= is left over from DomainKeys; remove it. Old receivers read an empty g= as "no ' +
          'address"'
        : 'g= is left over from DomainKeys and means nothing since RFC 6376; remove it';
    say(record.granularity === '*' ? 'advice' : 'bad', text);
  }
  return remarks;
}

/** Guesses why a record cannot be read. */
function mishap(text: string): string {
  if (/^\s*p\s*:/.test(text) || text.includes('-----BEGIN')) {
    return '; it seems to be a pasted PEM file instead of v=DKIM1; k=rsa; p=…';
  }
  if (text.includes('"')) return '; the record was published with its quotation marks';
  if (/^v=spf1|^v=DMARC1/i.test(text)) return '; it is a record of another kind';
  return '';
}
