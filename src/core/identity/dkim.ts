/**
 * The DKIM keys of a domain as the DNS shows them (RFC 6376, RFC 8301, RFC 8463): the very keys
 * that mail is signed with, usable as they stand; old ones revoked; nothing left of DomainKeys and
 * ADSP. A domain that never sends revokes all.
 */

import { adspMeaning, policyMeaning } from '../../formats/dkim/domain-keys.ts';
import {
  type KeyRecord,
  keyRecordFor,
  keyRemarks,
  parseKeyRecord,
  printKeyRecord,
} from '../../formats/dkim/key-record.ts';
import type { DnsLookup } from '../../formats/dns/question.ts';
import { textOfTxt } from '../../formats/dns/record.ts';
import type { Result } from '../../lib/result.ts';
import { type Finding, fine } from '../finding.ts';
import {
  type Aspect,
  comparedAspect,
  type Look,
  nothing,
  remark,
  textsAt,
  together,
  txt,
  unknownAspect,
} from './aspect.ts';
import type { Identity, IdentityKey, Sent } from './identity.ts';

const any = (): boolean => true;

export function* dkimAspect(identity: Identity): DnsLookup<Aspect> {
  const { domain, keys, selectors, sends } = identity;
  const aspects: Aspect[] = [];
  for (const key of keys) aspects.push(yield* ownKey(domain, key));
  const others = selectors.filter((selector) => !keys.some((key) => key.selector === selector));
  for (const selector of others) aspects.push(yield* otherKey(domain, selector));
  if (sends) aspects.push(remark(enough(identity)));
  else aspects.push(yield* noKeys(domain));
  if (sends && identity.sent !== undefined) {
    aspects.push(remark(signed(identity, identity.sent)));
  }
  for (const leftOver of leftOvers) aspects.push(yield* withoutLeftOver(domain, leftOver));
  return together(aspects);
}

function lookAt(domain: string, selector: string): Look {
  const name = `${selector}._domainkey.${domain}`;
  return {
    id: `dkim.${selector}`,
    title: `the DKIM key ${selector} of ${domain}`,
    name,
    type: 'TXT',
  };
}

function* ownKey(domain: string, key: IdentityKey): DnsLookup<Aspect> {
  const look = lookAt(domain, key.selector);
  const published = yield* textsAt(look.name, any);
  if (published.kind === 'unknown') return unknownAspect(look, published.why);
  const texts = published.records.map(textOfTxt);
  const [only] = texts.map(parseKeyRecord);
  const before = only?.ok === true ? only.value : undefined;
  const publicKey = key.state === 'revoked' ? '' : key.publicKey;
  const wanted: KeyRecord = {
    ...keyRecordFor({ type: key.algorithm, publicKey }),
    // What the operator said about it stays.
    flags: before?.flags.filter((flag) => flag === 's') ?? [],
    notes: before?.notes,
  };
  const fault = keyFault(texts, only, wanted, key);
  const compared = comparedAspect(
    { ...look, name: published.name },
    {
      published: published.records,
      wanted:
        fault === undefined ? published.records : [txt(published.name, printKeyRecord(wanted))],
      severity: fault?.harmful === true ? 'fail' : 'warn',
      right:
        key.state === 'revoked'
          ? 'the old key is revoked'
          : 'it is the key that mail is signed with',
      wrong: fault?.text ?? '',
    },
  );
  return key.state === 'revoked' ? compared : together([compared, strength(look, wanted)]);
}

type Fault = { readonly text: string; readonly harmful: boolean };

function keyFault(
  texts: readonly string[],
  read: Result<KeyRecord, string> | undefined,
  wanted: KeyRecord,
  { state }: IdentityKey,
): Fault | undefined {
  const revoked = state === 'revoked';
  if (read === undefined) {
    return revoked
      ? {
          text: 'an empty key says to everybody that the old one is not to be trusted',
          harmful: false,
        }
      : { text: 'signatures cannot be verified while the key is not there', harmful: true };
  }
  if (texts.length > 1)
    return { text: `there are ${texts.length} records where one is allowed`, harmful: true };
  if (!read.ok) return { text: read.error, harmful: !revoked };
  const { publicKey, keyType } = read.value;
  if (publicKey !== wanted.publicKey || (!revoked && keyType !== wanted.keyType)) {
    return revoked
      ? { text: 'the old key still counts: whoever has it can sign', harmful: false }
      : {
          text: `it is ${publicKey === '' ? 'revoked' : 'another key'}, not the one that mail is signed with`,
          harmful: true,
        };
  }
  if (revoked) return undefined;
  const expected = keyRemarks(wanted).map(({ text }) => text);
  const remarks = keyRemarks(read.value).filter(({ text }) => !expected.includes(text));
  const [first] = remarks;
  return first === undefined
    ? undefined
    : { text: remarks.map(({ text }) => text).join('; '), harmful: first.kind === 'bad' };
}

/** What the key itself is worth, which no record changes. */
function strength({ id, title }: Look, record: KeyRecord): Aspect {
  const [first] = keyRemarks(record);
  if (first === undefined) return nothing;
  return remark({
    id: `${id}.strength`,
    kind: first.kind === 'bad' ? 'fail' : 'warn',
    title,
    found: first.text,
    wanted: 'RSA with 2048 bits, and Ed25519 beside it',
    fix: 'make a new key: postern dkim new',
  });
}

/**
 * A key of which only the name is known: of another server, or of a service that sends for the
 * domain.
 */
