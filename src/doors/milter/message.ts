/**
 * Gathers one message from its envelope, headers and body, for the guard to judge. Keeps the
 * beginning of the body for a fingerprint and for links, and a few headers, never the whole mail.
 */

import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import { contentBytesMax } from '../../formats/content/read-content.ts';
import { addressKey } from '../../formats/message/address.ts';
import { Fingerprint, fingerprintBytesMax } from '../../formats/message/fingerprint.ts';
import { firstMailbox, readableSubject } from '../../formats/message/header.ts';
import { readableBody } from '../../formats/message/readable-body.ts';
import { parseQueueId } from '../../formats/postfix/queue-id.ts';
import { ClientField } from '../../formats/webmail/client-field.ts';
import { peerText } from '../../lib/peer-text.ts';
import type { Millis } from '../../lib/time.ts';
import type { Submitter } from '../../ports/message.ts';
import { type ClientManners, MessageTraits } from './message-traits.ts';
import type { RoomShare } from './session-room.ts';

/** Recipients of one message. Postfix's own limit is 1,000 (smtpd_recipient_limit). */
export const recipientsMax = 50_000;
/** Octets kept of a header's value: RFC 5322 allows 998 characters a line. */
const valueBytesMax = 2_048;
/** Octets kept of all From fields together. */
const fromBytesMax = 16_384;
/** Characters kept of a Message-ID; honest ones are shorter. */
const messageIdLengthMax = 256;
/** What a recipient needs besides its text: a place in a set, and the head of a string. */
const recipientOverheadBytes = 64;
const beyondLatin1 = /[^\0-\xff]/;

export class Message {
  /** MAIL FROM as the client typed it. */
  readonly typed: string;
  readonly sender: string;
  /** The size that the client announced (RFC 1870); 0 if it did not. */
  readonly #announcedBytes: number;
  readonly #room: RoomShare;
  readonly #bodyRoom: RoomShare;
  readonly #traits = new MessageTraits();
  readonly #outside = new Set<string>();
  readonly #local = new Set<string>();
  /** The first bytes of the body. Copies: a chunk is only lent. */
  readonly #head: Buffer[] = [];
  #headBytes = 0;
  #headBytesMax = contentBytesMax;
  #encoding = '';
  #from: string | undefined;
  readonly #fromFields: string[] = [];
  #fromRoom = fromBytesMax;
  #subject: string | undefined;
  #messageId: string | undefined;
  #sizeBytes = 0;
  /** The rest of the body was skipped. */
  #cut = false;
  readonly #clientField: ClientField | undefined;

  /** `clientField`: in which a webmail names the person's address. */
  constructor(
    typed: string,
    announcedBytes: number,
    rooms: { readonly recipients: RoomShare; readonly body: RoomShare },
    clientField: string,
  ) {
    this.typed = typed;
    this.#clientField = clientField === '' ? undefined : new ClientField(clientField);
    this.#room = rooms.recipients;
    this.#bodyRoom = rooms.body;
    this.sender = addressKey(typed);
    this.#announcedBytes = announcedBytes;
  }

  /** The number of distinct recipients so far. */
  get recipients(): number {
    return this.#outside.size + this.#local.size;
  }

