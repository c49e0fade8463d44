/**
 * One aspect of a domain's mail identity (its SPF, one DKIM key …) as it was found: steps of the
 * plan and findings of the check. Both are made here from the same answers, so that they cannot
 * disagree. Pure.
 */
import { nearRecord, type RecordKind } from '../../formats/dns/near-record.ts';
import type { DnsLookup } from '../../formats/dns/question.ts';
import {
  type DnsData,
  type DnsRecord,
  type DnsType,
  dataText,
  sameData,
  textOfTxt,
  txtStrings,
} from '../../formats/dns/record.ts';
import { type Finding, type FindingKind, fine } from '../finding.ts';
import {
  type KnownPlace,
  type Place,
  placeOf,
  unknownWildcard,
  type ZoneView,
} from './zones/place.ts';

/** New records are cached for one hour, so that a mistake does not last long. */
const ttlSeconds = 3_600;

export type StepState = 'have' | 'wrong' | 'missing' | 'unknown';

/** What to do with the records of one name and type. */
export type Step = {
  /** The id of the finding. */
  readonly id: string;
  readonly state: StepState;
  readonly name: string;
  readonly type: DnsType;
  readonly keep: readonly DnsRecord[];
  readonly remove: readonly DnsRecord[];
  readonly add: readonly DnsRecord[];
  /** All records that stand there now, other kinds too; none that a wildcard makes. */
  readonly standing: readonly DnsRecord[];
  /** The wildcard that makes the records of a name today. */
  readonly made?: { readonly by: string; readonly name: string };
  /** One sentence. */
  readonly why: string;
  /** Who can change it. `reverse`: the provider of the address. `other`: owners of other zones. */
  readonly where: 'zone' | 'reverse' | 'other';
};

/** A file that must be served, such as the policy of MTA-STS. */
export type FileStep = {
  readonly id: string;
  readonly state: StepState;
  readonly url: string;
  readonly text: string;
  readonly why: string;
};

export type Aspect = {
  readonly steps: readonly Step[];
  readonly files: readonly FileStep[];
  readonly findings: readonly Finding[];
};

export const nothing: Aspect = { steps: [], files: [], findings: [] };

export function together(aspects: readonly Aspect[]): Aspect {
  return {
    steps: aspects.flatMap(({ steps }) => steps),
    files: aspects.flatMap(({ files }) => files),
    findings: aspects.flatMap(({ findings }) => findings),
  };
}

export type TxtRecord = Extract<DnsRecord, { readonly type: 'TXT' }>;
export type AddressRecord = Extract<DnsRecord, { readonly type: 'A' | 'AAAA' }>;
export type TargetRecord = Extract<DnsRecord, { readonly type: 'CNAME' | 'NS' | 'PTR' }>;
export type MxRecord = Extract<DnsRecord, { readonly type: 'MX' }>;
export type TlsaRecord = Extract<DnsRecord, { readonly type: 'TLSA' }>;

const isTxt = (one: DnsRecord): one is TxtRecord => one.type === 'TXT';

/** The place of the TXT records of a name with a text of the wanted kind. */
export function* textsAt(
  name: string,
  meant: (record: TxtRecord) => boolean,
  view: ZoneView,
): DnsLookup<Place<TxtRecord>> {
  const fits = (one: DnsRecord): one is TxtRecord => isTxt(one) && meant(one);
  return yield* placeOf({ name, type: 'TXT', fits }, view);
}

/** The place of all TXT records of a name; behind an alias, only of those of the wanted kind. */
export function* allTextsAt(
  name: string,
  fitsBehind: (record: TxtRecord) => boolean,
  view: ZoneView,
): DnsLookup<Place<TxtRecord>> {
  return yield* placeOf({ name, type: 'TXT', fits: isTxt, fitsBehind }, view);
}

/** Whether a text is a record of this kind, or nearly one. */
export function isMeant(kind: RecordKind): (record: TxtRecord) => boolean {
  return (one) => kind.is(textOfTxt(one)) || nearRecord(one, kind) !== undefined;
}

export type MeantTexts = {
  /** The records that count; without any, those that are nearly one. */
  readonly published: readonly TxtRecord[];
  /** Their texts, with what was meant instead of what is broken. */
  readonly texts: readonly string[];
  /** The same as strings. */
  readonly strings: readonly (readonly string[])[];
  /** Why nobody can read what is published; undefined if it can be read. */
  readonly broken: string | undefined;
  /** As `broken`, if it is not plain what was meant. */
  readonly unclear: string | undefined;
  /** What to say of broken texts beside a good record; else empty. */
  readonly hint: string;
};

