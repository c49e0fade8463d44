/**
 * Decodes the data of a record as it is sent (RFC 1035 section 3.3). Zone files have it in octal
 * (tinydns) or in hexadecimal (RFC 3597). An octet is a character (Latin-1).
 */
import { fault, ok, type Result } from '../../lib/result.ts';
import { addressOf } from './address-octets.ts';
import { askable, nameOf } from './name.ts';
import type { DnsData, DnsType } from './record.ts';

const typeNumbers: readonly (readonly [number: number, type: DnsType])[] = [
  [1, 'A'],
  [2, 'NS'],
  [5, 'CNAME'],
  [6, 'SOA'],
  [12, 'PTR'],
  [15, 'MX'],
  [16, 'TXT'],
  [28, 'AAAA'],
  [39, 'DNAME'],
  [52, 'TLSA'],
];

/** The type with a number; undefined for a type that mail does not need. */
export function typeOfNumber(number: number): DnsType | undefined {
  return typeNumbers.find(([one]) => one === number)?.[1];
}

/** The data of a record of this type, or what is wrong. */
export function dataOfWire(type: DnsType, wire: string): Result<DnsData, string> {
  const octets = Array.from(wire, (char) => char.charCodeAt(0));
  const data = decoded(type, wire, octets);
  return data === undefined
    ? fault(`the data of type ${type} are cut short or not valid`)
    : ok(data);
}

function decoded(type: DnsType, wire: string, octets: readonly number[]): DnsData | undefined {
  switch (type) {
    case 'A':
    case 'AAAA': {
      const address = octets.length === (type === 'A' ? 4 : 16) ? addressOf(octets) : undefined;
      return address === undefined ? undefined : { type, address };
    }
    case 'NS':
    case 'CNAME':
    case 'DNAME':
    case 'PTR': {
      const target = nameAt(wire, 0);
      return target?.end === wire.length ? { type, target: target.name } : undefined;
    }
    case 'MX': {
      const exchange = nameAt(wire, 2);
      if (exchange?.end !== wire.length) return undefined;
      return { type, preference: numberAt(octets, 0, 2), exchange: exchange.name };
    }
    case 'TXT': {
      const strings = stringsIn(wire);
      return strings === undefined ? undefined : { type, strings };
    }
    case 'TLSA': {
      const [usage, selector, matching, ...rest] = octets;
      if (usage === undefined || selector === undefined || matching === undefined) return undefined;
      const association = rest.map((octet) => octet.toString(16).padStart(2, '0')).join('');
      return { type, usage, selector, matching, association };
    }
    case 'SOA':
      return soa(wire, octets);
    default:
      return undefined;
  }
}

function soa(wire: string, octets: readonly number[]): DnsData | undefined {
  const primary = nameAt(wire, 0);
  const mailbox = primary === undefined ? undefined : nameAt(wire, primary.end);
  if (primary === undefined || mailbox === undefined || mailbox.end + 20 !== wire.length) {
    return undefined;
  }
  const number = (nth: number): number => numberAt(octets, mailbox.end + 4 * nth, 4);
  const [serial, refresh, retry] = [number(0), number(1), number(2)];
  const names = { primary: primary.name, mailbox: mailbox.name };
  return { type: 'SOA', ...names, serial, refresh, retry, expire: number(3), minimum: number(4) };
}

function numberAt(octets: readonly number[], from: number, length: number): number {
  return octets.slice(from, from + length).reduce((sum, octet) => sum * 256 + octet, 0);
}

/** A name without compression, and where it ends; undefined if it is cut short or not valid. */
function nameAt(
  wire: string,
  from: number,
): { readonly name: string; readonly end: number } | undefined {
  const labels: string[] = [];
  for (let at = from; at < wire.length; ) {
    const length = wire.charCodeAt(at);
    if (length === 0) {
      const name = nameOf(labels);
      return askable(name) ? { name, end: at + 1 } : undefined;
    }
    const end = at + 1 + length;
    if (length > 63 || end > wire.length) return undefined;
    labels.push(wire.slice(at + 1, end));
    at = end;
  }
  return undefined;
}

/** Strings with a length before each; undefined if one is cut short or there is no string. */
function stringsIn(wire: string): readonly string[] | undefined {
  const strings: string[] = [];
  for (let at = 0; at < wire.length; ) {
    const end = at + 1 + wire.charCodeAt(at);
    if (end > wire.length) return undefined;
    strings.push(wire.slice(at + 1, end));
    at = end;
  }
  return strings.length === 0 ? undefined : strings;
}
