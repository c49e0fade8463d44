/**
 * Shows a message that leaves to the scanners before it is judged. Their reports are evidence for
 * the guard. If a scanner gives none in time, `scan.when_down` decides (core/account/content.ts).
 */

import type { Submission } from '../../core/event.ts';
import { combine, type ScanWeights } from '../../core/scan/combine.ts';
import { looksLikeSpam } from '../../core/scan/likeness.ts';
import type { ScannerName, ScanReport } from '../../core/scan/report.ts';
import { type CopyKey, copyKeyOf } from '../../formats/scan/copy-key.ts';
import { sha256 } from '../../lib/hash.ts';
import type { MessageScan, MessageStart, ScanSource } from '../../ports/message.ts';
import type { World } from '../../ports/world.ts';
import { ScanReuse } from './scan-reuse.ts';
import type { QueueAnswer, ScannerQueue } from './scanner-queue.ts';

/** Changed in place by a reload. */
export type ScanSettings = {
  /** How long a report is reused for copies; 0: every message is scanned. */
  readonly reuseMs: number;
} & ScanWeights;

type ScanDeps = {
  readonly queues: readonly ScannerQueue[];
  readonly settings: ScanSettings;
  readonly world: World;
  readonly observe: (name: string, value: number) => void;
};

/** Octets of all messages together that are being read or wait. */
const heldOctetsMax = 256 * 1024 * 1024;
/**
 * Octets of header that scanners see: what Postfix allows for one field. Further fields are left
 * out, so that a thief with many fields cannot push the body out of what scanners see. Fields that
 * are needed to read the message have as much room again.
 */
const headerOctetsMax = 102_400;
const neededField = /^(?:content-.{1,40}|mime-version|subject|from|to|reply-to|date|message-id)$/i;

/** `heldMax`: octets of all messages together. */
export function openScans(deps: ScanDeps, heldMax: number = heldOctetsMax): ScanSource {
  const octetsMax = Math.max(...deps.queues.map((queue) => queue.octetsMax));
  const room = { held: 0, heldMax, reuse: new ScanReuse() };
  return {
    phase: 'before-judgement',
    open: (start: MessageStart) =>
      start.by === undefined ? undefined : new ScannedMessage(deps, room, octetsMax),
  };
}

type Room = { held: number; readonly heldMax: number; readonly reuse: ScanReuse };

class ScannedMessage implements MessageScan {
  readonly #deps: ScanDeps;
  readonly #room: Room;
  readonly #octetsMax: number;
  readonly #header: string[] = [];
  #headerOctets = 0;
  #body: Buffer[] = [];
  #bodyOctets = 0;
  /** Some of the body was not kept. */
  #cut = false;
  /** All scanners were down when the message began: nothing is kept for them. */
  readonly #idle: boolean;
  /** There was no room for the message: it is not scanned. */
  #lost = false;
  #held = 0;
  /** The scanners have its octets, even if nobody waits for them any more. */
  #asking = false;

  constructor(deps: ScanDeps, room: Room, octetsMax: number) {
    this.#deps = deps;
    this.#room = room;
    this.#octetsMax = octetsMax;
    this.#idle = deps.queues.every((queue) => queue.isDown);
  }

