/**
 * The types of DNS records, used for zone files, answers from the network, and planned records (RFC
 * 1035 section 3, RFC 3596, RFC 6698).
 */

/** The types that mail needs. */
export const dnsTypes = [
  'A',
  'AAAA',
  'CNAME',
  /** An alias of all names below a name (RFC 6672). */
  'DNAME',
  'MX',
  'NS',
  'PTR',
  'SOA',
  'TXT',
  'TLSA',
] as const;
export type DnsType = (typeof dnsTypes)[number];

/**
 * The data of a record, without its name. Domain names are in lower case, in A-labels, without the
 * final dot; the root is the empty text. Addresses are in their shortest form
 * (postfix/client-address.ts).
 */
export type DnsData =
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly type: 'CNAME' | 'DNAME' | 'NS' | 'PTR'; readonly target: string }
  | { readonly type: 'MX'; readonly preference: number; readonly exchange: string }
  /** Each character is one octet (Latin-1), at most 255 in a string. */
  | { readonly type: 'TXT'; readonly strings: readonly string[] }
  | {
      readonly type: 'SOA';
      readonly primary: string;
      readonly mailbox: string;
      readonly serial: number;
      readonly refresh: number;
      readonly retry: number;
      readonly expire: number;
      readonly minimum: number;
    }
  | {
      readonly type: 'TLSA';
      readonly usage: number;
      readonly selector: number;
      readonly matching: number;
      /** Hexadecimal, in lower case. */
      readonly association: string;
    };

export type DnsRecord = DnsData & {
  readonly name: string;
  readonly ttlSeconds: number;
};

/**
 * The text of a TXT record: its strings joined without separators (RFC 7208 section 3.3, RFC 6376
 * section 3.6.2.2).
 */
export function textOfTxt(record: { readonly strings: readonly string[] }): string {
  return record.strings.join('');
}

const stringOctetsMax = 255;

/** Cuts a text (one octet a character) into strings that fit into a TXT record. */
export function txtStrings(text: string): readonly string[] {
  const strings: string[] = [];
  for (let at = 0; at < text.length; at += stringOctetsMax) {
    strings.push(text.slice(at, at + stringOctetsMax));
  }
  return strings.length === 0 ? [''] : strings;
}

/** The data of a record as people write it. */
export function dataText(one: DnsData): string {
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

export const sameData = (one: DnsData, other: DnsData): boolean =>
  one.type === other.type && dataText(one) === dataText(other);

/** Whether both lists have the same data, in any order. */
export function sameRecords(some: readonly DnsData[], others: readonly DnsData[]): boolean {
  return (
    some.length === others.length &&
    some.every((one) => others.some((other) => sameData(one, other)))
  );
}
