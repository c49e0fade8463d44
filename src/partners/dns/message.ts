/**
 * DNS messages on the wire (RFC 1035 section 4, RFC 6891): writes a question as bytes, reads an
 * answer as records. Nothing that a server sends makes this code throw. The question is written
 * here and not by a library, so that a label may have any octet.
 */
import { type Answer, decode } from 'dns-packet';
import { ipv6Text } from '../../formats/dns/address-octets.ts';
import { labelsOf, lowerCase } from '../../formats/dns/name.ts';
import type { DnsQuestion } from '../../formats/dns/question.ts';
import type { DnsData, DnsRecord, DnsType } from '../../formats/dns/record.ts';

/**
 * The size that passes nearly every network path unfragmented (DNS flag day 2020). Longer answers
 * come by TCP.
 */
const udpOctets = 1_232;
/**
 * The most records in an answer; the largest TXT sets have about 100. Compression pointers that
 * lead through the whole message make each record slow: 300 take the decoder about 40 ms at worst.
 */
const recordsMax = 300;
const headerOctets = 12;

const typeNumbers: Readonly<Record<DnsType, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  DNAME: 39,
  TLSA: 52,
};

export type DnsHeader = {
  readonly id: number;
  /** Recursion desired. Off when an authoritative server is asked for its own records. */
  readonly recursion: boolean;
  /** False for servers that reject EDNS0 as an error. */
  readonly edns: boolean;
};

/** The question section, which an answer must repeat. */
export function questionBytes({ name, type }: DnsQuestion): Buffer {
  const labels = labelsOf(name).flatMap((label) => [
    Buffer.from([label.length]),
    Buffer.from(label, 'latin1'),
  ]);
  return Buffer.concat([...labels, Buffer.from([0, 0, typeNumbers[type], 0, 1])]);
}

export function messageBytes(question: Buffer, { id, recursion, edns }: DnsHeader): Buffer {
  const header = Buffer.alloc(headerOctets);
  header.writeUInt16BE(id, 0);
  // AD in a question asks the server to say whether it validated the answer (RFC 6840 section 5.7).
  header.writeUInt16BE((recursion ? 0x0100 : 0) | 0x0020, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(edns ? 1 : 0, 10);
  const options = [0, 0, 41, udpOctets >> 8, udpOctets & 255, 0, 0, 0, 0, 0, 0];
  return Buffer.concat([header, question, Buffer.from(edns ? options : [])]);
}

/** Response codes of RFC 1035 section 4.1.1. Any other code counts as a failure. */
export const rcodes = { noError: 0, formErr: 1, servFail: 2, nxDomain: 3, notImp: 4, refused: 5 };

export type DnsReply = {
  readonly rcode: number;
  readonly truncated: boolean;
  readonly authoritative: boolean;
  /** The AD bit. */
  readonly validated: boolean;
  /** Undefined if they cannot be read. */
  readonly sections:
    | { readonly answers: readonly DnsRecord[]; readonly authorities: readonly DnsRecord[] }
    | undefined;
};

/** Reads the reply to the question with this id. Undefined if the bytes answer something else. */
export function readReply(bytes: Buffer, question: Buffer, id: number): DnsReply | undefined {
  if (bytes.length < headerOctets || bytes.readUInt16BE(0) !== id) return undefined;
  const flags = bytes.readUInt16BE(2);
  const isReply = (flags & 0x8000) !== 0 && (flags & 0x7800) === 0;
  if (!isReply || !repeats(bytes, question, flags & 15)) return undefined;
  const truncated = (flags & 0x0200) !== 0;
  return {
    rcode: flags & 15,
    truncated,
    authoritative: (flags & 0x0400) !== 0,
    validated: (flags & 0x0020) !== 0,
    sections: truncated ? undefined : readSections(bytes),
  };
}

/**
 * Whether the reply repeats the question, ignoring case. Only a refusal may leave the question out.
 */
function repeats(bytes: Buffer, question: Buffer, rcode: number): boolean {
  const questions = bytes.readUInt16BE(4);
  if (questions === 0) return rcode !== rcodes.noError && rcode !== rcodes.nxDomain;
  const theirs = bytes.toString('latin1', headerOctets, headerOctets + question.length);
  return questions === 1 && lowerCase(theirs) === lowerCase(question.toString('latin1'));
}

function readSections(bytes: Buffer): DnsReply['sections'] {
  const count = bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10);
  if (count > recordsMax) return undefined;
  try {
    const { answers = [], authorities = [] } = decode(bytes);
    // The decoder silently cuts data that extends past the end of the message.
    if (decode.bytes > bytes.length) return undefined;
    return { answers: answers.flatMap(recordOf), authorities: authorities.flatMap(recordOf) };
  } catch {
    return undefined;
  }
}

/** Keeps records of the Internet class and of the types that mail needs; leaves out all others. */
function recordOf(answer: Answer): readonly DnsRecord[] {
  if (answer.type === 'OPT' || (answer.class ?? 'IN') !== 'IN') return [];
  const data = dataOf(answer);
  // A TTL with the first bit set counts as none (RFC 2181 section 8).
  const ttl = answer.ttl ?? 0;
  const ttlSeconds = ttl > 0x7fff_ffff ? 0 : ttl;
  return data === undefined ? [] : [{ ...data, name: nameFrom(answer.name), ttlSeconds }];
}

function dataOf(answer: Answer): DnsData | undefined {
  switch (answer.type) {
    case 'A':
      return { type: answer.type, address: answer.data };
    case 'AAAA': {
      const address = ipv6Text(answer.data);
      return address === undefined ? undefined : { type: answer.type, address };
    }
    case 'CNAME':
    case 'DNAME':
    case 'NS':
    case 'PTR':
      return { type: answer.type, target: nameFrom(answer.data) };
    case 'MX': {
      const { preference = 0, exchange } = answer.data;
      return { type: answer.type, preference, exchange: nameFrom(exchange) };
    }
    case 'TXT': {
      const parts = Array.isArray(answer.data) ? answer.data : [answer.data];
      const strings = parts.map((part) => Buffer.from(part).toString('latin1'));
      return { type: answer.type, strings: strings.length === 0 ? [''] : strings };
    }
    case 'SOA': {
      const { mname, rname, ...numbers } = answer.data;
      const { serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0 } = numbers;
      const names = { primary: nameFrom(mname), mailbox: mailboxFrom(rname) };
      return { type: answer.type, ...names, serial, refresh, retry, expire, minimum };
    }
    case 'TLSA': {
      const { usage, selector, matchingType, certificate } = answer.data;
      const association = certificate.toString('hex');
      return { type: answer.type, usage, selector, matching: matchingType, association };
    }
    default:
      return undefined;
  }
}

/**
 * Converts a name from the decoder, which decodes labels as UTF-8. Here one character is one octet.
 */
function nameFrom(text: string): string {
  return mailboxFrom(text.replaceAll('\\', '\\\\'));
}

/**
 * Converts a mailbox name, in which the decoder already wrote a backslash before each dot inside a
 * label.
 */
function mailboxFrom(text: string): string {
  return text === '.' ? '' : lowerCase(Buffer.from(text, 'utf8').toString('latin1'));
}
