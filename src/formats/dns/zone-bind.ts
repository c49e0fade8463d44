/**
 * Master files as BIND, NSD and Knot read them (RFC 1035 section 5, RFC 2308 section 4): read with
 * a line number for everything that is wrong, and printed. A character is one octet: read the file
 * as Latin-1.
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

/**
 * About a hundred thousand records; the file is read whole, and the admin of an operator has larger
 * ones nowhere.
 */
export const zoneCharactersMax = 16_777_216;
/** So many faults tell what kind of file it is. */
const faultsMax = 100;
/** Where neither the record, nor $TTL, nor a record before says how long. */
const ttlSecondsDefault = 3_600;

export type BindZoneOptions = {
  /** Completes names without a last dot until the file says $ORIGIN. In the form of DnsRecord. */
  readonly origin?: string;
  /** Called for each record that is left out because its type or class is none of ours. */
  readonly skipped?: (note: ZoneFault) => void;
};

type State = {
  origin: string | undefined;
  owner: string | undefined;
  /** $TTL; it wins over the TTL of the record before. */
  ttl: number | undefined;
  lastTtl: number | undefined;
};

/** The records of a master file in its order, or everything that is wrong with it. */
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
    return fault('$INCLUDE is not followed: put what it includes into this file');
  }
  if (name !== '$ORIGIN' && name !== '$TTL') return fault(`${what} is not known here`);
  if (value === undefined || more.length > 0) return fault(`${name} takes one value`);
  if (name === '$TTL') {
    const seconds = parseSeconds(value);
    if (seconds === undefined) return fault(`${value} is no time for $TTL`);
    state.ttl = seconds;
    return ok(undefined);
  }
  const origin = parseName(value, state.origin);
  if (!origin.ok) return fault(`$ORIGIN: ${origin.error}`);
  state.origin = origin.value;
  return ok(undefined);
}

/** A record; a text that says why it is left out; or what is wrong. */
function record({ words, continued }: ZoneEntry, state: State): Result<DnsRecord | string, string> {
  if (!continued) {
    const owner = parseName(words[0]?.raw ?? '', state.origin);
    if (!owner.ok) return owner;
    state.owner = owner.value;
  }
  const name = state.owner;
  if (name === undefined) return fault('a record without an owner, and none stands before it');
  const rest = continued ? words : words.slice(1);
  const head = beforeType(rest);
  const type = rest[head.words]?.raw.toUpperCase();
  if (type === undefined || rest[head.words]?.quoted === true) return fault('no type of a record');
  if (head.seconds !== undefined) state.lastTtl = head.seconds;
  if (head.class !== 'IN') return ok(`${type} of class ${head.class} is left out`);
  if (!isDnsType(type)) {
    return /^[A-Z][A-Z\d-]*$/.test(type)
      ? ok(`${type} is none of ${dnsTypes.join(', ')}: left out`)
      : fault(`${rest[head.words]?.raw.slice(0, 60)} is no type of a record`);
  }
  const data = parseData(type, rest.slice(head.words + 1), state.origin);
  if (!data.ok) return data;
  const minimum = data.value.type === 'SOA' ? data.value.minimum : undefined;
  const ttlSeconds = head.seconds ?? state.ttl ?? state.lastTtl ?? minimum ?? ttlSecondsDefault;
  state.lastTtl = ttlSeconds;
  return ok({ ...data.value, name, ttlSeconds });
}

/** TTL and class stand before the type, each at most once, in either order. */
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

/** A line with a TXT record is not longer than this before its strings go on lines of their own. */
const lineLengthMax = 100;

export type PrintBindOptions = {
  /**
   * Names below it are printed relative to it, behind a line with $ORIGIN. In the form of
   * DnsRecord.
   */
  readonly origin?: string;
};

/**
 * A master file with these records in their order, columns aligned. parseBindZone gives the same
 * records back.
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
