/**
 * Marks returned mail that comes in and cannot prove that this server sent the original. Proofs:
 * our signature in the header that was given back, a Message-ID of mail of its recipient, or an
 * address that its recipient has sent mail to.
 */
import type { Submission } from '../../core/event.ts';
import {
  type InboundKnowledge,
  ownMessageName,
  sentName,
} from '../../core/inbound/greylist/knowledge.ts';
import { ReturnDays } from '../../core/reflection/days.ts';
import {
  type ReturnedMail,
  type ReturnedSignature,
  type ReturnProof,
  returnedMail,
  returnField,
  returnFieldValue,
} from '../../core/reflection/returned.ts';
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import { faultText } from '../../lib/error-text.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { ReturnView } from '../../ports/admin.ts';
import type { HeaderEdit, MessageReader, MessageStart } from '../../ports/message.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';

export type ReturnsDeps = {
  readonly world: Pick<World, 'clock' | 'count' | 'log'>;
  readonly journal: Pick<Journal, 'add'> & { readonly live: Pick<Journal['live'], 'meta'> };
  /** Remembers our mail: Message-IDs, and who sent mail to which address. */
  readonly known: Pick<InboundKnowledge, 'find' | 'see'>;
  readonly keysOf: (domain: string) => readonly SigningKey[];
  /** Mail that Postern itself writes without a sender: the digests of the quarantine. */
  readonly isOurs: (messageId: string) => boolean;
  readonly setting: () => 'off' | 'mark' | 'refuse';
};

/** Octets of one message that are read: the report, and the header of the original. */
const octetsMax = 256 * 1024;
/** Octets of all messages that are read at the same time. */
const roomMax = 32 * 1024 * 1024;
/** Mail servers return mail for five days; some wait longer. */
const proofMs = 30 * dayMs;
const youngMs = 5 * dayMs;
const daysKey = 'reflection-days';
const sinceKey = 'reflection-since';
/** RFC 3461 section 6.1: a notice has one recipient. */
const sendersMax = 5;
/** Messages that are looked at now. */
const provenMax = 5_000;
/** Recipients of one message that are remembered. Lists are known by their Message-IDs. */
const sentMax = 50;
const ownField = returnField.toLowerCase();
/** Fields in our name that are taken out of one message. */
const forgedMax = 100;
const refusal =
  'Without proof, the original counts as not sent from here; see RFC 3834 and the SPF record of ' +
  'the domain';

export class Returns {
  readonly #deps: ReturnsDeps;
  readonly #days: ReturnDays;
  readonly #since: Millis;
  #room = roomMax;
  /** Queue id → whether the message has a proof. */
  readonly #proven = new RecentMap<string, Promise<boolean>>(provenMax);

