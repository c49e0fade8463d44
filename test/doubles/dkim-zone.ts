/**
 * A small world for tests of the rotation: one domain on several name servers, of which each takes
 * a change when it likes or does not answer; mail signed with whatever may sign, and kept in
 * queues. Each message is looked at for as long as it is in one.
 */

import { type DkimKey, keyName, type Sighting } from '../../src/core/signing/key.ts';
import {
  type RotationPolicy,
  type RotationStep,
  step,
  toAsk,
} from '../../src/core/signing/rotation.ts';
import type { Millis } from '../../src/lib/time.ts';

export type Record = 'key' | 'revoked' | undefined;
type Message = { readonly name: string; readonly untilMs: number };
export type Stepper = typeof step;

export class ScriptedZone {
  keys: readonly DkimKey[] = [];
  now: Millis;
  /** What really has passed: the clock may be set back, the mail does not grow younger by that. */
  trueMs = 0;
  readonly wanted: Map<string, Record> = new Map();
  readonly servers: readonly Map<string, Record>[] = [new Map(), new Map(), new Map()];
  readonly silent: Set<number> = new Set();
  readonly faults: string[] = [];
  signed = 0;
  looked = 0;
  /** Names that every server has shown at one time, as the world saw it. */
  readonly shown: Set<string> = new Set();
  #queue: Message[] = [];
  /** Keys whose records somebody broke by hand: their mail is not the rotation's fault. */
  readonly broken: Set<string> = new Set();

  constructor(now: Millis) {
    this.now = now;
  }

  /** One server brings itself up to date. */
  transfer(server: number): void {
    const zone = this.servers[server];
    if (zone === undefined) return;
    zone.clear();
    for (const [name, record] of this.wanted) zone.set(name, record);
    this.#note();
  }

  sighting(key: DkimKey): Sighting {
    if (this.silent.size > 0) return { kind: 'unknown', cachedMs: 0, text: 'silent' };
    const shown = this.servers.map((zone) => zone.get(keyName(key)));
    const kinds = new Set(shown);
    const kind =
      kinds.size === 1
        ? kinds.has('key')
          ? 'everywhere'
          : kinds.has('revoked')
            ? 'revoked'
            : 'nowhere'
        : kinds.has('key')
          ? 'partly'
          : 'other';
    return { kind, cachedMs: 0, text: '' };
  }

  /** A step of the rotation, with what it asks for done; answers with what it did. */
  step(policy: RotationPolicy, stepper: Stepper = step): RotationStep {
    const asked = toAsk(this.keys, this.now);
    const sightings = new Map(asked.map((key) => [keyName(key), this.sighting(key)]));
    const held = this.#queue.length === 0 ? undefined : policy.heldSince;
    const done = stepper(this.keys, sightings, this.now, { ...policy, heldSince: held });
    this.keys = done.keys;
    for (const action of done.actions) {
      if (action.kind === 'publish') this.wanted.set(keyName(action.key), 'key');
      else if (action.kind === 'revoke') this.wanted.set(keyName(action.key), 'revoked');
      else if (action.kind === 'remove') this.wanted.delete(keyName(action.key));
    }
    return done;
  }

  /** Mail is signed with all that may sign. */
  mail(livesMs: number): void {
    for (const key of this.keys) {
      if (key.state !== 'signing') continue;
      const name = keyName(key);
      this.signed += 1;
      if (!this.shown.has(name)) this.faults.push(`signed with ${name}, which DNS never showed`);
      this.#queue.push({ name, untilMs: this.trueMs + livesMs });
    }
  }

  pass(ms: number): void {
    this.trueMs += ms;
    this.now = (this.now + ms) as Millis;
    this.#queue = this.#queue.filter(({ untilMs }) => untilMs > this.trueMs);
  }

  /** Every message that waits must be believed by whoever asks any server. */
  lookAtMail(): void {
    for (const { name } of this.#queue) {
      this.looked += 1;
      if (this.broken.has(name)) continue;
      if (this.servers.some((zone) => zone.get(name) !== 'key')) {
        this.faults.push(`mail signed with ${name} is in a queue, and its record is away`);
      }
    }
  }

  #note(): void {
    for (const name of this.wanted.keys()) {
      if (this.servers.every((zone) => zone.get(name) === 'key')) this.shown.add(name);
    }
  }
}
