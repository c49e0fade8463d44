/**
 * Checks the published DKIM keys of a domain (RFC 6376, RFC 8301, RFC 8463). They must be the keys
 * that sign its mail, and usable; old keys are revoked; no records of DomainKeys and ADSP are left.
 * A domain that never sends revokes all keys.
 */

import { adspMeaning, policyMeaning } from '../../formats/dkim/domain-keys.ts';
import {
  type KeyRecord,
  keyOf,
  keyRecordFor,
  keyRemarks,
  parseKeyRecord,
  printKeyRecord,
} from '../../formats/dkim/key-record.ts';
import type { DnsLookup } from '../../formats/dns/question.ts';
import { dataText, textOfTxt } from '../../formats/dns/record.ts';
import type { Result } from '../../lib/result.ts';
import { type Finding, fine } from '../finding.ts';
import {
  type Aspect,
  type AspectSubject,
  allTextsAt,
  comparedAspect,
  nothing,
  remark,
  stuckAspect,
  type TxtRecord,
  textsAt,
  together,
  txt,
  unknownAspect,
} from './aspect.ts';
import type { Identity, IdentityKey, SentMail } from './identity.ts';
import type { KnownPlace, ZoneView } from './zones/place.ts';

/** Texts of another kind than keys, which somebody else may need. */
const otherKinds = /^ *(?:v=(?!DKIM)[a-z]+|[\w.-]*-verification[=:])/i;

const isKeyText = (one: TxtRecord): boolean =>
  !otherKinds.test(textOfTxt(one)) && /(?:^|[;\s])p\s*=/.test(textOfTxt(one));

/** A text of another kind that stands at the name of a key; undefined without one. */
function otherText({ standing, seenAt, name }: KnownPlace<TxtRecord>): string | undefined {
  const texts = seenAt === name ? standing.map(dataText) : [];
  return texts.find((text) => otherKinds.test(text));
}

/** A verifier may read either of several texts (RFC 6376 section 3.6.2.2), so this one must go. */
function otherKind(subject: AspectSubject, published: readonly TxtRecord[], text: string): Aspect {
  return stuckAspect(subject, {
    published,
    severity: 'fail',
    wrong: `“${text.slice(0, 60)}” is no key, and nothing else may stand here`,
    wanted: 'one key record, and no other text',
    fix: 'remove that text if nobody needs it; then run this again',
  });
}

export function* dkimAspect(identity: Identity, view: ZoneView): DnsLookup<Aspect> {
  const { domain, keys, selectors, sends } = identity;
  const aspects: Aspect[] = [];
  for (const key of keys) aspects.push(yield* ownKey(domain, key, view));
  const others = selectors.filter((selector) => !keys.some((key) => key.selector === selector));
  for (const selector of others) aspects.push(yield* otherKey(domain, selector, view));
  if (sends) aspects.push(remark(enough(identity)));
  else aspects.push(yield* noKeys(domain, view));
  if (sends && identity.sent !== undefined) {
    aspects.push(remark(signed(identity, identity.sent)));
  }
  for (const leftOver of leftOvers) aspects.push(yield* withoutLeftOver(domain, leftOver, view));
  return together(aspects);
}

function lookAt(domain: string, selector: string): AspectSubject {
  const name = `${selector}._domainkey.${domain}`;
  return {
    id: `dkim.${selector}`,
    title: `the DKIM key ${selector} of ${domain}`,
    name,
    type: 'TXT',
  };
}

function* ownKey(domain: string, key: IdentityKey, view: ZoneView): DnsLookup<Aspect> {
  const subject = lookAt(domain, key.selector);
  const published = yield* allTextsAt(subject.name, isKeyText, view);
  if (published.kind === 'unknown') return unknownAspect(subject, published.why);
  const other = otherText(published);
  if (other !== undefined) return otherKind(subject, published.records, other);
  const texts = published.records.map(textOfTxt);
  const [only] = texts.map(parseKeyRecord);
  const before = only?.ok === true ? only.value : undefined;
  const publicKey = key.state === 'revoked' ? '' : key.publicKey;
  const wanted: KeyRecord = {
    ...keyRecordFor({ type: key.algorithm, publicKey }),
    // Flags and notes of the operator are kept.
    flags: before?.flags.filter((flag) => flag === 's') ?? [],
    notes: before?.notes,
  };
  const fault = keyFault(texts, only, wanted, key);
  const compared = comparedAspect(subject, published, {
    wanted: fault === undefined ? published.records : [txt(published.name, printKeyRecord(wanted))],
    severity: fault?.harmful === true ? 'fail' : 'warn',
    right: key.state === 'revoked' ? 'the old key is revoked' : 'it has the right key',
    wrong: fault?.text ?? '',
  });
  return key.state === 'revoked' ? compared : together([compared, strength(subject, wanted)]);
}

