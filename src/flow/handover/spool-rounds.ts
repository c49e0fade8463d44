/**
 * Rounds through the spool. A round through all users takes one message of each in turn, so that a
 * user who left thousands delays the others by one. When a user hands in a message, what that user
 * left earlier is taken first.
 */
import { SerialQueue } from '../../lib/serial.ts';
import { hourMs, type Millis } from '../../lib/time.ts';
import type { Identities, Spool } from '../../ports/handover.ts';
import type { Troubles } from '../../ports/troubles.ts';
import type { World } from '../../ports/world.ts';
import { spoolFullText } from './spool-full.ts';
import { type SpoolHandler, SpoolRound } from './spool-taken.ts';

export type SpoolRoundsDeps = {
  readonly spool: Spool;
  readonly identities: Pick<Identities, 'user'>;
  readonly troubles: Pick<Troubles, 'set'>;
  readonly world: Pick<World, 'clock' | 'count' | 'log'>;
};

/** Users whose messages are taken at the same time: writing one may take long. */
const takenAtOnce = 8;
/**
 * Users who are told one by one, in an hour; the others are one trouble together. An ordinary user
 * may have 65,536 further user ids (subuid(5)), and must neither use up the room for other troubles
 * nor cause a notice with each id.
 */
const namedMax = 10;

type UserRound = { readonly uid: number; readonly round: SpoolRound; trimmed: boolean };

export class SpoolRounds {
  readonly #deps: SpoolRoundsDeps;
  readonly #handler: SpoolHandler;
  /** One message at a time for each user. */
  readonly #turns: SerialQueue<number>;
  /** For each user, the round that has not begun. */
  readonly #nextRounds = new Map<number, Promise<void>>();
  /** Users who left too much, as the operator was told. */
  readonly #told = new Set<number>();
  #closed = false;
  /** Users who left too much as well; they are counted only. */
  readonly #others = new Set<number>();
  /** When each user was told one by one. */
  readonly #namedAt = new Map<number, Millis>();

  /** `roundsMax`: how much may run or wait. */
  constructor(deps: SpoolRoundsDeps, handler: SpoolHandler, roundsMax: number) {
    this.#deps = deps;
    this.#handler = handler;
    this.#turns = new SerialQueue(roundsMax);
  }

  /** Takes what all users have left. */
  async takeAll(): Promise<void> {
    const users = await this.#deps.spool.users().catch((cause: unknown) => {
      this.#deps.world.log('error', 'sendmail.spool-unread', { why: String(cause) });
      return [];
    });
    const here = new Set(users);
    for (const uid of [...this.#told, ...this.#others]) {
      if (!here.has(uid)) this.#tell(uid, undefined);
    }
    const rounds = users.map((uid) => ({ uid, round: this.#round(uid), trimmed: false }));
    const worker = async (): Promise<void> => {
      for (let of = rounds.shift(); of !== undefined && !this.#closed; of = rounds.shift()) {
        if (await this.#taken(of)) rounds.push(of);
      }
    };
    await Promise.all(Array.from({ length: takenAtOnce }, worker));
  }

  /**
   * Takes what this user has left by now. A round that has not begun yet will take it too: so two
   * rounds of a user wait at most, however many messages arrive meanwhile.
   */
  takeOf(uid: number): Promise<void> {
    const waiting = this.#nextRounds.get(uid);
    if (waiting !== undefined) return waiting;
    const files = this.#round(uid);
    const begins = (): void => void this.#nextRounds.delete(uid);
    const round = this.#turns.run(uid, async () => {
      begins();
      while (await files.next());
    });
    this.#nextRounds.set(uid, round);
    round.catch(begins); // refused: the queue is full
    return round;
  }

  /** Begins no more messages. Resolves when those under way are taken. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#turns.idle();
  }

  #round(uid: number): SpoolRound {
    const { spool } = this.#deps;
    const { log } = this.#deps.world;
    return new SpoolRound({ spool, handler: this.#handler, log, uid });
  }

  /** Takes one message of a user. False: there is no other to take now. */
  async #taken(of: UserRound): Promise<boolean> {
    const { uid, round } = of;
    try {
      if (!of.trimmed) await this.#trim(uid);
      of.trimmed = true;
      return await this.#turns.run(uid, () => round.next());
    } catch (cause) {
      this.#deps.world.log('error', 'sendmail.spool-unread', { uid, why: String(cause) });
      return false;
    }
  }

  /** Removes what a user has in the spool beyond the limits, and tells the operator. */
  async #trim(uid: number): Promise<void> {
    const { identities, spool } = this.#deps;
    const { count, log } = this.#deps.world;
    const found = await spool.trim(uid);
    if (found.removed > 0) {
      count('postern_sendmail_spool_removed_total', found.removed);
      log('warn', 'sendmail.spool-trimmed', { uid, removed: found.removed });
    }
    this.#tell(uid, spoolFullText(uid, identities.user(uid).name, found));
  }

  #tell(uid: number, why: string | undefined): void {
    const { troubles } = this.#deps;
    const part = `spool of user id ${uid}`;
    if (why === undefined) {
      this.#others.delete(uid);
      if (this.#told.delete(uid)) troubles.set(part, undefined);
    } else if (this.#told.has(uid) || this.#mayName(uid)) {
      this.#others.delete(uid);
      this.#told.add(uid);
      troubles.set(part, why);
    } else this.#others.add(uid);
    const count = this.#others.size;
    const more = `${count} more users have too much in the spool`;
    troubles.set('spool of more users', count === 0 ? undefined : more);
  }

  #mayName(uid: number): boolean {
    const now = this.#deps.world.clock.now();
    for (const [named, at] of this.#namedAt) {
      if (Math.abs(now - at) > hourMs && !this.#told.has(named)) this.#namedAt.delete(named);
    }
    if (!this.#namedAt.has(uid) && this.#namedAt.size >= namedMax) return false;
    this.#namedAt.set(uid, now);
    return true;
  }
}