/** `records`: all texts that are meant as a record of this kind. */
export function meantTexts(records: readonly TxtRecord[], kind: RecordKind): MeantTexts {
  const good = records.filter((one) => kind.is(textOfTxt(one)));
  const near = records.flatMap((one) => nearRecord(one, kind) ?? []);
  const broken = near.map(({ why }) => `broken because ${why}, so receivers ignore it`);
  const count = { broken: undefined, unclear: undefined, hint: '' };
  if (good.length > 0) {
    const hint = near.length === 0 ? '' : `remove the other text: ${broken.join('; ')}`;
    return { ...count, published: good, ...textsOf(good.map((one) => one.strings)), hint };
  }
  if (near.length === 0) return { ...count, published: [], ...textsOf([]) };
  const texts = near.flatMap(({ meant }) => meant ?? []);
  const why = broken.join('; ');
  const all = {
    published: records,
    ...textsOf(texts.map((text) => [text])),
    broken: why,
    hint: '',
  };
  return { ...all, unclear: texts.length === near.length ? undefined : why };
}

function textsOf(strings: readonly (readonly string[])[]): Pick<MeantTexts, 'strings' | 'texts'> {
  return { strings, texts: strings.map((one) => one.join('')) };
}

/** The aspect if a text is nearly a record, and it is not plain what was meant. */
export function brokenAspect(
  subject: AspectSubject,
  published: readonly DnsRecord[],
  { version, why }: { readonly version: string; readonly why: string },
): Aspect {
  return stuckAspect(subject, {
    published,
    severity: 'fail',
    wrong: why,
    wanted: `a record that begins with ${version}`,
    fix: 'write the record anew; Postern cannot tell what was meant',
  });
}

export function recordOf(name: string, data: DnsData): DnsRecord {
  return { ...data, name, ttlSeconds };
}

export function txt(name: string, text: string): DnsRecord {
  return recordOf(name, { type: 'TXT', strings: txtStrings(text) });
}

export const dataTexts = (records: readonly DnsRecord[]): string =>
  records.map(dataText).join(' | ');

export type AspectSubject = {
  readonly id: string;
  readonly title: string;
  readonly name: string;
  readonly type: DnsType;
  readonly where?: Step['where'];
};

/** The aspect if the DNS did not answer: the state is unknown, and nothing is advised. */
export function unknownAspect(subject: AspectSubject, why: string): Aspect {
  const { id, title, name, type, where = 'zone' } = subject;
  const finding: Finding = {
    id,
    kind: 'unknown',
    title,
    found: why,
    wanted: 'an answer of the DNS',
    fix: 'try again; if it stays so, look at the name servers of the domain',
  };
  const step = { id, name, type, where, state: 'unknown' } as const;
  return {
    steps: [{ ...step, ...unchanged, why: `the DNS does not say: ${why}` }],
    files: [],
    findings: [finding],
  };
}

const unchanged = { keep: [], remove: [], add: [], standing: [] };

export type Comparison = {
  /** The records that are compared, if not all records of the place. */
  readonly published?: readonly DnsRecord[];
  readonly wanted: readonly DnsRecord[];
  /** The kind of the finding if they differ. */
  readonly severity: Exclude<FindingKind, 'ok' | 'unknown'>;
  /** One sentence each: why the records are right, and why they are wrong. */
  readonly right: string;
  readonly wrong: string;
  /** What could be better, shown with a good finding. */
  readonly hint?: string;
};

/**
 * Compares the published records with the wanted ones: equal records are kept, others are replaced.
 * Nothing is advised where no record can be added, and nothing removed that a wildcard makes.
 */
