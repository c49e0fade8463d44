/**
 * Keeps the octets of one message that comes in for the scanners, up to their limit, and asks the
 * scanners. Without room or scanner, the message is judged without its content.
 */
import { countedByFilter } from '../../../core/inbound/filter-rules.ts';
import { combine, type ScanWeights } from '../../../core/scan/combine.ts';
import { looksLikeSpam } from '../../../core/scan/likeness.ts';
import type { ScannerName, ScanReport } from '../../../core/scan/report.ts';
import type { MessageStart } from '../../../ports/message.ts';
import type { QueueAnswer, ScannerQueue } from '../../scan/scanner-queue.ts';

/** What the content filters say of a message. */
export type ContentFound = {
  /** How near to spam it is; from 1 on it is spam. */
  readonly likeness: number;
  readonly isSpam: boolean;
  /** What the strongest scanner counted of the sender (core/inbound/filter-rules.ts). */
  readonly counted: Readonly<Record<string, number>>;
};

/** Octets of all messages together that are read, or wait with their octets. */
const roomMax = 128 * 1024 * 1024;
/** Of these, of messages that wait. New mail always finds room, whatever strangers let wait. */
const keptMax = roomMax / 2;
const headerOctetsMax = 256 * 1024;
/** Scanners judge inbound mail by all of their rules. */
const allRules: ScanWeights = { isMasked: () => false, isEvidence: () => false };

export class ContentRoom {
  #held = 0;
  #kept = 0;

  keep(octets: number): boolean {
    if (this.#kept + octets > keptMax) return false;
    this.#kept += octets;
    return true;
  }

  unkeep(octets: number): void {
    this.#kept -= octets;
  }

  take(octets: number): boolean {
    if (this.#held + octets > roomMax) return false;
    this.#held += octets;
    return true;
  }

  free(octets: number): void {
    this.#held -= octets;
  }
}

export class MessageContent {
  readonly #room: ContentRoom;
  readonly #octetsMax: number;
  readonly #header: string[] = [];
  #body: Buffer[] = [];
  /** What scanners get, once the whole message was read. */
  #whole: Buffer | undefined;
  #headerOctets = 0;
  #bodyOctets = 0;
  #held = 0;
  #isKept = false;
  #lost = false;

  /** `octetsMax`: what scanners take; 0: nothing is kept. */
  constructor(room: ContentRoom, octetsMax: number) {
    this.#room = room;
    this.#octetsMax = octetsMax;
    this.#lost = octetsMax === 0;
  }

  header(name: string, value: string): void {
    const octets = name.length + value.length + 3;
    if (this.#headerOctets + octets > headerOctetsMax || !this.#take(octets)) return;
    this.#headerOctets += octets;
    this.#header.push(`${name}:${value.replace(/\r?\n/g, '\r\n')}\r\n`);
  }

  body(bytes: Buffer, start: number, end: number): void {
    const wanted = Math.min(end - start, this.#octetsMax - this.#bodyOctets);
    if (wanted <= 0 || !this.#take(wanted)) return;
    this.#body.push(Buffer.from(bytes.subarray(start, start + wanted)));
    this.#bodyOctets += wanted;
  }

  /** The whole message was read: puts it below a Received field of this server. */
  end(received: string): void {
    if (this.#lost) return;
    const head = Buffer.from(`${received}${this.#header.join('')}\r\n`, 'latin1');
    this.#whole = Buffer.concat([head, ...this.#body]);
    this.#header.length = 0;
    this.#body = [];
  }

  /** What scanners get, after `end`; undefined if it was not kept. */
  get octets(): Buffer | undefined {
    return this.#whole;
  }

  /** The message waits with its octets. False: there is no room for more that wait. */
  keep(): boolean {
    this.#isKept = this.#room.keep(this.#held);
    return this.#isKept;
  }

  free(): void {
    this.#room.free(this.#held);
    if (this.#isKept) this.#room.unkeep(this.#held);
    this.#isKept = false;
    this.#held = 0;
    this.#lost = true;
    this.#header.length = 0;
    this.#body = [];
    this.#whole = undefined;
  }

  #take(octets: number): boolean {
    if (this.#lost) return false;
    if (this.#room.take(octets)) {
      this.#held += octets;
      return true;
    }
    this.free();
    return false;
  }
}

/** As Postfix would write it: the milter protocol does not show Postfix's own field. */
export function receivedField(start: MessageStart, host: string, date: string): string {
  const { client, clientName, helo, queueId } = start;
  const name = clientName === '' ? 'unknown' : clientName;
  return (
    `Received: from ${printable(helo)} (${printable(name)} [${printable(client)}])\r\n` +
    `\tby ${host} (Postfix) with ESMTP id ${printable(queueId)};\r\n\t${date}\r\n`
  );
}

const printable = (text: string): string => text.replace(/[^!-~]/g, '?').slice(0, 255);

/** Undefined: the message was not kept, or no scanner gave points in time. */
export function scanContent(
  queues: readonly ScannerQueue[],
  octets: Buffer | undefined,
): Promise<ContentFound | undefined> {
  if (queues.length === 0 || octets === undefined) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const reports: ScanReport[] = [];
    const missing: ScannerName[] = [];
    let left = queues.length;
    for (const queue of queues) {
      const heard = (answer: QueueAnswer): void => {
        if (answer.kind === 'report') reports.push(answer.report);
        else missing.push(queue.name);
        left--;
        if (left === 0) resolve(found(reports, missing));
      };
      queue.ask(octets.subarray(0, queue.octetsMax), heard, 'stranger');
    }
  });
}

function found(
  reports: readonly ScanReport[],
  missing: readonly ScannerName[],
): ContentFound | undefined {
  if (reports.length === 0) return undefined;
  const heard = { reports, missing, tooBig: [], scans: reports.length, reused: 0, tookMs: 0 };
  const scan = combine(heard, allRules);
  if (scan.by === '' && scan.virus === '') return undefined;
  const isSpam = looksLikeSpam(scan) || scan.virus !== '';
  const { by, likeness, required, virus } = scan;
  const { rules = [] } = reports.find(({ scanner }) => scanner === by) ?? {};
  return {
    likeness: virus === '' ? likeness : Math.max(likeness, 2),
    isSpam,
    counted: countedByFilter(rules, required),
  };
}
