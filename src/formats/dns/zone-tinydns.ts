/**
 * Prints a `data` file of tinydns (tinydns-data(8)). Octets with a special meaning are written in
 * octal: a colon is `\072`. Only line types that every tinydns knows are used; AAAA, DNAME and
 * TLSA use the generic line. The TXT line cuts a text into strings of 127 octets, which readers of
 * SPF, DKIM and DMARC join again.
 */
import { ipv6Octets } from './address-octets.ts';
import { labelsOf } from './name.ts';
import { type DnsRecord, textOfTxt } from './record.ts';

/** Prints the lines of a `data` file with these records in order. */
export function printTinydnsZone(records: readonly DnsRecord[]): string {
  return records.map((record) => `${line(record)}\n`).join('');
}

function line(record: DnsRecord): string {
  const owner = fqdn(record.name);
  const ttl = record.ttlSeconds;
  switch (record.type) {
    case 'A':
      return `+${owner}:${record.address}:${ttl}`;
    case 'AAAA':
      return `:${owner}:28:${octal(ipv6Octets(record.address) ?? [])}:${ttl}`;
    case 'CNAME':
      return `C${owner}:${fqdn(record.target)}:${ttl}`;
    case 'DNAME':
      return `:${owner}:39:${octal(nameOctets(record.target))}:${ttl}`;
    case 'PTR':
      return `^${owner}:${fqdn(record.target)}:${ttl}`;
    case 'NS':
      return `&${owner}::${withDot(record.target)}:${ttl}`;
    case 'MX':
      return `@${owner}::${withDot(record.exchange)}:${record.preference}:${ttl}`;
    case 'TXT': {
      const text = textOfTxt(record);
      // For an empty text, the TXT line would make a record without a string, which is not valid.
      return text === '' ? `:${owner}:16:\\000:${ttl}` : `'${owner}:${escaped(text)}:${ttl}`;
    }
    case 'SOA': {
      const { serial, refresh, retry, expire, minimum } = record;
      const numbers = [serial, refresh, retry, expire, minimum].join(':');
      return `Z${owner}:${fqdn(record.primary)}:${fqdn(record.mailbox)}:${numbers}:${ttl}`;
    }
    case 'TLSA': {
      const { usage, selector, matching, association } = record;
      const pairs = association.match(/../g) ?? [];
      const octets = [usage, selector, matching, ...pairs.map((pair) => Number.parseInt(pair, 16))];
      return `:${owner}:52:${octal(octets)}:${ttl}`;
    }
  }
}

/** A name as it is sent: each label with its length before it. */
function nameOctets(name: string): readonly number[] {
  const labels = labelsOf(name).map((label) => [
    label.length,
    ...[...label].map((char) => char.charCodeAt(0)),
  ]);
  return [...labels.flat(), 0];
}

function fqdn(name: string): string {
  return labelsOf(name)
    .map((label) => escaped(label).replaceAll('.', '\\056').replaceAll(' ', '\\040'))
    .join('.');
}

/**
 * Ensures a dot in the name, because tinydns-data appends `.ns.` or `.mx.` and the owner to a name
 * without one. The root is a dot.
 */
function withDot(name: string): string {
  const text = fqdn(name);
  return text.includes('.') ? text : `${text}.`;
}

function escaped(text: string): string {
  return text.replace(/[^ -~]|[:\\]/g, (char) => octal([char.charCodeAt(0)]));
}

function octal(octets: readonly number[]): string {
  return octets.map((octet) => `\\${octet.toString(8).padStart(3, '0')}`).join('');
}
