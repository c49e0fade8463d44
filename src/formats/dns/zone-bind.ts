/**
 * Reads and prints master files of BIND, NSD and Knot (RFC 1035 section 5, RFC 2308 section 4).
 * Each fault has a line number. A character is one octet, so read the file as Latin-1.
 */
import { fault, ok, type Result } from '../../lib/result.ts';
import { parseName, printName } from './name.ts';
import { type DnsRecord, type DnsType, dnsTypes } from './record.ts';
import { parseData, parseSeconds, printData } from './zone-bind-data.ts';
import {
  faultAt,
  type ZoneEntry,
  type ZoneFault,
  type ZoneWord,
  zoneEntries,
} from './zone-bind-entries.ts';

/** The longest zone file, about a hundred thousand records, because the whole file is in memory. */
export const zoneCharactersMax = 16_777_216;
/** Reading stops after this many faults; it is then probably another kind of file. */
const faultsMax = 100;
/** The TTL if neither the record, nor $TTL, nor an earlier record gives one. */
const ttlSecondsDefault = 3_600;

export type BindZoneOptions = {
  /** Completes names without a final dot until the file sets $ORIGIN. In the form of DnsRecord. */
  readonly origin?: string;
  /** Called for each record that is left out because of its type or class. */
  readonly skipped?: (note: ZoneFault) => void;
};

type State = {
  origin: string | undefined;
  owner: string | undefined;
  /** $TTL, which counts more than the TTL of the previous record. */
  ttl: number | undefined;
  lastTtl: number | undefined;
};

/** Parses a master file into its records in order, or all its faults. */
export function parseBindZone(
  text: string,
  options: BindZoneOptions = {},
): Result<readonly DnsRecord[], readonly ZoneFault[]> {
  if (text.length > zoneCharactersMax) {
    return fault([{ line: 1, what: `longer than ${zoneCharactersMax} characters` }]);
  }
  if (/[^\0-\xff]/.test(text)) return fault([{ line: 1, what: 'was not read as Latin-1' }]);
  const { origin } = options;
  const state: State = { origin, owner: undefined, ttl: undefined, lastTtl: undefined };
  const records: DnsRecord[] = [];
  const faults: ZoneFault[] = [];
  for (const entry of zoneEntries(text)) {
    if (faults.length >= faultsMax) break;
    if ('what' in entry) {
      faults.push(entry);
      continue;
    }
    const read = isDirective(entry) ? directive(entry, state) : record(entry, state);
    if (!read.ok) faults.push(faultAt(entry.line, read.error));
    else if (typeof read.value === 'string') {
      options.skipped?.(faultAt(entry.line, read.value));
    } else if (read.value !== undefined) records.push(read.value);
  }
  return faults.length > 0 ? fault(faults) : ok(records);
}

function isDirective({ words: [first], continued }: ZoneEntry): boolean {
  return !continued && first?.quoted === false && first.raw.startsWith('$');
}

function directive({ words }: ZoneEntry, state: State): Result<undefined, string> {
  const [what = '', value, ...more] = words.map(({ raw }) => raw);
  const name = what.toUpperCase();
  if (name === '$INCLUDE') {
    return fault('$INCLUDE is not supported: put the included text into this file');
  }
  if (name !== '$ORIGIN' && name !== '$TTL') return fault(`${what} is not known`);
  if (value === undefined || more.length > 0) return fault(`${name} takes one value`);
  if (name === '$TTL') {
    const seconds = parseSeconds(value);
    if (seconds === undefined) return fault(`${value} is not a time for $TTL`);
    state.ttl = seconds;
    return ok(undefined);
  }
  const origin = parseName(value, state.origin);
  if (!origin.ok) return fault(`$ORIGIN: ${origin.error}`);
  state.origin = origin.value;
  return ok(undefined);
}

