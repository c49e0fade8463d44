/** The listeners of one door, by address: opens those that are wanted, retires the others. */
import type { Listener } from '../../lib/listener.ts';

export type Listeners = {
  /**
   * Opens the wanted addresses that are not open, and stops accepting at those that are not wanted.
   * Answers with the errors of addresses that could not be opened.
   */
  follow(wanted: readonly string[]): Promise<ReadonlyMap<string, unknown>>;
  /** The open addresses, in the order in which they were wanted. */
  addresses(): readonly string[];
  connections(): number;
  /** Stops accepting, lets requests under way finish, ends. */
  close(): Promise<void>;
};

export function openListeners(deps: {
  readonly open: (address: string) => Promise<Listener>;
  /** False if the file of a Unix socket is gone, so that nobody can connect any more. */
  readonly isThere: (address: string) => boolean;
}): Listeners {
  let current = new Map<string, Listener>();
  /** They accept no more; their sessions go on. */
  const retired = new Set<Listener>();
  const retire = (listener: Listener): void => {
    listener.retire();
    retired.add(listener);
  };
  return {
    async follow(wanted) {
      for (const [address, listener] of current) {
        if (wanted.includes(address) && deps.isThere(listener.address)) continue;
        current.delete(address);
        // Before a new one opens: the end of a socket removes the file at its path.
        retire(listener);
      }
      const next = new Map<string, Listener>();
      const faults = new Map<string, unknown>();
      for (const address of wanted) {
        try {
          next.set(address, current.get(address) ?? (await deps.open(address)));
        } catch (cause) {
          faults.set(address, cause);
        }
      }
      for (const listener of retired) {
        if (listener.connections > 0) continue;
        retired.delete(listener);
        await listener.close();
      }
      current = next;
      return faults;
    },
    addresses: () => [...current.values()].map(({ address }) => address),
    connections: () =>
      [...current.values(), ...retired].reduce((sum, one) => sum + one.connections, 0),
    async close() {
      await Promise.all([...current.values(), ...retired].map((one) => one.close()));
    },
  };
}
