/**
 * Reads and prints the data of a record in a master file, the words after the type (RFC 1035
 * section 5.1, RFC 3596, RFC 6698).
 */
import { fault, ok, type Result } from '../../lib/result.ts';
import { ipv4Octets, ipv6Text } from './address-octets.ts';
import { escapeAt, lowerCase, parseName, printName } from './name.ts';
import type { DnsData, DnsType } from './record.ts';
import type { ZoneWord } from './zone-bind-entries.ts';

const stringOctetsMax = 255;
/** The length of a record's data has 16 bits. */
const dataOctetsMax = 65_535;
const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Five units, ten digits each. */
const secondsLengthMax = 60;

/**
 * Parses `3600` or `1h30m` into seconds; undefined for other text. The units are BIND's extension
 * of RFC 1035, used everywhere.
 */
export function parseSeconds(text: string): number | undefined {
  if (text.length > secondsLengthMax) return undefined;
  if (!/^(?:\d{1,10}|(?:\d{1,10}[smhdw])+)$/i.test(text)) return undefined;
  let sum = 0;
  for (const [, digits = '', unit = 's'] of text.toLowerCase().matchAll(/(\d+)([smhdw]?)/g)) {
    sum += Number(digits) * (secondsOf[unit || 's'] ?? 1);
  }
  return sum <= 0x7fff_ffff ? sum : undefined; // RFC 2181 section 8
}

type Read = Result<DnsData, string>;

/** Parses the data of a record of `type` from the words after the type. */
export function parseData(
  type: DnsType,
  words: readonly ZoneWord[],
  origin: string | undefined,
): Read {
  const wanted = wordCounts[type];
  const fits = type === 'TXT' || type === 'TLSA' ? words.length >= wanted : words.length === wanted;
  if (!fits) return fault(`${type} with ${words.length} values instead of ${wanted}`);
  const raw = words.map((word) => word.raw);
  const [first = '', second = ''] = raw;
  switch (type) {
    case 'A':
      return ipv4Octets(first) === undefined
        ? fault(`${first} is not an IPv4 address`)
        : ok({ type, address: ipv4Octets(first)?.join('.') ?? '' });
    case 'AAAA': {
      const address = first.includes(':') ? ipv6Text(first) : undefined;
      return address === undefined
        ? fault(`${first} is not an IPv6 address`)
        : ok({ type, address });
    }
    case 'CNAME':
    case 'DNAME':
    case 'NS':
    case 'PTR': {
      const target = parseName(first, origin);
      return target.ok ? ok({ type, target: target.value }) : target;
    }
    case 'MX': {
      const preference = whole(first, 65_535);
      const exchange = parseName(second, origin);
      if (preference === undefined) return fault(`${first} is not an MX preference`);
      return exchange.ok ? ok({ type, preference, exchange: exchange.value }) : exchange;
    }
    case 'TXT':
      return parseTxt(raw);
    case 'SOA':
      return parseSoa(raw, origin);
    case 'TLSA':
      return parseTlsa(raw);
  }
}

const wordCounts: Readonly<Record<DnsType, number>> = {
  A: 1,
  AAAA: 1,
  CNAME: 1,
  DNAME: 1,
  NS: 1,
  PTR: 1,
  MX: 2,
  TXT: 1,
  SOA: 7,
  TLSA: 4,
};

function whole(text: string, max: number): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= max ? Number(text) : undefined;
}

function parseTxt(raw: readonly string[]): Read {
  const strings: string[] = [];
  let octets = 0;
  for (const word of raw) {
    const text = octetsOf(word);
    if (text === undefined) return fault('an invalid backslash');
    if (text.length > stringOctetsMax) {
      return fault(
        `a string of ${text.length} octets, at most ${stringOctetsMax} fit: cut it in two`,
      );
    }
    octets += text.length + 1;
    strings.push(text);
  }
  if (octets > dataOctetsMax) return fault(`TXT of ${octets} octets, at most ${dataOctetsMax} fit`);
  return ok({ type: 'TXT', strings });
}

/** A word with its escapes decoded; undefined if one is invalid. */
function octetsOf(raw: string): string | undefined {
  if (!raw.includes('\\')) return raw;
  let text = '';
  for (let at = 0; at < raw.length; at++) {
    if (raw[at] !== '\\') {
      text += raw[at];
      continue;
    }
    const read = escapeAt(raw, at);
    if (read === undefined) return undefined;
    text += read.octet;
    at += read.length - 1;
  }
  return text;
}

function parseSoa(raw: readonly string[], origin: string | undefined): Read {
  const [primary = '', mailbox = '', serialText = '', ...times] = raw;
  const [names, boxes] = [parseName(primary, origin), parseName(mailbox, origin)];
  if (!names.ok) return names;
  if (!boxes.ok) return boxes;
  const serial = whole(serialText, 0xffff_ffff);
  if (serial === undefined) return fault(`${serialText} is not a serial number`);
  const [refresh, retry, expire, minimum] = times.map(parseSeconds);
  if (
    refresh === undefined ||
    retry === undefined ||
    expire === undefined ||
    minimum === undefined
  ) {
    return fault(`${times.join(' ')}: refresh, retry, expire and minimum are times`);
  }
  const name = { primary: names.value, mailbox: boxes.value };
  return ok({ type: 'SOA', ...name, serial, refresh, retry, expire, minimum });
}

function parseTlsa(raw: readonly string[]): Read {
  const [usage, selector, matching] = raw.slice(0, 3).map((text) => whole(text, 255));
  const association = lowerCase(raw.slice(3).join(''));
  if (usage === undefined || selector === undefined || matching === undefined) {
    return fault('usage, selector and matching type of TLSA are numbers up to 255');
  }
  if (!/^(?:[\da-f]{2})+$/.test(association)) return fault('the data of TLSA is hexadecimal');
  return ok({ type: 'TLSA', usage, selector, matching, association });
}

/** Prints the data as words of a master file. Each string of a TXT record is one word. */
export function printData(data: DnsData, origin: string | undefined): readonly string[] {
  switch (data.type) {
    case 'A':
    case 'AAAA':
      return [data.address];
    case 'CNAME':
    case 'DNAME':
    case 'NS':
    case 'PTR':
      return [printName(data.target, origin)];
    case 'MX':
      return [`${data.preference}`, printName(data.exchange, origin)];
    case 'TXT':
      return data.strings.map(quoted);
    case 'SOA':
      return [
        printName(data.primary, origin),
        printName(data.mailbox, origin),
        ...[data.serial, data.refresh, data.retry, data.expire, data.minimum].map(String),
      ];
    case 'TLSA':
      return [`${data.usage}`, `${data.selector}`, `${data.matching}`, data.association];
  }
}

function quoted(text: string): string {
  const inside = text
    .replace(/["\\]/g, '\\$&')
    .replace(/[^ -~]/g, (char) => `\\${String(char.charCodeAt(0)).padStart(3, '0')}`);
  return `"${inside}"`;
}
