/**
 * Reads and writes DMARC records (RFC 9989 section 4.7, formerly RFC 7489 section 6.3): `v=DMARC1;
 * p=none; rua=mailto:a@example.org`. `tags` has everything that is published, in order, so a record
 * can be changed and printed without losing unknown tags. Errors become faults; the rest of the
 * record still counts, as it does for receivers. Pure.
 */
import type { RecordKind } from '../dns/near-record.ts';

export const dmarcPolicies = ['none', 'quarantine', 'reject'] as const;
export type DmarcPolicy = (typeof dmarcPolicies)[number];
export type DmarcAlignment = 'relaxed' | 'strict';

/** A tag, with its name in lower case and its value without white space around. */
export type DmarcTag = { readonly name: string; readonly value: string };

export type DmarcFault = {
  /**
   * `malformed`: no name or no value. `value`: a known tag has an invalid value. `order`: p is not
   * right after v, as RFC 7489 required. `historic`: without effect since RFC 9989.
   */
  readonly kind: 'malformed' | 'duplicate' | 'value' | 'order' | 'historic' | 'unknown';
  readonly tag: string;
  /** One clause for people. */
  readonly text: string;
};

export type DmarcRecord = {
  readonly tags: readonly DmarcTag[];
  readonly faults: readonly DmarcFault[];
  /**
   * As published; undefined if the tag is missing or invalid. `dmarcPolicyFor` gives the policy
   * that applies.
   */
  readonly p: DmarcPolicy | undefined;
  readonly sp: DmarcPolicy | undefined;
  readonly np: DmarcPolicy | undefined;
  readonly dkimAlignment: DmarcAlignment;
  readonly spfAlignment: DmarcAlignment;
  /** The URIs of rua and ruf, as published. */
  readonly reportsTo: readonly string[];
  readonly failuresTo: readonly string[];
  /** `y`: a public suffix. `n`: the domain of an organisation. `u`: not said. */
  readonly psd: 'y' | 'n' | 'u';
  /** t=y: receivers send reports and are asked not to apply the policy. */
  readonly testing: boolean;
};

const version = /^[ \t]*v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/;
const isPolicy = (value: string): boolean => /^(?:none|quarantine|reject)$/i.test(value);
const isAlignment = (value: string): boolean => /^[rs]$/i.test(value);
/** Commas and exclamation marks must be encoded; `!10m` was a size limit in RFC 7489. */
const uri = /^[a-z][a-z0-9+.-]*:[^\s,!;]+(?:!\d+[kmgt]?)?$/i;

/** Known tags and their valid values. */
const known: ReadonlyMap<string, (value: string) => boolean> = new Map([
  ['v', () => true],
  ['p', isPolicy],
  ['sp', isPolicy],
  ['np', isPolicy],
  ['adkim', isAlignment],
  ['aspf', isAlignment],
  ['fo', (value) => /^[01ds](?::[01ds]){0,3}$/i.test(value)],
  ['psd', (value) => /^[ynu]$/i.test(value)],
  ['rua', (value) => uris(value).every((one) => uri.test(one))],
  ['ruf', (value) => uris(value).every((one) => uri.test(one))],
  ['t', (value) => /^[yn]$/i.test(value)],
]);
const historic: ReadonlyMap<string, string> = new Map([
  ['pct', 'pct alone has no effect since RFC 9989: t=y marks a test'],
  ['rf', 'rf has had no effect since RFC 9989'],
  ['ri', 'ri has had no effect since RFC 9989'],
]);

/** Whether the text of a TXT record is a DMARC record. Others at `_dmarc` do not count. */
function isDmarcRecord(text: string): boolean {
  return version.test(text);
}

/** For texts that are nearly DMARC records. */
export const dmarcKind: RecordKind = {
  version: 'v=DMARC1',
  nearly: [
    /^v ?[=:]{0,2} ?d-?marc(?: ?[-._]? ?v?1(?:\.0)?)?/i,
    /^d-?marc ?1?(?=[ ;,:])/i,
    /^(?=s?p ?= ?(?:none|quarantine|reject))/i,
    /^(?=rua ?= ?mailto:)/i,
  ],
  is: isDmarcRecord,
  reads: (text) => {
    const read = parseDmarcRecord(text);
    return read?.faults.every(({ kind }) => kind !== 'malformed') === true && read.tags.length > 1;
  },
  between: ';',
};

