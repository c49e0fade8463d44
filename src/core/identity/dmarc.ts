/**
 * Checks the DMARC record of a domain (RFC 9989, RFC 7489), and the consent of other domains that
 * get its reports (RFC 9990). Published tags are kept, except tags that receivers cannot read or
 * that no longer have an effect.
 */
import {
  type DmarcRecord,
  type DmarcTag,
  dmarcKind,
  dmarcPolicyFor,
  parseDmarcRecord,
  printDmarcTags,
  reportAddress,
} from '../../formats/dmarc/record.ts';
import { correctedDmarc } from '../../formats/dmarc/slips.ts';
import type { DnsLookup } from '../../formats/dns/question.ts';
import { textOfTxt } from '../../formats/dns/record.ts';
import { fine } from '../finding.ts';
import {
  type Aspect,
  type AspectSubject,
  brokenAspect,
  comparedAspect,
  isMeant,
  meantTexts,
  nothing,
  remark,
  type TxtRecord,
  textsAt,
  together,
  txt,
  unknownAspect,
} from './aspect.ts';
import type { Identity } from './identity.ts';
import type { ZoneView } from './zones/place.ts';

const isDmarc = (one: TxtRecord): boolean => dmarcKind.is(textOfTxt(one));
/** Other domains for reports that are checked; nobody needs more. */
const reportDomainsMax = 10;

export function* dmarcAspect(identity: Identity, view: ZoneView): DnsLookup<Aspect> {
  const { domain } = identity;
  const name = `_dmarc.${domain}`;
  const subject: AspectSubject = {
    id: 'dmarc',
    title: `the DMARC record of ${domain}`,
    name,
    type: 'TXT',
  };
  const place = yield* textsAt(name, isMeant(dmarcKind), view);
  if (place.kind === 'unknown') return unknownAspect(subject, place.why);
  const { published, texts, broken, unclear, hint } = meantTexts(place.records, dmarcKind);
  if (unclear !== undefined) {
    return brokenAspect(subject, published, { version: dmarcKind.version, why: unclear });
  }
  const records = texts.flatMap((one) => parseDmarcRecord(one) ?? []);
  if (records.length === 0) {
    const above = yield* inherited(identity, view);
    if (above !== undefined) {
      return together([above.aspect, yield* consents(identity, above.tags, view)]);
    }
  }
  const meant = texts.flatMap((one) => parseDmarcRecord(correctedDmarc(one)) ?? []);
  const tags = fixedTags(meant, identity);
  const unchanged =
    broken === undefined &&
    records.length === 1 &&
    printDmarcTags(records[0]?.tags ?? []) === printDmarcTags(tags) &&
    !records[0]?.faults.some(isLoud);
  const aspect = comparedAspect(subject, place, {
    published,
    wanted: unchanged ? published : [txt(place.name, printDmarcTags(tags))],
    severity: records.length === 1 && broken === undefined ? 'warn' : 'fail',
    right: rightText(identity, tags),
    wrong: broken === undefined ? wrongText(records, identity) : `${broken}${effect(tags)}`,
    hint: hint === '' ? hintText(identity, tags) : hint,
  });
  return together([aspect, yield* consents(identity, tags, view)]);
}

/** What the repair of a record that receivers ignore changes for mail. */
function effect(tags: readonly DmarcTag[]): string {
  const policy = tags.find(({ name }) => name === 'p')?.value ?? 'none';
  return policy.toLowerCase() === 'none' ? '' : `; once it is repaired, they follow p=${policy}`;
}

/** Faults for which a record is written again although its tags stay. */
const isLoud = ({ kind }: DmarcRecord['faults'][number]): boolean =>
  kind === 'malformed' || kind === 'duplicate';