export function comparedAspect(
  subject: AspectSubject,
  place: KnownPlace<DnsRecord>,
  given: Comparison,
): Aspect {
  const { id, title, type, where = 'zone' } = subject;
  const { published = place.records, wanted, severity } = given;
  const { wildcard, obstacle } = place;
  const same = published.filter((one) => wanted.some((other) => sameData(one, other)));
  const lacking = wanted.filter((one) => !same.some((other) => sameData(one, other)));
  const isRight = same.length === published.length && lacking.length === 0 && !place.isClash;
  if (!isRight && obstacle !== undefined) {
    const fix = `${obstacle}; then run this again`;
    const found = { published, severity: given.severity, wrong: given.wrong, fix };
    return stuckAspect(subject, { ...found, wanted: wantedText(wanted, subject.name) });
  }
  if (!isRight && wildcard === unknownWildcard && where === 'zone') {
    return unknownAspect(subject, `whether a wildcard makes the records of ${subject.name}`);
  }
  const state = isRight ? 'have' : published.length === 0 ? 'missing' : 'wrong';
  const made = wildcard === undefined || wildcard === unknownWildcard ? undefined : wildcard;
  const step: Step = {
    id,
    state,
    name: isRight ? place.seenAt : place.name,
    type,
    standing: place.standing,
    where,
    ...(made === undefined
      ? { keep: same, remove: published.filter((one) => !same.includes(one)), add: lacking }
      : isRight
        ? { ...keptMade(same, place, made), remove: [], add: [] }
        : {
            keep: [],
            remove: [],
            add: wanted.map((one) => ({ ...one, name: place.name })),
            made: { by: made, name: place.name },
          }),
    why: `${isRight ? given.right : given.wrong}${madeText(wildcard, { isRight, published })}`,
  };
  const seen = seenText(published);
  const finding: Finding = isRight
    ? { ...fine(id, title, `${seen}${madeText(wildcard, { isRight, published })}`) }
    : {
        id,
        kind: severity,
        title,
        found: `${seen} — ${step.why}`,
        wanted: wantedText(wanted, place.name),
        fix: fixOf(step),
      };
  const empty = published.length === 0 && wanted.length === 0;
  const hinted = isRight ? { ...finding, fix: given.hint ?? '' } : finding;
  return { steps: empty ? [] : [step], files: [], findings: [hinted] };
}

/** Records that a wildcard makes, as they stand in the zone. */
function keptMade(
  records: readonly DnsRecord[],
  { name, seenAt }: KnownPlace<DnsRecord>,
  by: string,
): Pick<Step, 'keep' | 'made'> {
  const keep = seenAt === name ? records.map((one) => ({ ...one, name: by })) : records;
  return { keep, made: { by, name } };
}

const seenText = (published: readonly DnsRecord[]): string =>
  published.length === 0 ? 'nothing' : dataTexts(published);

const wantedText = (wanted: readonly DnsRecord[], name: string): string =>
  wanted.length === 0 ? `no such record at ${name}` : dataTexts(wanted);

/** What a wildcard has to do with the records. */
function madeText(
  wildcard: string | undefined,
  { isRight, published }: { readonly isRight: boolean; readonly published: readonly DnsRecord[] },
): string {
  if (wildcard === undefined || wildcard === unknownWildcard) return '';
  if (isRight) return ` (by the wildcard ${wildcard})`;
  return published.length === 0
    ? `; a record here goes before the wildcard ${wildcard}`
    : `; what is there comes from the wildcard ${wildcard}, and a record here goes before it`;
}

/** The aspect if only the operator can decide what to do. So no record is advised. */
export function stuckAspect(
  subject: AspectSubject,
  given: {
    readonly published: readonly DnsRecord[];
    readonly severity: 'warn' | 'fail';
    readonly wrong: string;
    readonly wanted: string;
    readonly fix: string;
  },
): Aspect {
  const { id, title, name, type, where = 'zone' } = subject;
  const { published, severity, wrong, wanted, fix } = given;
  const found = `${seenText(published)} — ${wrong}`;
  const finding: Finding = { id, kind: severity, title, found, wanted, fix };
  const state = published.length === 0 ? 'missing' : 'wrong';
  // A file keeps only what stands at this very name.
  const keep = published.filter((one) => one.name === name);
  const step: Step = { id, name, type, where, state, ...unchanged, keep, why: `${wrong}; ${fix}` };
  return { steps: [step], files: [], findings: [finding] };
}

function fixOf({ name, type, state, add, made, where }: Step): string {
  const what = add.length > 1 ? `${type} records` : `${type} record`;
  const isNew = state === 'missing' || made !== undefined;
  const verb = isNew ? 'publish' : add.length === 0 ? 'remove' : 'change';
  const by = {
    zone: '',
    reverse: 'ask whoever gave you the address to ',
    other: 'ask the owner of that zone to ',
  }[where];
  return `${by}${verb} the ${what} of ${name}`;
}

/** A finding that no record can fix. */
export function remark(finding: Finding): Aspect {
  return { ...nothing, findings: [finding] };
}
