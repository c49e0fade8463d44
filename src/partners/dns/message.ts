/**
 * DNS messages on the wire (RFC 1035 section 4, RFC 6891): a question as bytes, an answer as
 * records. Nothing that a server sends throws here. The question is written by ourselves, so that a
 * label may have any octet.
 */
import { type Answer, decode } from 'dns-packet';
import { ipv6Text } from '../../formats/dns/address-octets.ts';
import { labelsOf, lowerCase } from '../../formats/dns/name.ts';
import type { DnsQuestion } from '../../formats/dns/question.ts';
import type { DnsData, DnsRecord, DnsType } from '../../formats/dns/record.ts';

/**
 * What fits through nearly every path in one piece (DNS flag day 2020); longer answers come by TCP.
 */
const udpOctets = 1_232;
/**
 * The largest sets of TXT have about a hundred. With more, compression pointers that lead through
 * the whole message for each owner would cost a noticeable pause: 300 take the decoder about 40 ms
 * at worst.
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
  TLSA: 52,
};

export type DnsHeader = {
  readonly id: number;
  /** Recursion desired. Off when an authoritative server is asked for what it holds itself. */
  readonly recursion: boolean;
  /** EDNS0 is left out for servers that take it for a mistake. */
  readonly edns: boolean;
};

/** The question section: by it an answer is known again. */
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
  // AD in a question: tell me whether you validated (RFC 6840 section 5.7).
  header.writeUInt16BE((recursion ? 0x0100 : 0) | 0x0020, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(edns ? 1 : 0, 10);
  const options = [0, 0, 41, udpOctets >> 8, udpOctets & 255, 0, 0, 0, 0, 0, 0];
  return Buffer.concat([header, question, Buffer.from(edns ? options : [])]);
}

/** RFC 1035 section 4.1.1; anything else is a refusal to answer. */
export const rcodes = { noError: 0, formErr: 1, servFail: 2, nxDomain: 3, notImp: 4, refused: 5 };

export type DnsReply = {
  readonly rcode: number;
  readonly truncated: boolean;
  readonly authoritative: boolean;
  /** AD. */
  readonly validated: boolean;
  /** Undefined: they cannot be read. */
  readonly sections:
    | { readonly answers: readonly DnsRecord[]; readonly authorities: readonly DnsRecord[] }
    | undefined;
};

/**
 * What a server said to the question with this id; undefined: it is an answer to something else.
 */
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

/** The question must be ours, letter case aside; only who refuses may leave it out. */
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
    // Data that ends behind the message is cut short by the decoder, and not told.
    if (decode.bytes > bytes.length) return undefined;
    return { answers: answers.flatMap(recordOf), authorities: authorities.flatMap(recordOf) };
  } catch {
    return undefined;
  }
}

/** Records of the Internet class and of the types that mail needs; all others are left out. */
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

/** The decoder gives labels as UTF-8 with dots between; here a character is an octet. */
function nameFrom(text: string): string {
  return mailboxFrom(text.replaceAll('\\', '\\\\'));
}

/** Of a mailbox the decoder has put a backslash before each dot inside a label. */
function mailboxFrom(text: string): string {
  return text === '.' ? '' : lowerCase(Buffer.from(text, 'utf8').toString('latin1'));
}
