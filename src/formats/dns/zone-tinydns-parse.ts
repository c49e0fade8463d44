/**
 * Reads a `data` file of tinydns into the records that it serves (tinydns-data(8)). Mistakes that
 * tinydns-data silently misreads are faults here, with their line. Read the file as Latin-1.
 */
import { fault, ok, type Result } from '../../lib/result.ts';
import { addressOf, ipv4Octets } from './address-octets.ts';
import { askable, labelsOf, nameOf } from './name.ts';
import { type DnsData, type DnsRecord, dnsTypes } from './record.ts';
import { dataOfWire, typeOfNumber } from './wire-data.ts';
import { zoneCharactersMax } from './zone-bind.ts';
import { faultAt, type ZoneFault } from './zone-bind-entries.ts';

/** Reading stops after this many faults; it is then probably another kind of file. */
const faultsMax = 100;
/** What tinydns-data uses for empty fields. */
const ttlDefaults = { ns: 259_200, negative: 2_560, other: 86_400 };
const soaDefaults = { refresh: 16_384, retry: 2_048, expire: 1_048_576, minimum: 2_560 };
/** Types of generic lines that tinydns-data has lines of its own for, or does not serve. */
const refusedTypes = [0, 2, 5, 6, 15, 252];
/** tinydns-data uses the time of the file, which is not known here. */
const serialDefault = 1;
const txtStringOctets = 127;

/** The longest line: the data of one record with every octet in octal, and names. */
const lineLengthMax = 270_000;

export type TinydnsOptions = {
  /** Called for each line that is left out because of its type, a timestamp or a location. */
  readonly skipped?: (note: ZoneFault) => void;
  /** Called for each record with the number of its line. */
  readonly located?: (record: DnsRecord, line: number) => void;
};

/** Parses a `data` file into its records in order, or all its faults. */
export function parseTinydnsZone(
  text: string,
  options: TinydnsOptions = {},
): Result<readonly DnsRecord[], readonly ZoneFault[]> {
  if (text.length > zoneCharactersMax) {
    return fault([{ line: 1, what: `longer than ${zoneCharactersMax} characters` }]);
  }
  if (/[^\0-\xff]/.test(text)) return fault([{ line: 1, what: 'was not read as Latin-1' }]);
  const records: DnsRecord[] = [];
  const faults: ZoneFault[] = [];
  for (const [nth, raw] of text.split('\n').entries()) {
    if (faults.length >= faultsMax) break;
    if (raw.length > lineLengthMax) {
      faults.push(faultAt(nth + 1, `a line of ${raw.length} characters`));
      continue;
    }
    const line = withoutBlanksAtEnd(raw);
    if (line === '' || line.startsWith('#') || line.startsWith('-')) continue;
    const read = line.endsWith('\r') ? fault(carriageReturn) : parseLine(line);
    if (!read.ok) faults.push(faultAt(nth + 1, read.error));
    else if (typeof read.value === 'string') {
      options.skipped?.(faultAt(nth + 1, read.value));
    } else {
      records.push(...read.value);
      for (const one of read.value) options.located?.(one, nth + 1);
    }
  }
  return faults.length > 0 ? fault(faults) : ok(records);
}

/** tinydns-data takes it as a part of the last field. */
const carriageReturn = 'a carriage return at its end: the lines must end as on Unix (LF alone)';

/** Not a regular expression, because that takes quadratic time for a line full of blanks. */
function withoutBlanksAtEnd(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end -= 1;
  return line.slice(0, end);
}

type Fields = readonly string[];
/** Records, a text that says why the line is left out, or a fault. */
type Read = Result<readonly DnsRecord[] | string, string>;

/**
 * The number of fields of each type of line before timestamp and location. The last of these fields
 * is the TTL.
 */
const fieldCounts: Readonly<Record<string, number>> = {
  '.': 4,
  '&': 4,
  '=': 3,
  '+': 3,
  '@': 5,
  "'": 3,
  '^': 3,
  C: 3,
  Z: 9,
  ':': 4,
  '3': 3,
  '6': 3,
};
/** Lines of common patches, for types that mail does not need, and lines with locations. */
const otherLines = /^[SNHBDPRTI%]/;