  /** The keys of all recipients so far. */
  get recipientKeys(): readonly string[] {
    return [...this.#outside, ...this.#local];
  }

  /** Some recipient is on another server. */
  get leaves(): boolean {
    return this.#outside.size > 0;
  }

  /**
   * `key`: of the address (addressKey). `local`: this server delivers to the recipient. False:
   * there is no room for the recipient.
   */
  addRecipient(key: string, where: 'outside' | 'local'): boolean {
    const known = where === 'outside' ? this.#outside : this.#local;
    if (known.has(key)) return true;
    // V8 needs one byte for a character of Latin-1, and two for any other.
    const textBytes = beyondLatin1.test(key) ? key.length * 2 : key.length;
    if (!this.#room.take(textBytes + recipientOverheadBytes)) return false;
    known.add(key);
    return true;
  }

  /**
   * Takes one header. `bytes` has its name from `start` to `nameEnd` and its value from
   * `valueStart` to `end`, without the space in front.
   */
  addHeader(
    bytes: Buffer,
    start: number,
    nameEnd: number,
    { valueStart, end }: { readonly valueStart: number; readonly end: number },
  ): void {
    this.#sizeBytes += nameEnd - start + end - valueStart + 4;
    this.#clientField?.take(bytes, start, nameEnd, { valueStart, end });
    // The first field of a name counts, as it does for people who read the mail.
    const name = headerName(bytes, start, nameEnd);
    switch (name) {
      case 'from':
        this.#from ??= peerText(bytes, valueStart, Math.min(end, valueStart + valueBytesMax));
        this.#keepFrom(bytes, valueStart, end);
        return;
      case 'subject':
        this.#subject ??= peerText(bytes, valueStart, Math.min(end, valueStart + valueBytesMax));
        return;
      case 'content-transfer-encoding':
        this.#encoding = bytes.toString('latin1', valueStart, Math.min(end, valueStart + 40));
        return;
      case 'message-id':
        this.#messageId ??= peerText(bytes, valueStart, Math.min(end, valueStart + valueBytesMax));
        return;
      case 'content-disposition':
      case 'content-type':
      case 'date':
      case 'in-reply-to':
      case 'list-unsubscribe':
      case 'user-agent':
      case 'x-mailer':
        this.#traits.field(name, bytes, valueStart, end);
        return;
      default:
    }
  }

  #keepFrom(bytes: Buffer, start: number, end: number): void {
    if (this.#fromRoom <= 0) return;
    // A field counts for an octet more, so that empty ones have a limit too.
    this.#fromRoom -= end - start + 1;
    this.#fromFields.push(this.#fromRoom > 0 ? bytes.toString('latin1', start, end) : '');
  }

  /** Takes a piece of the body. Answers whether more of the body is of use, but for its size. */
  addBody(bytes: Buffer, start: number, end: number): boolean {
    this.#sizeBytes += end - start;
    const wanted = this.#roomFor(Math.min(end - start, this.#headBytesMax - this.#headBytes));
    if (wanted > 0) {
      this.#head.push(Buffer.from(bytes.subarray(start, start + wanted)));
      this.#headBytes += wanted;
    }
    return this.#headBytes < this.#headBytesMax;
  }

  /** What a fingerprint needs is always kept. More is kept while there is room. */
  #roomFor(wanted: number): number {
    const free = Math.max(0, fingerprintBytesMax - this.#headBytes);
    if (wanted <= free || this.#bodyRoom.take(wanted - free)) return wanted;
    this.#headBytesMax = fingerprintBytesMax;
    return free;
  }

  /** The rest of the body will not be sent. */
  cutBody(): void {
    this.#cut = true;
  }

  /** Answers with what the guard judges. */
  submission(of: {
    readonly account: Account;
    readonly by: Submitter['by'];
    readonly client: string;
    readonly clientPort: number;
    readonly server: Submission['server'];
    readonly service: string;
    readonly queueId: string;
    readonly at: Millis;
    readonly manners: ClientManners;
    readonly siteOf: (host: string) => string;
  }): Submission {
    const [first] = this.#head;
    const head = this.#head.length <= 1 ? first : Buffer.concat(this.#head);
    const fingerprint = head === undefined ? '' : fingerprintOf(head, this.#encoding);
    const headerFrom = this.#from === undefined ? '' : firstMailbox(this.#from);
    const subject = this.#subject === undefined ? '' : readableSubject(this.#subject);
    const messageId = this.#messageId === undefined ? '' : readableId(this.#messageId);
    const clientField = this.#clientField?.address ?? '';
    return {
      kind: 'send',
      id: parseQueueId(of.queueId) ?? '',
      at: of.at,
      account: of.account,
      outside: [...this.#outside],
      local: [...this.#local],
      sender: this.sender,
      sizeBytes: this.#cut ? Math.max(this.#sizeBytes, this.#announcedBytes) : this.#sizeBytes,
      ...(of.client === '' ? undefined : { client: of.client }),
      ...(of.clientPort === 0 ? undefined : { clientPort: of.clientPort }),
      ...(of.server === undefined ? undefined : { server: of.server }),
      ...(of.service === '' ? undefined : { service: of.service }),
      ...(clientField === '' ? undefined : { clientField }),
      ...(headerFrom === '' ? undefined : { headerFrom }),
      ...(of.by === 'login' ? undefined : { fromFields: this.#fromFields }),
      ...(subject === '' ? undefined : { subject }),
      ...(messageId === '' ? undefined : { messageId }),
      ...(fingerprint === '' ? undefined : { fingerprint }),
      traits: this.#traits.read({
        account: of.account,
        by: of.by,
        client: of.manners,
        encoding: this.#encoding,
        head,
        headerFrom,
        messageId,
        sender: this.sender,
        siteOf: of.siteOf,
      }),
    };
  }
}

function fingerprintOf(head: Buffer, encoding: string): string {
  const start = head.length > fingerprintBytesMax ? head.subarray(0, fingerprintBytesMax) : head;
  const fingerprint = new Fingerprint();
  fingerprint.update(readableBody(start, encoding));
  return fingerprint.digest();
}

function readableId(value: string): string {
  return value.replace(/[\s\p{C}]+/gu, '').slice(0, messageIdLengthMax);
}

/** The first characters of the names that are kept, by length. */
const firstChars: readonly string[] = Array.from({ length: 26 }, (_, length) => {
  const chars: Readonly<Record<number, string>> = {
    4: 'df', // Date, From
    7: 's', // Subject
    8: 'x', // X-Mailer
    10: 'mu', // Message-ID, User-Agent
    11: 'i', // In-Reply-To
    12: 'c', // Content-Type
    16: 'l', // List-Unsubscribe
    19: 'c', // Content-Disposition
    25: 'c', // Content-Transfer-Encoding
  };
  return chars[length] ?? '';
});

/** The name of a header that may be kept, else empty. Length and first character tell most. */
function headerName(bytes: Buffer, start: number, end: number): string {
  const chars = firstChars[end - start] ?? '';
  const first = (bytes[start] ?? 0) | 0x20;
  if (chars.charCodeAt(0) !== first && chars.charCodeAt(1) !== first) return '';
  return bytes.toString('latin1', start, end).toLowerCase();
}

/** SIZE= among the arguments of MAIL (RFC 1870); 0 if it is missing. */
export function announcedBytes(bytes: Buffer, start: number, end: number): number {
  if (start >= end) return 0;
  const found = /(?:^|\0)SIZE=(\d{1,15})(?:\0|$)/i.exec(bytes.toString('latin1', start, end));
  return found?.[1] === undefined ? 0 : Number(found[1]);
}