/** Parses a record; undefined if the text is not a DMARC record. */
export function parseDmarcRecord(text: string): DmarcRecord | undefined {
  if (!isDmarcRecord(text)) return undefined;
  const tags: DmarcTag[] = [];
  const faults: DmarcFault[] = [];
  for (const part of text.split(';')) {
    if (part.trim() === '') continue;
    const found = /^\s*([a-z][a-z0-9_]*)\s*=\s*(.*?)\s*$/is.exec(part);
    const [, name = '', value = ''] = found ?? [];
    if (value === '') {
      const shown = part.trim().slice(0, 40);
      faults.push({ kind: 'malformed', tag: name, text: `“${shown}” is not name=value` });
    } else if (tags.some((one) => one.name === name.toLowerCase())) {
      faults.push({ kind: 'duplicate', tag: name.toLowerCase(), text: `${name} is there twice` });
    } else {
      tags.push({ name: name.toLowerCase(), value });
    }
  }
  return recordOf(tags, [...faults, ...tags.flatMap(faultOf), ...orderOf(tags)]);
}

function recordOf(tags: readonly DmarcTag[], faults: readonly DmarcFault[]): DmarcRecord {
  const good = (name: string): string | undefined => {
    const value = tags.find((one) => one.name === name)?.value;
    return value !== undefined && known.get(name)?.(value) === true
      ? value.toLowerCase()
      : undefined;
  };
  const policy = (name: string): DmarcPolicy | undefined =>
    dmarcPolicies.find((one) => one === good(name));
  const addresses = (name: string): readonly string[] =>
    uris(tags.find((one) => one.name === name)?.value ?? '').filter((one) => uri.test(one));
  const psd = good('psd');
  return {
    tags,
    faults,
    p: policy('p'),
    sp: policy('sp'),
    np: policy('np'),
    dkimAlignment: good('adkim') === 's' ? 'strict' : 'relaxed',
    spfAlignment: good('aspf') === 's' ? 'strict' : 'relaxed',
    reportsTo: addresses('rua'),
    failuresTo: addresses('ruf'),
    psd: psd === 'y' || psd === 'n' ? psd : 'u',
    testing: good('t') === 'y',
  };
}

function uris(value: string): readonly string[] {
  return value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

function faultOf({ name, value }: DmarcTag): readonly DmarcFault[] {
  const old = historic.get(name);
  if (old !== undefined) return [{ kind: 'historic', tag: name, text: old }];
  const may = known.get(name);
  if (may === undefined) {
    return [{ kind: 'unknown', tag: name, text: `the tag ${name} is unknown` }];
  }
  if (!may(value)) {
    return [{ kind: 'value', tag: name, text: `${name} may not be “${value.slice(0, 60)}”` }];
  }
  if ((name === 'rua' || name === 'ruf') && value.includes('!')) {
    return [{ kind: 'historic', tag: name, text: `the size limit after “!” in ${name} is gone` }];
  }
  return [];
}

function orderOf(tags: readonly DmarcTag[]): readonly DmarcFault[] {
  const at = tags.findIndex(({ name }) => name === 'p');
  if (at <= 1) return [];
  return [{ kind: 'order', tag: 'p', text: 'older receivers want p right after v' }];
}

export function printDmarcTags(tags: readonly DmarcTag[]): string {
  return tags.map(({ name, value }) => `${name}=${value}`).join('; ');
}

/**
 * What the record asks for mail of the domain itself, of a subdomain, or of a subdomain that does
 * not exist.
 */
export function dmarcPolicyFor(
  record: DmarcRecord,
  whose: 'domain' | 'subdomain' | 'nonexistent',
): DmarcPolicy {
  const own = record.p ?? 'none';
  if (whose === 'domain') return own;
  const below = record.sp ?? own;
  return whose === 'subdomain' ? below : (record.np ?? below);
}

/** The address of a `mailto:` URI, with `%2C` and the like decoded. Undefined for other URIs. */
export function reportAddress(
  of: string,
): { readonly address: string; readonly domain: string } | undefined {
  const found = /^mailto:([^?!]+)/i.exec(of.trim());
  const address = unescaped(found?.[1] ?? '');
  const at = address.lastIndexOf('@');
  const domain = address.slice(at + 1).toLowerCase();
  if (at <= 0 || !/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?$/.test(domain)) return undefined;
  return { address, domain: domain.replace(/\.$/, '') };
}

function unescaped(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