  header(name: string, value: string): void {
    if (this.#idle) return;
    const octets = name.length + value.length + 3;
    const most = neededField.test(name) ? 2 * headerOctetsMax : headerOctetsMax;
    if (this.#headerOctets + octets > most || !this.#hold(octets)) return;
    this.#headerOctets += octets;
    this.#header.push(name, value);
  }

  body(bytes: Buffer, start: number, end: number): boolean {
    if (this.#idle) return false;
    const wanted = Math.min(end - start, this.#octetsMax - this.#bodyOctets);
    if (wanted < end - start) this.#cut = true;
    if (wanted > 0 && this.#hold(wanted)) {
      this.#body.push(Buffer.from(bytes.subarray(start, start + wanted)));
      this.#bodyOctets += wanted;
    }
    return !this.#lost && this.#bodyOctets < this.#octetsMax;
  }

  finish(message: Submission, done: (message: Submission) => void): void {
    const { queues, settings, world } = this.#deps;
    if (this.#idle || this.#lost) {
      const missing = queues.map(({ name }) => name);
      const why = this.#idle ? 'down' : 'large';
      world.count('postern_scan_silences_total', missing.length, why);
      done(
        this.#seen(message, { reports: [], missing, tooBig: [], scans: 0, reused: 0, tookMs: 0 }),
      );
      return;
    }
    const whole = Buffer.concat([this.#head(), ...this.#body]);
    const keyOf = this.#keys(whole.subarray(whole.length - this.#bodyOctets));
    this.#body = [];
    this.#asking = true;
    const began = world.clock.now();
    const reports: ScanReport[] = [];
    const missing: ScannerName[] = [];
    const tooBig: ScannerName[] = [];
    let scans = 0;
    let reused = 0;
    let left = queues.length;
    for (const queue of queues) {
      const octets = whole.subarray(0, queue.octetsMax);
      const heard = (what: QueueAnswer, how: 'scanned' | 'reused'): void => {
        if (what.kind === 'report') reports.push(what.report);
        else {
          (what.why === 'too-big' ? tooBig : missing).push(queue.name);
          world.count('postern_scan_silences_total', 1, what.why);
        }
        if (what.kind === 'report' && how === 'reused') reused++;
        else if (what.kind === 'report') scans++;
        left--;
        if (left > 0) return;
        const tookMs = Math.max(0, world.clock.now() - began);
        done(this.#seen(message, { reports, missing, tooBig, scans, reused, tookMs }));
      };
      const scan = (then: (what: QueueAnswer) => void): void => queue.ask(octets, then);
      const forMs = settings.reuseMs;
      // A key takes milliseconds to compute, so only if it is used.
      if (forMs === 0) scan((what) => heard(what, 'scanned'));
      else this.#room.reuse.ask({ key: keyOf(queue), now: began, forMs, scan, done: heard });
    }
  }

  drop(): void {
    if (!this.#asking) this.#free();
  }

  #free(): void {
    this.#room.held -= this.#held;
    this.#held = 0;
    this.#body = [];
  }

  #seen(message: Submission, heard: Parameters<typeof combine>[0]): Submission {
    const { observe, settings, world } = this.#deps;
    const { count } = world;
    this.#free();
    const scan = combine(heard, settings);
    const what = heard.scans > 0 ? 'scanned' : heard.reused > 0 ? 'reused' : 'missing';
    count('postern_scan_messages_total', 1, what);
    if (looksLikeSpam(scan)) count('postern_scan_spam_total');
    if (scan.virus !== '') count('postern_scan_viruses_total');
    observe('postern_scan_seconds', heard.tookMs / 1_000);
    return { ...message, scan };
  }

  /** Computes the keys of copies: for viruses from the octets, else from the text. */
  #keys(body: Buffer): (queue: ScannerQueue) => CopyKey {
    let key: CopyKey | undefined;
    let digest: string | undefined;
    const octets = (): string => {
      digest ??= sha256(Buffer.concat([this.#fields(/^content-/i), sha256(body)])).toString('hex');
      return digest;
    };
    return ({ name }) => {
      if (name === 'clamav') return { text: `clamav ${octets()}`, servers: '' };
      key ??= copyKeyOf({ header: this.#header, body, cut: this.#cut }) ?? {
        text: `${octets()} ${this.#fields(/^subject$/i).toString('latin1')}`,
        servers: '',
      };
      return { ...key, text: `${name} ${key.text}` };
    };
  }

  /** The wanted fields as text: fields of content decide what the same octets mean. */
  #fields(wanted: RegExp): Buffer {
    const fields = this.#header.filter((_, at) => wanted.test(this.#header[at & ~1]?.trim() ?? ''));
    return Buffer.from(fields.join('\n'), 'latin1');
  }

  #head(): Buffer {
    const lines: string[] = [];
    for (let at = 0; at < this.#header.length; at += 2) {
      const value = (this.#header[at + 1] ?? '').replace(/\r?\n/g, '\r\n');
      lines.push(`${this.#header[at] ?? ''}:${value}\r\n`);
    }
    return Buffer.from(`${lines.join('')}\r\n`, 'latin1');
  }

  /** Takes room for octets. False if no room is left: then this message is not scanned. */
  #hold(octets: number): boolean {
    if (this.#lost) return false;
    if (this.#room.held + octets > this.#room.heldMax) {
      this.#lost = true;
      this.#free();
      return false;
    }
    this.#room.held += octets;
    this.#held += octets;
    return true;
  }
}
