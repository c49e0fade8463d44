/**
 * Memory that all milter sessions share. One session may hold megabytes, and a door has 2,000
 * sessions; so there is a common limit besides the limit of each. Peers that are not trusted, and
 * sessions of strangers on port 25, get at most half of the memory together: they cannot use up
 * what users of the mail server need.
 */
import type { Troubles } from '../../ports/troubles.ts';

/** Recipients of messages under way: about 600,000, far more than mail servers have at a time. */
const recipientsBytesMax = 64 * 1024 * 1024;
/** Header fields for the readers, and packets that have not come whole: usually some megabytes. */
const contentBytesMax = 256 * 1024 * 1024;
/** What the untrusted peers together may use. */
const untrustedPart = 0.5;
/** Below this part there is room again, so that the state does not change all the time. */
const freeBelow = 0.9;

/** For the milter doors of one daemon, which share it. */
export type SessionRooms = { readonly recipients: Room; readonly content: Room };

export function openSessionRooms(troubles?: Pick<Troubles, 'set'>): SessionRooms {
  const room = (name: string, bytesMax: number): Room =>
    new Room(bytesMax, (isFull) => {
      const why = `${name} of all milter sessions together use ${bytesMax / 1024 / 1024} MB`;
      troubles?.set(`milter ${name}`, isFull ? why : undefined);
    });
  return {
    recipients: room('recipients', recipientsBytesMax),
    content: room('headers and packets', contentBytesMax),
  };
}

export class Room {
  readonly #bytesMax: number;
  readonly #changed: (isFull: boolean) => void;
  #used = 0;
  #untrusted = 0;
  #full = false;

  constructor(bytesMax: number, changed: (isFull: boolean) => void) {
    this.#bytesMax = bytesMax;
    this.#changed = changed;
  }

  get usedBytes(): number {
    return this.#used;
  }

  /** Takes room. False: there is not enough left, and nothing was taken. */
  take(bytes: number, trusted: boolean): boolean {
    const untrusted = trusted ? 0 : this.#untrusted + bytes;
    if (this.#used + bytes > this.#bytesMax || untrusted > this.#bytesMax * untrustedPart) {
      if (!this.#full) this.#changed(true);
      this.#full = true;
      return false;
    }
    this.#used += bytes;
    if (!trusted) this.#untrusted += bytes;
    return true;
  }

  /** Gives room back. */
  free(bytes: number, trusted: boolean): void {
    this.#used -= bytes;
    if (!trusted) this.#untrusted -= bytes;
    const untrustedMax = this.#bytesMax * untrustedPart;
    if (!this.#full || this.#used >= this.#bytesMax * freeBelow) return;
    if (this.#untrusted >= untrustedMax * freeBelow) return;
    this.#full = false;
    this.#changed(false);
  }
}

/** The part of a room that one message or one session holds. */
export class RoomShare {
  readonly #room: Room;
  readonly #trusted: boolean;
  #bytes = 0;

  constructor(room: Room, trusted: boolean) {
    this.#room = room;
    this.#trusted = trusted;
  }

  /** Takes more. False: there is not enough left, and nothing was taken. */
  take(bytes: number): boolean {
    if (!this.#room.take(bytes, this.#trusted)) return false;
    this.#bytes += bytes;
    return true;
  }

  /** Makes the share this large. False: there is not enough left, and it stays as it was. */
  resize(bytes: number): boolean {
    if (bytes > this.#bytes) return this.take(bytes - this.#bytes);
    if (bytes < this.#bytes) {
      this.#room.free(this.#bytes - bytes, this.#trusted);
      this.#bytes = bytes;
    }
    return true;
  }

  free(): void {
    this.resize(0);
  }
}
