/**
 * Counts the places of a listener. A peer that is not trusted has at most a quarter of them, and
 * all such peers together leave a quarter free. So no peer can shut out the one that the listener
 * is there for.
 */

/** The places have run out: all of them, or those that one peer may hold. */
export type Fullness = {
  readonly of: 'all' | 'peer';
  readonly connections: number;
  /** The peer with the most connections, or the one that may have no more. */
  readonly peer: string;
  readonly ofPeer: number;
};

/** One peer may hold this part of all places, and the untrusted peers leave this part free. */
const peerPart = 4;
/** Below this part places count as free again, so that the state does not change all the time. */
const freeBelow = 0.9;

export class PeerPlaces {
  readonly #max: number;
  readonly #perPeer: number;
  readonly #untrustedMax: number;
  readonly #changed: (now: Fullness | undefined) => void;
  readonly #held = new Map<string, number>();
  #all = 0;
  #untrusted = 0;
  #full: Fullness | undefined;

  /** `changed` is called when places run out, and with undefined when some are free again. */
  constructor(max: number, changed: (now: Fullness | undefined) => void) {
    const part = Math.floor(max / peerPart);
    this.#max = max;
    this.#perPeer = Math.max(1, part);
    this.#untrustedMax = max - part;
    this.#changed = changed;
  }

  /** Takes a place. Answers with why it got none, or undefined. */
  take(peer: string, trusted: boolean): 'full' | 'many' | undefined {
    if (this.#all >= this.#max) return 'full';
    const held = this.#held.get(peer) ?? 0;
    if (!trusted && (held >= this.#perPeer || this.#untrusted >= this.#untrustedMax)) {
      if (this.#full === undefined) this.#runOut('peer', peer);
      return 'many';
    }
    this.#held.set(peer, held + 1);
    this.#all++;
    if (!trusted) this.#untrusted++;
    if (this.#all >= this.#max && this.#full?.of !== 'all') this.#runOut('all', this.#largest());
    return undefined;
  }

  /** Gives a place back. */
  free(peer: string, trusted: boolean): void {
    const held = (this.#held.get(peer) ?? 1) - 1;
    if (held > 0) this.#held.set(peer, held);
    else this.#held.delete(peer);
    this.#all--;
    if (!trusted) this.#untrusted--;
    if (this.#full === undefined || !this.#hasRoom(this.#full)) return;
    this.#full = undefined;
    this.#changed(undefined);
  }

  #largest(): string {
    let [most, largest] = [0, ''];
    for (const [peer, held] of this.#held) if (held > most) [most, largest] = [held, peer];
    return largest;
  }

  #runOut(of: Fullness['of'], peer: string): void {
    const ofPeer = this.#held.get(peer) ?? 0;
    this.#full = { of, connections: this.#all, peer, ofPeer };
    this.#changed(this.#full);
  }

  #hasRoom({ of, peer }: Fullness): boolean {
    if (of === 'all') return this.#all < this.#max * freeBelow;
    const held = this.#held.get(peer) ?? 0;
    return held < this.#perPeer * freeBelow && this.#untrusted < this.#untrustedMax * freeBelow;
  }
}