function parseLine(line: string): Read {
  const kind = line[0] ?? '';
  const count = fieldCounts[kind];
  if (count === undefined) {
    return otherLines.test(line)
      ? ok(`a line with ${kind}`)
      : fault(`a line of tinydns cannot begin with ${kind}`);
  }
  const fields = line.slice(1).split(':');
  const name = nameIn(fields[0] ?? '');
  if (name === undefined) return fault(`${fields[0]} is not a name`);
  const ttlText = fields[count - 1] ?? '';
  const ttl = wholeNumber(ttlText, 0xffff_ffff);
  if (ttlText !== '' && ttl === undefined) {
    const colon = kind === "'" || kind === ':' ? ': a colon in a text is written \\072' : '';
    return fault(`${ttlText} is not a TTL${colon}`);
  }
  if (fields.slice(count).some((field) => field !== '')) {
    return ok('a line with a timestamp or a location');
  }
  return parseFields(kind, fields, { name, ttl });
}

type Owner = { readonly name: string; readonly ttl: number | undefined };

function parseFields(kind: string, fields: Fields, { name, ttl }: Owner): Read {
  const other = ttl ?? ttlDefaults.other;
  const [, first = '', second = ''] = fields;
  const one = (data: DnsData): Read => ok([{ ...data, name, ttlSeconds: other }]);
  switch (kind) {
    case '+':
    case '=':
      return hostLine(first, { name, ttlSeconds: other, reverse: kind === '=' });
    case '3':
    case '6':
      return host6Line(first, { name, ttlSeconds: other, reverse: kind === '6' });
    case "'":
      return one({ type: 'TXT', strings: cut(octets(first)) });
    case '^':
    case 'C': {
      const target = nameIn(first);
      if (target === undefined) return fault(`${first} is not a name`);
      return one({ type: kind === 'C' ? 'CNAME' : 'PTR', target });
    }
    case '.':
    case '&':
      return serverLine(fields, { name, ttl, authority: kind === '.' });
    case '@':
      return exchangeLine(fields, { name, ttl });
    case 'Z':
      return soaLine(fields, { name, ttl });
    default:
      return genericLine(wholeNumber(first, 65_535), octets(second), { name, ttlSeconds: other });
  }
}

/**
 * Decodes escapes: a backslash with up to three octal digits, or before a character that means
 * itself.
 */
function octets(field: string): string {
  return field.replace(/\\(?:([0-7]{1,3})|(.?))/gs, (_, digits?: string, char?: string) =>
    digits === undefined ? (char ?? '') : String.fromCharCode(Number.parseInt(digits, 8) & 255),
  );
}

/** A name from labels with any number of dots between; undefined if it is not a valid name. */
function nameIn(field: string): string | undefined {
  const labels = field.match(/(?:[^.\\]|\\[^0-7]|\\[0-7]{1,3})+/gs) ?? [];
  const name = nameOf(labels.map(octets));
  return askable(name) ? name : undefined;
}

/** `x` without a dot is a name below the owner. */
function serverName(x: string, middle: string, owner: string): string | undefined {
  if (x.includes('.')) return nameIn(x);
  const inner = nameIn(x);
  return inner === undefined ? undefined : nameOf([...labelsOf(inner), middle, ...labelsOf(owner)]);
}

function wholeNumber(text: string, max: number): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= max ? Number(text) : undefined;
}

function cut(text: string): readonly string[] {
  return text.match(new RegExp(`.{1,${txtStringOctets}}`, 'gs')) ?? [];
}

type Host = { readonly name: string; readonly ttlSeconds: number; readonly reverse: boolean };

function hostLine(ip: string, { name, ttlSeconds, reverse }: Host): Read {
  if (ip === '') return ok('a line without an address');
  const numbers = ipv4Octets(ip);
  if (numbers === undefined) return fault(`${ip} is not an IPv4 address`);
  const address: DnsRecord = { type: 'A', address: ip, name, ttlSeconds };
  const arpa = nameOf([...numbers.map(String).reverse(), 'in-addr', 'arpa']);
  return ok(reverse ? [address, { type: 'PTR', target: name, name: arpa, ttlSeconds }] : [address]);
}