/** The record of the organisation, which holds for a domain without a record of its own. */
function* inherited(
  identity: Identity,
  view: ZoneView,
): DnsLookup<{ readonly aspect: Aspect; readonly tags: readonly DmarcTag[] } | undefined> {
  const { domain, organisation, sends } = identity;
  const above = organisation(domain);
  if (above === undefined || above === domain) return undefined;
  const published = yield* textsAt(`_dmarc.${above}`, isDmarc, view);
  if (published.kind === 'unknown' || published.records.length !== 1) return undefined;
  const record = published.records.map((one) => parseDmarcRecord(textOfTxt(one)))[0];
  if (record === undefined) return undefined;
  const policy = dmarcPolicyFor(record, 'subdomain');
  if (!sends && policy !== 'reject') return undefined;
  const found = `the record of ${above} holds here too: ${policy}`;
  return {
    aspect: remark(fine('dmarc', `the DMARC record of ${domain}`, found)),
    tags: [],
  };
}

/** The tags as they should be; unknown tags stay. */
function fixedTags(records: readonly DmarcRecord[], identity: Identity): readonly DmarcTag[] {
  const tags = new Map<string, string>();
  for (const record of records) {
    for (const { name, value } of record.tags) {
      const wrong = record.faults.some(
        (fault) => fault.tag === name && (fault.kind === 'value' || fault.kind === 'historic'),
      );
      // Receivers that follow RFC 7489 know only pct; without it they would refuse everything.
      const isNeeded = name === 'pct' && identity.sends && partly(record);
      if (
        (wrong && !isNeeded) ||
        (identity.organisation(identity.domain) !== undefined &&
          name === 'psd' &&
          value.toLowerCase() === 'y')
      )
        continue;
      if (!tags.has(name)) tags.set(name, value);
    }
  }
  // Of several records none counts, so the mildest policy surprises nobody.
  const policies = records.map((record) => dmarcPolicyFor(record, 'domain'));
  const p = identity.sends
    ? (['none', 'quarantine', 'reject'] as const).find((one) => policies.includes(one))
    : 'reject';
  if (!identity.sends) for (const name of ['sp', 'np', 't']) tags.delete(name);
  if (identity.sends && records.some(partly)) tags.set('t', 'y');
  for (const name of ['rua', 'ruf'] as const) {
    const list = addresses(records, name, identity);
    if (list === '') tags.delete(name);
    else tags.set(name, list);
  }
  const own = tags.get('p');
  const kept = own !== undefined && own.toLowerCase() === p ? own : (p ?? 'none');
  if (kept.toLowerCase() === 'none') tags.delete('pct');
  tags.delete('v');
  tags.delete('p');
  const rest = [...tags].map(([name, value]) => ({ name, value }));
  return [{ name: 'v', value: 'DMARC1' }, { name: 'p', value: kept }, ...rest];
}

/** True for pct below 100 with a policy other than none; RFC 9989 knows only t=y. */
function partly(record: DmarcRecord): boolean {
  const percent = Number(record.tags.find(({ name }) => name === 'pct')?.value ?? '100');
  return percent < 100 && dmarcPolicyFor(record, 'domain') !== 'none';
}