type KeyFault = { readonly text: string; readonly harmful: boolean };

function keyFault(
  texts: readonly string[],
  read: Result<KeyRecord, string> | undefined,
  wanted: KeyRecord,
  { state }: IdentityKey,
): KeyFault | undefined {
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
  const isEmpty = read.value.publicKey === '';
  if (revoked) {
    return isEmpty
      ? undefined
      : { text: 'the old key still counts: whoever has it can sign', harmful: false };
  }
  // The key itself is compared: `p=` has more than one form of the same key.
  const found = keyOf(read.value);
  if (!found.ok && !isEmpty) return { text: found.error.text, harmful: true };
  if (!found.ok || found.value.publicKey !== wanted.publicKey) {
    return {
      text: `it is ${isEmpty ? 'revoked' : 'another key'}, not the key that signs`,
      harmful: true,
    };
  }
  const expected = keyRemarks(wanted).map(({ text }) => text);
  const remarks = keyRemarks(read.value).filter(({ text }) => !expected.includes(text));
  const [first] = remarks;
  return first === undefined
    ? undefined
    : { text: remarks.map(({ text }) => text).join('; '), harmful: first.kind === 'bad' };
}

/** The strength of the key itself, which no record can change. */
function strength({ id, title }: AspectSubject, record: KeyRecord): Aspect {
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
 * A key with only a known selector: of another server, or of a service that sends for the domain.
 */
function* otherKey(domain: string, selector: string, view: ZoneView): DnsLookup<Aspect> {
  const { id, title, name, type } = lookAt(domain, selector);
  const published = yield* allTextsAt(name, isKeyText, view);
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

/** Whether mail is signed at all, with a key that all receivers can verify. */
function enough({ domain, keys, selectors, signedBy }: Identity): Finding {
  const id = 'dkim';
  const title = `DKIM signatures of mail from ${domain}`;
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
    found: `no key of this domain is known here${named}`,
    wanted,
    fix: `postern dkim new ${domain}; if another server signs, name its selector with --selector`,
  };
}

/**
 * Whether the mail that really left was signed by keys that count for the domain in From: relaxed
 * alignment of DMARC (RFC 7489 section 3.1.1).
 */
function signed(
  { domain, organisation }: Identity,
  { signedBy, messagesPerDay }: SentMail,
): Finding {
  const id = 'dkim.sent';
  const title = `DKIM signatures of mail from ${domain} that left this server`;
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

/** Revokes the keys of all selectors, so that no invented selector counts. */
function* noKeys(domain: string, view: ZoneView): DnsLookup<Aspect> {
  const name = `*._domainkey.${domain}`;
  const subject: AspectSubject = {
    id: 'dkim.none',
    title: `revocation of all DKIM keys of ${domain}`,
    name,
    type: 'TXT',
  };
  const published = yield* allTextsAt(name, isKeyText, view);
  if (published.kind === 'unknown') return unknownAspect(subject, published.why);
  const other = otherText(published);
  if (other !== undefined) return otherKind(subject, published.records, other);
  const read = published.records.map((one) => parseKeyRecord(textOfTxt(one)));
  const good = read.length === 1 && read[0]?.ok === true && read[0].value.publicKey === '';
  return comparedAspect(subject, published, {
    wanted: good ? published.records : [txt(published.name, 'v=DKIM1; p=')],
    severity: 'warn',
    right: 'every key of a domain that sends no mail is revoked',
    wrong: 'a domain that sends no mail can say that no signature in its name counts',
  });
}

type LeftOver = {
  readonly id: string;
  readonly at: string;
  readonly title: string;
  /** What such a record meant; undefined for other records. */
  readonly meaning: (text: string) => string | undefined;
};
const leftOvers: readonly LeftOver[] = [
  {
    id: 'dkim.domain-keys',
    at: '_domainkey',
    title: 'left-over record of DomainKeys',
    meaning: policyMeaning,
  },
  {
    id: 'dkim.adsp',
    at: '_adsp._domainkey',
    title: 'left-over record of ADSP',
    meaning: adspMeaning,
  },
];

function* withoutLeftOver(
  domain: string,
  { at, meaning, ...of }: LeftOver,
  view: ZoneView,
): DnsLookup<Aspect> {
  const name = `${at}.${domain}`;
  const published = yield* textsAt(name, (one) => meaning(textOfTxt(one)) !== undefined, view);
  // No answer about old records is no fault. Only what stands at the name itself can go.
  if (published.kind === 'unknown' || published.standing.length === 0) return nothing;
  if (published.records.length === 0 || published.name !== name) return nothing;
  const [first] = published.records;
  const wrong = first === undefined ? '' : (meaning(textOfTxt(first)) ?? '');
  return comparedAspect({ id: of.id, title: of.title, name, type: 'TXT' }, published, {
    wanted: [],
    severity: 'warn',
    right: '',
    wrong,
  });
}