/** Parses a line with 32 hexadecimal digits, the form of the IPv6 patch. */
function host6Line(digits: string, { name, ttlSeconds, reverse }: Host): Read {
  const pairs = /^[\da-f]{32}$/i.test(digits) ? (digits.match(/../g) ?? []) : [];
  const text = addressOf(pairs.map((pair) => Number.parseInt(pair, 16)));
  if (text === undefined) return fault(`${digits} are not the 32 digits of an IPv6 address`);
  const address: DnsRecord = { type: 'AAAA', address: text, name, ttlSeconds };
  const arpa = nameOf([...[...digits].reverse(), 'ip6', 'arpa']);
  return ok(reverse ? [address, { type: 'PTR', target: name, name: arpa, ttlSeconds }] : [address]);
}

function withAddress(records: readonly DnsRecord[], ip: string, host: Owner): Read {
  if (ip === '') return ok(records);
  if (ipv4Octets(ip) === undefined) return fault(`${ip} is not an IPv4 address`);
  const ttlSeconds = host.ttl ?? ttlDefaults.other;
  return ok([...records, { type: 'A', address: ip, name: host.name, ttlSeconds }]);
}

function serverLine(
  [, ip = '', x = '']: Fields,
  { name, ttl = ttlDefaults.ns, authority }: Owner & { readonly authority: boolean },
): Read {
  const target = serverName(x, 'ns', name);
  if (target === undefined) return fault(`${x} is not a name`);
  const mailbox = nameOf(['hostmaster', ...labelsOf(name)]);
  const numbers = { serial: serialDefault, ...soaDefaults };
  const soa: DnsRecord = {
    type: 'SOA',
    primary: target,
    mailbox,
    ...numbers,
    name,
    ttlSeconds: ttl === 0 ? 0 : ttlDefaults.negative,
  };
  const server: DnsRecord = { type: 'NS', target, name, ttlSeconds: ttl };
  return withAddress(authority ? [soa, server] : [server], ip, { name: target, ttl });
}

function exchangeLine([, ip = '', x = '', dist = '']: Fields, { name, ttl }: Owner): Read {
  const exchange = serverName(x, 'mx', name);
  if (exchange === undefined) return fault(`${x} is not a name`);
  const preference = dist === '' ? 0 : wholeNumber(dist, 65_535);
  if (preference === undefined) return fault(`${dist} is not an MX distance`);
  const ttlSeconds = ttl ?? ttlDefaults.other;
  const record: DnsRecord = { type: 'MX', preference, exchange, name, ttlSeconds };
  return withAddress([record], ip, { name: exchange, ttl });
}

function soaLine([, first = '', second = '', ...texts]: Fields, { name, ttl }: Owner): Read {
  const [primary, mailbox] = [nameIn(first), nameIn(second)];
  if (primary === undefined || mailbox === undefined)
    return fault('a name of the SOA is not valid');
  const numbers = texts.slice(0, 5).map((text) => wholeNumber(text, 0xffff_ffff));
  const wrong = texts.slice(0, 5).find((text, nth) => text !== '' && numbers[nth] === undefined);
  if (wrong !== undefined) return fault(`${wrong} is not a number of an SOA`);
  const [serial = serialDefault, refresh, retry, expire, minimum] = numbers;
  const data: DnsData = {
    type: 'SOA',
    primary,
    mailbox,
    serial,
    refresh: refresh ?? soaDefaults.refresh,
    retry: retry ?? soaDefaults.retry,
    expire: expire ?? soaDefaults.expire,
    minimum: minimum ?? soaDefaults.minimum,
  };
  return ok([{ ...data, name, ttlSeconds: ttl ?? ttlDefaults.negative }]);
}

function genericLine(
  type: number | undefined,
  data: string,
  owner: { readonly name: string; readonly ttlSeconds: number },
): Read {
  if (type === undefined) return fault('a generic line begins with the number of its type');
  if (refusedTypes.includes(type)) {
    return fault(`tinydns-data refuses type ${type} in a generic line`);
  }
  const known = typeOfNumber(type);
  if (known === undefined) {
    return ok(`a generic line of type ${type}, which is not one of ${dnsTypes.join(', ')}`);
  }
  const read = dataOfWire(known, data);
  return read.ok ? ok([{ ...read.value, ...owner }]) : read;
}