  constructor(deps: ReturnsDeps) {
    this.#deps = deps;
    const { journal, world } = deps;
    this.#days = new ReturnDays(journal.live.meta(daysKey));
    const since = Number(journal.live.meta(sinceKey));
    this.#since = (since > 0 ? since : world.clock.now()) as Millis;
    if (!(since > 0)) journal.add({ kind: 'meta', key: sinceKey, value: String(this.#since) });
  }

  view(): ReturnView {
    return { days: this.#days.all(this.#deps.world.clock.now()), since: this.#since };
  }

  /**
   * Remembers a message that left: answers go to its author, and notices about a recipient to its
   * sender. Without a sender it is an automatic answer or a notice: nobody answers it.
   */
  sent(message: Pick<Submission, 'at' | 'headerFrom' | 'messageId' | 'outside' | 'sender'>): void {
    const { at, headerFrom = '', messageId = '', outside, sender = '' } = message;
    const { known, setting } = this.#deps;
    if (sender === '') return;
    for (const author of messageId === '' ? [] : new Set([sender, headerFrom || sender])) {
      known.see('message-id', ownMessageName(messageId, author), at);
    }
    if (setting() === 'off') return;
    for (const to of outside.slice(0, sentMax)) known.see('sent', sentName(sender, to), at);
  }

  /** Undefined: this message is not read. */
  open(start: MessageStart): MessageReader | undefined {
    if (start.by !== undefined || start.sender !== '' || this.#deps.setting() === 'off') {
      return undefined;
    }
    return new ReturnReader(this, start);
  }

  isOurs(messageId: string): boolean {
    return this.#deps.isOurs(messageId);
  }

  /** A mistake of ours; the message passes. */
  failed(id: string, fault: unknown): void {
    this.#deps.world.log('error', 'reflection.failed', { id, why: faultText(fault) });
  }

  take(octets: number): boolean {
    if (this.#room < octets) return false;
    this.#room -= octets;
    return true;
  }

  give(octets: number): void {
    this.#room += octets;
  }

  /**
   * Which proof a message has. `octets`: one a character. `to`: its recipients, who sent the
   * original. A notice goes to one of them; of a longer list only the first count.
   */
  async proofOf(
    octets: string,
    to: readonly string[],
  ): Promise<{ readonly proof: ReturnProof; readonly kind: ReturnedMail['kind'] }> {
    const mail = returnedMail(octets);
    const { kind } = mail;
    for (const one of mail.signatures)
      if (await this.#isOurs(one)) return { kind, proof: 'signature' };
    const senders = to.slice(0, sendersMax);
    const ids = mail.messageIds.map((id) => `<${id}>`);
    if (
      senders.some((one) => ids.some((id) => this.#isKnown('message-id', ownMessageName(id, one))))
    )
      return { kind, proof: 'message-id' };
    const isSent = senders.some((one) =>
      mail.recipients.some((recipient) => this.#isKnown('sent', sentName(one, recipient))),
    );
    return { kind, proof: isSent ? 'envelope' : 'unproven' };
  }

  /** Whether a message that was read has a proof; undefined if it was not read. */
  async isProven(queueId: string): Promise<boolean | undefined> {
    return await this.#proven.get(queueId);
  }

  /** What is done with a message. Counts it. */
  async judge(
    octets: string,
    { queueId, recipients }: MessageStart,
  ): Promise<{ readonly edit: HeaderEdit; readonly refused: string | undefined }> {
    const { journal, setting, world } = this.#deps;
    const now = world.clock.now();
    const found = this.proofOf(octets, recipients);
    const proven = found.then(
      ({ proof }) => proof !== 'unproven',
      () => false,
    );
    if (queueId !== '') this.#proven.set(queueId, proven);
    const { kind, proof } = await found;
    const isProven = proof !== 'unproven';
    const isYoung = now - this.#since < youngMs;
    const isRefusable = kind !== 'other' && !isYoung;
    world.count('postern_returned_mail_total', 1, proof);
    this.#days.add(now, { isProven, isRefusable });
    journal.add({ kind: 'meta', key: daysKey, value: this.#days.encoded() });
    const isRefused = !isProven && isRefusable && setting() === 'refuse';
    if (!isProven)
      world.log('info', 'reflection.unproven', { id: queueId, kind, refused: isRefused });
    return {
      edit: {
        kind: 'insert',
        index: 0,
        name: returnField,
        value: returnFieldValue(proof, isYoung),
      },
      refused: isRefused ? refusal : undefined,
    };
  }

  #isKnown(kind: 'message-id' | 'sent', name: string): boolean {
    const found = this.#deps.known.find(kind, name);
    return found !== undefined && this.#deps.world.clock.now() - found.lastAt < proofMs;
  }

  /** Signs the same data again: both algorithms give the same octets each time. */
  #isOurs({ algorithm, data, domain, selector, signature }: ReturnedSignature): Promise<boolean> {
    const key = this.#deps
      .keysOf(domain)
      .find((one) => one.selector === selector && one.algorithm === algorithm);
    if (key === undefined) return Promise.resolve(false);
    return new Promise((resolve) => {
      key.sign(data, (fault, made) => resolve(fault === undefined && made.equals(signature)));
    });
  }
}

/** Keeps the beginning of one message. */
class ReturnReader implements MessageReader {
  readonly #returns: Returns;
  readonly #start: MessageStart;
  readonly #pieces: Buffer[] = [];
  #octets = 0;
  #isBody = false;
  #isOurs = false;
  /** Fields that claim to be ours. */
  #forged = 0;

  constructor(returns: Returns, start: MessageStart) {
    this.#returns = returns;
    this.#start = start;
  }

  header(name: string, value: string): void {
    if (name.toLowerCase() === ownField) {
      this.#forged++;
      return;
    }
    if (name.toLowerCase() === 'message-id') this.#isOurs ||= this.#returns.isOurs(value.trim());
    this.#keep(Buffer.from(`${name}:${value}\n`, 'latin1'));
  }

  body(bytes: Buffer, start: number, end: number): void {
    if (!this.#isBody) this.#keep(Buffer.from('\n'));
    this.#isBody = true;
    const wanted = Math.min(end - start, octetsMax - this.#octets);
    if (wanted > 0) this.#keep(Buffer.from(bytes.subarray(start, start + wanted)));
  }

  finish(done: (edits: readonly HeaderEdit[], refused?: string) => void): void {
    const octets = Buffer.concat(this.#pieces).toString('latin1');
    this.drop();
    const count = Math.min(this.#forged, forgedMax);
    const removals = Array.from({ length: count }, (_, nth): HeaderEdit => {
      return { kind: 'remove', name: returnField, occurrence: nth + 1 };
    });
    if (this.#isOurs) {
      done(removals);
      return;
    }
    this.#returns.judge(octets, this.#start).then(
      ({ edit, refused }) => done([...removals, edit], refused),
      (fault: unknown) => {
        this.#returns.failed(this.#start.queueId, fault);
        done(removals);
      },
    );
  }

  drop(): void {
    this.#returns.give(this.#octets);
    this.#octets = 0;
    this.#pieces.length = 0;
  }

  #keep(piece: Buffer): void {
    if (this.#octets + piece.length > octetsMax || !this.#returns.take(piece.length)) return;
    this.#octets += piece.length;
    this.#pieces.push(piece);
  }
}
