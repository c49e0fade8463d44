/**
 * Reads and prints master files of BIND, NSD and Knot (RFC 1035 section 5, RFC 2308 section 4).
 * Each fault has a line number. A character is one octet, so read the file as Latin-1.
 */
import { fault, ok, type Result } from '../../lib/result.ts';
import { parseName, printName } from './name.ts';
import { type DnsData, type DnsRecord, type DnsType, dnsTypes } from './record.ts';
import { dataOfWire, typeOfNumber } from './wire-data.ts';
import { parseData, parseSeconds, printData } from './zone-bind-data.ts';
import {
  faultAt,
  type ZoneEntry,
  type ZoneFault,
  type ZoneWord,
  zoneEntries,
} from './zone-bind-entries.ts';
import { generatedLines } from './zone-bind-generate.ts';

/** The longest zone file, about a hundred thousand records, because the whole file is in memory. */
export const zoneCharactersMax = 16_777_216;
/** Reading stops after this many faults; it is then probably another kind of file. */
const faultsMax = 100;
/** Records of a file with $GENERATE, which makes many of one line. Those left out count too. */
const recordsMax = 500_000;
/** The TTL if neither the record, nor $TTL, nor an earlier record gives one. */
const ttlSecondsDefault = 3_600;

export type BindZoneOptions = {
  /** Completes names without a final dot until the file sets $ORIGIN. In the form of DnsRecord. */
  readonly origin?: string;
  /** Called for each record that is left out because of its type or class. */
  readonly skipped?: (note: ZoneFault) => void;
  /** Called for each record with the lines on which it stands. */
  readonly located?: (record: DnsRecord, first: number, last: number) => void;
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
  let skipped = 0;
  for (const entry of zoneEntries(text)) {
    if (faults.length >= faultsMax) break;
    if ('what' in entry) {
      faults.push(entry);
      continue;
    }
    for (const read of isDirective(entry) ? directive(entry, state) : [record(entry, state)]) {
      if (!read.ok) faults.push(faultAt(entry.line, read.error));
      else if (typeof read.value === 'string') {
        skipped += 1;
        options.skipped?.(faultAt(entry.line, read.value));
      } else {
        records.push(read.value);
        options.located?.(read.value, entry.line, entry.lastLine);
      }
      if (faults.length >= faultsMax || records.length + skipped > recordsMax) break;
    }
    if (records.length + skipped > recordsMax) {
      return fault([faultAt(entry.line, `more than ${recordsMax} records`)]);
    }
  }
  return faults.length > 0 ? fault(faults) : ok(records);
}

/** A record, a text that says why it is left out, or a fault. */
type Read = Result<DnsRecord | string, string>;

/** What else reads a file that this reader does not. */
const wayOut = 'named-compilezone -o - ZONE FILE writes the whole zone without it';

function isDirective({ words: [first], continued }: ZoneEntry): boolean {
  return !continued && first?.quoted === false && first.raw.startsWith('$');
}

/** Carries out a directive; yields the records that it makes, and its faults. */
function* directive({ words }: ZoneEntry, state: State): Generator<Read> {
  const [what = '', value, ...more] = words.map(({ raw }) => raw);
  const name = what.toUpperCase();
  if (name === '$GENERATE') {
    yield* generated(words.slice(1), state);
  } else if (name !== '$ORIGIN' && name !== '$TTL') {
    yield fault(`${name} is not read; ${wayOut}`);
  } else if (value === undefined || more.length > 0) yield fault(`${name} takes one value`);
  else if (name === '$TTL') {
    state.ttl = parseSeconds(value);
    if (state.ttl === undefined) yield fault(`${value} is not a time for $TTL`);
  } else {
    const origin = parseName(value, state.origin);
    if (origin.ok) state.origin = origin.value;
    else yield fault(`$ORIGIN: ${origin.error}`);
  }
}

function* generated(words: readonly ZoneWord[], state: State): Generator<Read> {
  const lines = generatedLines(words);
  if (!lines.ok) {
    yield fault(`${lines.error}; ${wayOut}`);
    return;
  }
  // The records after it that begin with a blank have the owner before it.
  const { owner } = state;
  for (const line of lines.value) {
    for (const entry of zoneEntries(line)) {
      yield 'what' in entry ? fault(entry.what) : record(entry, state);
    }
  }
  state.owner = owner;
}

function record({ words, continued }: ZoneEntry, state: State): Read {
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
  if (head.class !== 'IN') return ok(`${type} of class ${head.class}`);
  const known = knownType(type);
  if (known === undefined) {
    return /^[A-Z][A-Z\d-]*$/.test(type)
      ? ok(`${type} is not one of ${dnsTypes.join(', ')}`)
      : fault(`${rest[head.words]?.raw.slice(0, 60)} is not a record type`);
  }
  const values = rest.slice(head.words + 1);
  const isGeneric = values[0]?.quoted === false && values[0].raw === '\\#';
  const data = isGeneric
    ? parseGeneric(known, values.slice(1))
    : parseData(known, values, state.origin);
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

/** The type by its name, or by its number as in TYPE16 (RFC 3597 section 5). */
function knownType(type: string): DnsType | undefined {
  const number = /^TYPE(\d{1,5})$/.exec(type)?.[1];
  return number === undefined ? dnsTypes.find((one) => one === type) : typeOfNumber(Number(number));
}

/** The data after `\#`: their length, and their octets in hexadecimal (RFC 3597 section 5). */
function parseGeneric(type: DnsType, words: readonly ZoneWord[]): Result<DnsData, string> {
  const [length = '', ...parts] = words.map(({ raw }) => raw);
  const hex = parts.join('');
  if (!/^\d{1,5}$/.test(length) || !/^(?:[\da-f]{2})*$/i.test(hex)) {
    return fault('after \\# must be a length and the octets in hexadecimal');
  }
  if (hex.length !== 2 * Number(length)) {
    return fault(`${hex.length / 2} octets after \\# ${length}`);
  }
  return dataOfWire(type, Buffer.from(hex, 'hex').toString('latin1'));
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
