/**
 * One aspect of a domain's mail identity (its SPF, one DKIM key …) as it was found: steps of the
 * plan and findings of the check. Both are made here from the same answers, so that they cannot
 * disagree. Pure.
 */
import { ask, type DnsAnswer, type DnsLookup } from '../../formats/dns/question.ts';
import {
  type DnsData,
  type DnsRecord,
  type DnsType,
  textOfTxt,
  txtStrings,
} from '../../formats/dns/record.ts';
import { type Finding, type FindingKind, fine } from '../finding.ts';

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

export type FoundRecords<One extends DnsRecord> =
  | {
      readonly kind: 'known';
      readonly records: readonly One[];
      /** The name that has the records, perhaps behind an alias. Changes must be made there. */
      readonly name: string;
      readonly secure: boolean;
      /** True if the name exists, with this type or others. */
      readonly exists: boolean;
    }
  | { readonly kind: 'unknown'; readonly why: string };

/** The records of an answer that are of the wanted kind. */
export function found<One extends DnsRecord>(
  answer: DnsAnswer | undefined,
  name: string,
  fits: (record: DnsRecord) => record is One,
): FoundRecords<One> {
  if (answer === undefined) return { kind: 'unknown', why: 'no answer was given' };
  if (answer.kind === 'failure') return { kind: 'unknown', why: answer.text };
  const { secure } = answer;
  if (answer.kind === 'none') {
    return { kind: 'known', records: [], name, secure, exists: answer.exists };
  }
  const records = answer.records.filter(fits);
  return { kind: 'known', records, name: records[0]?.name ?? name, secure, exists: true };
}

const isTxt = (one: DnsRecord): one is TxtRecord => one.type === 'TXT';

/** The TXT records of a name with a text of the wanted kind. */
export function* textsAt(
  name: string,
  meant: (text: string) => boolean,
): DnsLookup<FoundRecords<TxtRecord>> {
  const texts = found(yield* ask(name, 'TXT'), name, isTxt);
  if (texts.kind === 'unknown') return texts;
  return { ...texts, records: texts.records.filter((one) => meant(textOfTxt(one))) };
}

export function recordOf(name: string, data: DnsData): DnsRecord {
  return { ...data, name, ttlSeconds };
}

export function txt(name: string, text: string): DnsRecord {
  return recordOf(name, { type: 'TXT', strings: txtStrings(text) });
}

/** The data of a record as people write it. */
function dataText(one: DnsRecord): string {
  switch (one.type) {
    case 'A':
    case 'AAAA':
      return one.address;
    case 'TXT':
      return textOfTxt(one);
    case 'MX':
      return `${one.preference} ${one.exchange === '' ? '.' : one.exchange}`;
    case 'TLSA':
      return `${one.usage} ${one.selector} ${one.matching} ${one.association}`;
    case 'SOA':
      return `${one.primary} ${one.mailbox} ${one.serial}`;
    default:
      return one.target;
  }
}

export const dataTexts = (records: readonly DnsRecord[]): string =>
  records.map(dataText).join(' | ');

export const sameData = (one: DnsRecord, other: DnsRecord): boolean =>
  one.type === other.type && dataText(one) === dataText(other);

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
  const step = { id, state: 'unknown', name, type, keep: [], remove: [], add: [], where } as const;
  const finding: Finding = {
    id,
    kind: 'unknown',
    title,
    found: why,
    wanted: 'an answer of the DNS',
    fix: 'try again; if it stays so, look at the name servers of the domain',
  };
  return {
    steps: [{ ...step, why: `the DNS does not say: ${why}` }],
    files: [],
    findings: [finding],
  };
}

/**
 * Compares the published records with the wanted ones: equal records are kept, others are replaced.
 * `severity`: the kind of the finding if they differ.
 */
export function comparedAspect(
  subject: AspectSubject,
  given: {
    readonly published: readonly DnsRecord[];
    readonly wanted: readonly DnsRecord[];
    readonly severity: Exclude<FindingKind, 'ok' | 'unknown'>;
    /** One sentence each: why the records are right, and why they are wrong. */
    readonly right: string;
    readonly wrong: string;
    /** What could be better, shown with a good finding. */
    readonly hint?: string;
  },
): Aspect {
  const { id, title, name, type, where = 'zone' } = subject;
  const { published, wanted } = given;
  const keep = published.filter((one) => wanted.some((other) => sameData(one, other)));
  const remove = published.filter((one) => !keep.includes(one));
  const add = wanted.filter((one) => !keep.some((other) => sameData(one, other)));
  const state: StepState =
    remove.length === 0 && add.length === 0 ? 'have' : published.length === 0 ? 'missing' : 'wrong';
  const why = state === 'have' ? given.right : given.wrong;
  const step: Step = { id, state, name, type, keep, remove, add, why, where };
  const seen = published.length === 0 ? 'nothing' : dataTexts(published);
  const finding: Finding =
    state === 'have'
      ? { ...fine(id, title, seen), fix: given.hint ?? '' }
      : {
          id,
          kind: given.severity,
          title,
          found: `${seen} — ${given.wrong}`,
          wanted: wanted.length === 0 ? `no such record at ${name}` : dataTexts(wanted),
          fix: fixOf(step),
        };
  const empty = published.length === 0 && wanted.length === 0;
  return { steps: empty ? [] : [step], files: [], findings: [finding] };
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
  const seen = published.length === 0 ? 'nothing' : dataTexts(published);
  const finding: Finding = { id, kind: severity, title, found: `${seen} — ${wrong}`, wanted, fix };
  const step: Step = {
    id,
    state: published.length === 0 ? 'missing' : 'wrong',
    name,
    type,
    keep: published,
    remove: [],
    add: [],
    why: `${wrong}; ${fix}`,
    where,
  };
  return { steps: [step], files: [], findings: [finding] };
}

function fixOf({ name, type, state, add, where }: Step): string {
  const what = add.length > 1 ? `${type} records` : `${type} record`;
  const verb = state === 'missing' ? 'publish' : add.length === 0 ? 'remove' : 'change';
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