/** A record, a text that says why it is left out, or a fault. */
function record({ words, continued }: ZoneEntry, state: State): Result<DnsRecord | string, string> {
  if (!continued) {
    const owner = parseName(words[0]?.raw ?? '', state.origin);
    if (!owner.ok) return owner;
    state.owner = owner.value;
  }
  const name = state.owner;
  if (name === undefined) return fault('a record without an owner, and no record before it');
  const rest = continued ? words : words.slice(1);
  const head = beforeType(rest);
  const type = rest[head.words]?.raw.toUpperCase();
  if (type === undefined || rest[head.words]?.quoted === true) return fault('no record type');
  if (head.seconds !== undefined) state.lastTtl = head.seconds;
  if (head.class !== 'IN') return ok(`${type} of class ${head.class} is left out`);
  if (!isDnsType(type)) {
    return /^[A-Z][A-Z\d-]*$/.test(type)
      ? ok(`${type} is not one of ${dnsTypes.join(', ')}: left out`)
      : fault(`${rest[head.words]?.raw.slice(0, 60)} is not a record type`);
  }
  const data = parseData(type, rest.slice(head.words + 1), state.origin);
  if (!data.ok) return data;
  const minimum = data.value.type === 'SOA' ? data.value.minimum : undefined;
  const ttlSeconds = head.seconds ?? state.ttl ?? state.lastTtl ?? minimum ?? ttlSecondsDefault;
  state.lastTtl = ttlSeconds;
  return ok({ ...data.value, name, ttlSeconds });
}

/** Reads TTL and class, which come before the type, each at most once, in either order. */
function beforeType(words: readonly ZoneWord[]): {
  readonly words: number;
  readonly seconds: number | undefined;
  readonly class: string;
} {
  let seconds: number | undefined;
  let group: string | undefined;
  for (const [nth, { raw }] of words.slice(0, 2).entries()) {
    const asSeconds = parseSeconds(raw);
    if (asSeconds !== undefined && seconds === undefined) seconds = asSeconds;
    else if (/^(?:IN|CH|HS|CS)$/i.test(raw) && group === undefined) group = raw.toUpperCase();
    else return { words: nth, seconds, class: group ?? 'IN' };
  }
  return { words: Math.min(2, words.length), seconds, class: group ?? 'IN' };
}

function isDnsType(type: string): type is DnsType {
  return (dnsTypes as readonly string[]).includes(type);
}

/** Above this line length, each string of a TXT record gets its own line. */
const lineLengthMax = 100;

export type PrintBindOptions = {
  /**
   * Names below it are printed relative to it, after a line with $ORIGIN. In the form of DnsRecord.
   */
  readonly origin?: string;
};

/**
 * Prints a master file with these records in order and columns aligned. parseBindZone reads the
 * same records back.
 */
export function printBindZone(
  records: readonly DnsRecord[],
  { origin }: PrintBindOptions = {},
): string {
  const rows = records.map((one) => ({
    name: printName(one.name, origin),
    ttl: `${one.ttlSeconds}`,
    type: one.type,
    data: printData(one, origin),
  }));
  const width = (key: 'name' | 'ttl' | 'type'): number =>
    rows.reduce((most, row) => Math.max(most, row[key].length), 0);
  const [nameWidth, ttlWidth, typeWidth] = [width('name'), width('ttl'), width('type')];
  const lines = rows.map(({ name, ttl, type, data }) => {
    const head = `${name.padEnd(nameWidth)} ${ttl.padStart(ttlWidth)} IN ${type.padEnd(typeWidth)}`;
    const line = `${head} ${data.join(' ')}`;
    if (type !== 'TXT' || data.length === 1 || line.length <= lineLengthMax) return line;
    const indent = ' '.repeat(4);
    return `${head} (\n${data.map((string) => `${indent}${string}`).join('\n')} )`;
  });
  const start = origin === undefined ? [] : [`$ORIGIN ${printName(origin, undefined)}`];
  return [...start, ...lines].map((line) => `${line}\n`).join('');
}
