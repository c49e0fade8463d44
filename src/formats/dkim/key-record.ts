/**
 * Key records: the TXT record at SELECTOR._domainkey.DOMAIN (RFC 6376 section 3.6.1, RFC 8301, RFC
 * 8463), read, judged and written.
 */
import { type KeyType, keyTypes, rsaBits } from '../../lib/private-key.ts';
import { openPublicKey, type PublicKey } from '../../lib/public-key.ts';
import { fault, ok, type Result } from '../../lib/result.ts';
import { colonList, parseTagList, printTagList, withoutWhite } from './tag-list.ts';

export type KeyRecord = {
  /** `k=` in lower case; `rsa` where it is not said. May be one that nobody knows. */
  readonly keyType: string;
  /** `p=` without white space; empty: the key was revoked. */
  readonly publicKey: string;
  /** `h=`; undefined: any. */
  readonly hashes?: readonly string[] | undefined;
  /** `s=`; undefined: any. */
  readonly services?: readonly string[] | undefined;
  /** `t=`: `y` testing, `s` the domain itself only. */
  readonly flags: readonly string[];
  /** `n=`: words of the operator. */
  readonly notes?: string | undefined;
  /** `g=` of DomainKeys and of RFC 4871: meaningless since RFC 6376. */
  readonly granularity?: string | undefined;
  /** `v=DKIM1` stands at the front; it may be left out. */
  readonly versioned: boolean;
};

/** RSA with 8192 bits has 1,400 characters; a record that is far longer holds no key. */
const keyRecordOctetsMax = 8_192;

/**
 * Reads a record. The fault is a sentence about it that says, where it can be guessed, how the
 * mistake came about.
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
    return fault(`v=${version} is no version of DKIM; it must be v=DKIM1`);
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

/** The record as text, one octet a character. */
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
  /** A sentence about the key record. */
  readonly text: string;
};

/** The key in a record, if a signature of mail may use it (RFC 6376 section 6.1.2, RFC 8301). */
export function keyOf(record: KeyRecord): Result<PublicKey, KeyRefusal> {
  const refuse = (kind: KeyRefusal['kind'], text: string): Result<PublicKey, KeyRefusal> =>
    fault({ kind, text });
  const { keyType, publicKey, hashes, services } = record;
  if (publicKey === '') return refuse('permerror', 'the key was revoked (p= is empty)');
  const type = keyTypes.find((one) => one === keyType);
  if (type === undefined) return refuse('permerror', `k=${keyType} is no kind of key known here`);
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

/** What is to be said of a published record that can be read. Nothing: it is as it should be. */
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
  if (!record.versioned) say('advice', 'v=DKIM1 is missing at the front; some receivers want it');
  if (record.granularity !== undefined) {
    const text =
      record.granularity === ''
        ? 'g= is left over from DomainKeys, and empty it means "no address" to old receivers; remove it'
        : 'g= is left over from DomainKeys and means nothing since RFC 6376; remove it';
    say(record.granularity === '*' ? 'advice' : 'bad', text);
  }
  return remarks;
}

/** How a record that cannot be read may have come about. */
function mishap(text: string): string {
  if (/^\s*p\s*:/.test(text) || text.includes('-----BEGIN')) {
    return '; a PEM file seems to have been pasted in instead of v=DKIM1; k=rsa; p=…';
  }
  if (text.includes('"')) return '; its quotation marks were published with it';
  if (/^v=spf1|^v=DMARC1/i.test(text)) return '; it is a record of another kind';
  return '';
}
