/** A mail queue and a login door in memory, for the flows that drive them: slow or broken when the test says so. */
import type { Account } from '../../src/core/event.ts';
import type { LoginDoor, Mta, QueuedMessage } from '../../src/ports.ts';

export class ScriptedQueue implements Mta {
  /** Queue by id. */
  readonly messages: Map<string, 'deferred' | 'hold'> = new Map();
  broken = false;
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

  async hold(ids: readonly string[]): Promise<readonly string[]> {
    await this.#called('hold');
    return this.#move(ids, () => true, 'hold');
  }

  async release(ids: readonly string[]): Promise<readonly string[]> {
    await this.#called('release');
    return this.#move(ids, (queue) => queue === 'hold', 'deferred');
  }

  async drop(ids: readonly string[]): Promise<readonly string[]> {
    await this.#called('drop');
    const dropped = ids.filter((id) => this.messages.get(id) === 'hold');
    for (const id of dropped) this.messages.delete(id);
    return dropped;
  }

  async onHold(ids: readonly string[]): Promise<ReadonlySet<string>> {
    await this.#called('on-hold');
    return new Set(ids.filter((id) => this.messages.get(id) === 'hold'));
  }

  async queue(limit: number): Promise<readonly QueuedMessage[]> {
    await this.#called('queue');
    return [...this.messages]
      .slice(0, limit)
      .map(([queueId, queue]) => ({ queueId, queue, sender: '', recipients: 1 }));
  }

  #move(
    ids: readonly string[],
    from: (queue: string) => boolean,
    to: 'deferred' | 'hold',
  ): readonly string[] {
    const moved = ids.filter(
      (id) => from(this.messages.get(id) ?? 'none') && this.messages.has(id),
    );
    for (const id of moved) this.messages.set(id, to);
    return moved;
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
    this.closed.delete(account);
  }
}