/** The addresses for reports: those of the records, then those that the operator wants. */
function addresses(
  records: readonly DmarcRecord[],
  name: 'rua' | 'ruf',
  identity: Identity,
): string {
  const published = records.map((record) => record.tags.find((one) => one.name === name)?.value);
  const [only] = published;
  const uris = published.flatMap((value) => (value ?? '').split(',')).flatMap(asUri);
  const wanted = name === 'rua' ? identity.dmarcReports : [];
  const has = new Set(uris.map((uri) => reportAddress(uri)?.address.toLowerCase()));
  const more = wanted.filter((address) => !has.has(address.toLowerCase())).map(mailto);
  const all = [...new Set([...uris, ...more])];
  // Unchanged if no address changes.
  const same = (only ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  if (published.length === 1 && same.join() === all.join()) return only ?? '';
  return all.join(',');
}

function asUri(text: string): readonly string[] {
  const uri = text.trim().replace(/!\d+[kmgt]?$/i, '');
  if (/^[a-z][a-z0-9+.-]*:[^\s,!;]+$/i.test(uri)) return [uri];
  return /^[^\s@:,!;]+@[^\s@:,!;]+$/.test(uri) ? [mailto(uri)] : [];
}

/** A mailto URI. Characters that would end the address or the tag are percent-encoded. */
export function mailto(address: string): string {
  const escaped = address.replace(
    /[^\w.@+=~-]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return `mailto:${escaped}`;
}

function rightText(identity: Identity, tags: readonly DmarcTag[]): string {
  const policy = tags.find(({ name }) => name === 'p')?.value ?? 'none';
  return identity.sends
    ? `receivers are told what to do with forged mail: ${policy}`
    : 'receivers refuse all mail in the name of a domain that sends none';
}

function wrongText(records: readonly DmarcRecord[], identity: Identity): string {
  if (records.length === 0) {
    return identity.sends
      ? 'without this record big providers refuse bulk mail, and you get no reports of forged mail'
      : 'a domain that sends no mail should say so; otherwise others can forge its name';
  }
  if (records.length > 1) return `there are ${records.length} records, so none of them counts`;
  const [only] = records;
  const faults = (only?.faults ?? []).filter(({ kind }) => kind !== 'unknown' && kind !== 'order');
  if (faults.length > 0) return faults.map(({ text }) => text).join('; ');
  if (only?.psd === 'y') return 'psd=y says that this is a public suffix';
  if (!identity.sends && only !== undefined && dmarcPolicyFor(only, 'nonexistent') !== 'reject') {
    return 'the domain sends no mail, so all that claims to be from it can be refused';
  }
  const [order] = only?.faults.filter(({ kind }) => kind === 'order') ?? [];
  return order?.text ?? 'reports do not go where you want them';
}

function hintText(identity: Identity, tags: readonly DmarcTag[]): string {
  const value = (name: string): string | undefined => tags.find((one) => one.name === name)?.value;
  if (!identity.sends) return '';
  if (value('rua') === undefined)
    return 'with rua=mailto:… receivers would report who uses the domain';
  if (value('p')?.toLowerCase() === 'none') {
    return 'p=none only watches: when the reports show no stranger of yours, say p=quarantine';
  }
  return value('t')?.toLowerCase() === 'y'
    ? 't=y is a test: take it out, and pct, when the reports are good'
    : '';
}

/** Each other domain that gets reports must publish its consent (RFC 9990). */
function* consents(
  identity: Identity,
  tags: readonly DmarcTag[],
  view: ZoneView,
): DnsLookup<Aspect> {
  const { domain, organisation } = identity;
  const uris = tags
    .filter(({ name }) => name === 'rua' || name === 'ruf')
    .flatMap(({ value }) => value.split(','));
  const domains = new Set(uris.flatMap((uri) => reportAddress(uri)?.domain ?? []));
  const mine = organisation(domain) ?? domain;
  const outside = [...domains].filter((one) => (organisation(one) ?? one) !== mine);
  const aspects: Aspect[] = [];
  for (const one of outside.slice(0, reportDomainsMax)) {
    const name = `${domain}._report._dmarc.${one}`;
    const subject: AspectSubject = {
      id: `dmarc.reports.${one}`,
      title: `consent of ${one} to DMARC reports of ${domain}`,
      name,
      type: 'TXT',
      where: 'other',
    };
    const published = yield* textsAt(name, isDmarc, view);
    if (published.kind === 'unknown') {
      aspects.push(unknownAspect(subject, published.why));
      continue;
    }
    aspects.push(
      comparedAspect(subject, published, {
        wanted: published.records.length > 0 ? published.records : [txt(name, 'v=DMARC1')],
        severity: 'warn',
        right: `${one} has agreed to get the reports`,
        wrong: `until ${one} agrees by this record, receivers send it no reports`,
      }),
    );
  }
  return aspects.length === 0 ? nothing : together(aspects);
}
