/**
 * A mail queue, a login door and channels for notices in memory, for the flows that drive them:
 * slow or broken when the test says so.
 */
import type { Account } from '../../src/core/account-name.ts';
import { OperatorError, sysexits } from '../../src/lib/operator-error.ts';
import type { Millis } from '../../src/lib/time.ts';
import type {
  HeldMessages,
  LoginDoor,
  MovedMessages,
  Mta,
  NoticeChannel,
  QueuedMessage,
} from '../../src/ports/mail-server.ts';

export class ScriptedQueue implements Mta {
  /** Queue by id. */
  readonly messages: Map<string, 'deferred' | 'hold'> = new Map();
  /** Their delivery is under way, and ends although they are put on hold. */
  readonly beingSent: Set<string> = new Set();
  /** Bytes by id; 0 for others. */
  readonly sizes: Map<string, number> = new Map();
  broken = false;
  /** Postfix does not run: its tools move messages, and cannot list them. */
  unlisted = false;
  /** Messages that a call gets done before it fails. */
  breaksAfter: number = Number.POSITIVE_INFINITY;
  /** While set, calls wait for it. */
  gate: Promise<void> | undefined;
  readonly #order: string[];

  constructor(order: string[]) {
    this.#order = order;
  }

  arrive(id: string, held: boolean): void {
    this.messages.set(id, held ? 'hold' : 'deferred');
  }

  /** Delivered, bounced, or taken away by hand. */
  leave(id: string): void {
    this.messages.delete(id);
  }

  inQueue(queue: 'deferred' | 'hold'): readonly string[] {
    return [...this.messages].filter(([, where]) => where === queue).map(([id]) => id);
  }

  async hold(...[messages, before]: Parameters<Mta['hold']>): Promise<HeldMessages> {
    const ids = messages.map(({ queueId }) => queueId);
    const already = new Set(ids.filter((id) => this.messages.get(id) === 'hold'));
    const found = ids.filter((id) => this.messages.get(id) === 'deferred');
    if (found.length > 0) await before(found);
    const moved = await this.#moved('hold', found, (id) => this.messages.set(id, 'hold'));
    return { ...moved, already };
  }

  release(ids: readonly string[]): Promise<MovedMessages> {
    const held = (id: string): boolean => this.messages.get(id) === 'hold';
    return this.#moved('release', ids, (id) => held(id) && this.messages.set(id, 'deferred'));
  }

  drop(ids: readonly string[]): Promise<MovedMessages> {
    const held = (id: string): boolean => this.messages.get(id) === 'hold';
    return this.#moved('drop', ids, (id) => held(id) && this.messages.delete(id));
  }

  async onHold(ids: readonly string[]): ReturnType<Mta['onHold']> {
    await this.#called('on-hold');
    if (this.unlisted) throw new Error('Postfix is not running');
    const held = ids.filter((id) => this.messages.get(id) === 'hold');
    return new Map(held.map((id) => [id, { bytes: this.sizes.get(id) ?? 0, instance: '' }]));
  }

  serves(): boolean {
    return true;
  }

  async spent(ids: readonly string[]): Promise<ReadonlySet<string>> {
    await this.#called('spent');
    return new Set(ids.filter((id) => this.messages.get(id) === 'hold' && this.beingSent.has(id)));
  }

  async queue(limit: number): Promise<readonly QueuedMessage[]> {
    await this.#called('queue');
    return [...this.messages].slice(0, limit).map(([queueId, queue]) => ({
      queueId,
      queue,
      arrivedAt: 0 as Millis,
      sender: '',
      recipients: 1,
      to: '',
      bytes: this.sizes.get(queueId) ?? 0,
    }));
  }

  async #moved(
    what: string,
    ids: readonly string[],
    move: (id: string) => unknown,
  ): Promise<MovedMessages> {
    const done = new Set<string>();
    try {
      await this.#called(what);
      for (const id of ids) {
        if (done.size >= this.breaksAfter) throw new Error('postsuper: no more');
        if (this.messages.has(id) && move(id)) done.add(id);
      }
      return { done, fault: undefined };
    } catch (error) {
      return { done, fault: error as Error };
    }
  }

  async #called(what: string): Promise<void> {
    this.#order.push(`queue ${what}`);
    await this.gate;
    if (this.broken) throw new Error('postsuper: no');
  }
}

export class ScriptedLogins implements LoginDoor {
  readonly closed: Set<Account> = new Set();
  broken = false;
  readonly #order: string[];

  constructor(order: string[]) {
    this.#order = order;
  }

  async close(account: Account): Promise<void> {
    this.#order.push(`login close ${account}`);
    if (this.broken) throw new Error('the deny file cannot be written');
    this.closed.add(account);
  }

  async open(account: Account): Promise<void> {
    this.#order.push(`login open ${account}`);
    if (this.broken) throw new Error('the deny file cannot be written');
    this.closed.delete(account);
  }

  async closedNames(): Promise<ReadonlySet<string>> {
    return this.closed;
  }
}

/** A channel for notices that does as it is told. */
export function scriptedChannel(
  name: NoticeChannel['name'],
  rig: {
    readonly order: string[];
    readonly taken: unknown[];
    readonly blocked: ReadonlySet<string>;
    readonly noMailbox: ReadonlySet<string>;
    readonly wait: ReadonlyMap<string, Promise<void>>;
  },
): NoticeChannel {
  return {
    name,
    async send(notice) {
      rig.order.push(`${name} ${notice.event}`);
      await rig.wait.get(name);
      if (rig.blocked.has(name)) throw new Error(`${name} is blocked`);
      if (rig.noMailbox.has(name)) {
        throw new OperatorError('notice-owner', 'no such mailbox', { exit: sysexits.noUser });
      }
      rig.taken.push({ channel: name, notice });
    },
  };
}