function* otherKey(domain: string, selector: string): DnsLookup<Aspect> {
  const { id, title, name, type } = lookAt(domain, selector);
  const published = yield* textsAt(name, any);
  if (published.kind === 'unknown') {
    return { ...unknownAspect({ id, title, name, type }, published.why), steps: [] };
  }
  const [text, more] = published.records.map(textOfTxt);
  const wanted = 'one key record that can be used';
  const bad = (found: string, kind: Finding['kind']): Aspect =>
    remark({
      id,
      kind,
      title,
      found,
      wanted,
      fix: `ask whoever signs with it for the record of ${name}`,
    });
  if (text === undefined) return bad('nothing is published', 'fail');
  if (more !== undefined) return bad(`${published.records.length} records`, 'fail');
  const read = parseKeyRecord(text);
  if (!read.ok) return bad(read.error, 'fail');
  const remarks = keyRemarks(read.value);
  if (remarks.length === 0) return remark(fine(id, title, text));
  const kind = remarks.some((one) => one.kind === 'bad') ? 'fail' : 'warn';
  return bad(remarks.map((one) => one.text).join('; '), kind);
}

/** Mail is signed at all, and with a key that everybody can verify. */
function enough({ domain, keys, selectors, signedBy }: Identity): Finding {
  const id = 'dkim';
  const title = `mail from ${domain} is signed`;
  const used = keys.filter(({ state }) => state === 'published');
  if (used.some(({ algorithm }) => algorithm === 'rsa')) {
    return fine(
      id,
      title,
      used.map(({ selector, algorithm }) => `${selector} (${algorithm})`).join(', '),
    );
  }
  const wanted = 'an RSA key';
  if (used.length > 0) {
    const fix = `postern dkim new ${domain}`;
    const found = 'Ed25519 alone, which big receivers do not verify';
    return { id, kind: 'warn', title, found, wanted, fix };
  }
  if (signedBy !== undefined) return fine(id, title, `by the keys of ${signedBy}`);
  const named = selectors.length === 0 ? '' : `; looked at ${selectors.join(', ')}`;
  return {
    id,
    kind: 'unknown',
    title,
    found: `no key of it is known here${named}`,
    wanted,
    fix: `postern dkim new ${domain}; or, where another server signs, name its selector: --selector`,
  };
}

/**
 * What was really sent is signed, by keys that count for the domain in From (DMARC's relaxed
 * alignment).
 */
function signed({ domain, organisation }: Identity, { signedBy, messagesPerDay }: Sent): Finding {
  const id = 'dkim.sent';
  const title = `mail from ${domain} that left here was signed`;
  const amount = `about ${messagesPerDay} messages a day`;
  const fix = `postern dkim new ${domain}; see also signing.domains in postern.toml`;
  const wanted = `signatures of ${domain}`;
  if (signedBy === '') {
    return { id, kind: 'warn', title, found: `${amount}, none of them signed`, wanted, fix };
  }
  if ((organisation(signedBy) ?? signedBy) !== (organisation(domain) ?? domain)) {
    const found = `${amount}, signed by ${signedBy}, which does not count for DMARC`;
    return { id, kind: 'warn', title, found, wanted, fix };
  }
  return fine(id, title, `${amount}, signed by ${signedBy}`);
}

/** Whatever selector a forger makes up, its key is revoked. */
function* noKeys(domain: string): DnsLookup<Aspect> {
  const name = `*._domainkey.${domain}`;
  const look: Look = {
    id: 'dkim.none',
    title: `no DKIM key of ${domain} counts`,
    name,
    type: 'TXT',
  };
  const published = yield* textsAt(name, any);
  if (published.kind === 'unknown') return unknownAspect(look, published.why);
  const read = published.records.map((one) => parseKeyRecord(textOfTxt(one)));
  const good = read.length === 1 && read[0]?.ok === true && read[0].value.publicKey === '';
  return comparedAspect(
    { ...look, name: published.name },
    {
      published: published.records,
      wanted: good ? published.records : [txt(published.name, 'v=DKIM1; p=')],
      severity: 'warn',
      right: 'every key of a domain that sends no mail is revoked',
      wrong: 'a domain that sends no mail can say that no signature of it counts',
    },
  );
}

type LeftOver = {
  readonly id: string;
  readonly at: string;
  readonly title: string;
  /** What a record meant; undefined: it is no left-over. */
  readonly meaning: (text: string) => string | undefined;
};
const leftOvers: readonly LeftOver[] = [
  {
    id: 'dkim.domain-keys',
    at: '_domainkey',
    title: 'nothing is left of DomainKeys',
    meaning: policyMeaning,
  },
  {
    id: 'dkim.adsp',
    at: '_adsp._domainkey',
    title: 'nothing is left of ADSP',
    meaning: adspMeaning,
  },
];

function* withoutLeftOver(domain: string, { at, meaning, ...of }: LeftOver): DnsLookup<Aspect> {
  const name = `${at}.${domain}`;
  const published = yield* textsAt(name, (text) => meaning(text) !== undefined);
  // That old records are not seen is nothing to worry about.
  if (published.kind === 'unknown' || published.records.length === 0) return nothing;
  const [first] = published.records;
  const wrong = first === undefined ? '' : (meaning(textOfTxt(first)) ?? '');
  return comparedAspect(
    { id: of.id, title: of.title, name: published.name, type: 'TXT' },
    { published: published.records, wanted: [], severity: 'warn', right: '', wrong },
  );
}
