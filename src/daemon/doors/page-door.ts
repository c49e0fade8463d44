/**
 * Opens the status page. It never moves from an address that the operator set. If a user holds that
 * address, an installed guard starts without the page, says who holds it, and tries again, because
 * mail must not wait when some user of this machine took a port.
 */
import type { HttpAddress, HttpDoor } from '../../doors/http/server.ts';
import { secondMs } from '../../lib/time.ts';
import type { Troubles } from '../../ports/troubles.ts';
import type { Log, World } from '../../ports/world.ts';
import { isTaken, withHolder } from './taken.ts';

const againEveryMs = 5 * secondMs;
const part = 'door http';

export type PageDoor = {
  /** Undefined while the page is not open. */
  address(): string | undefined;
  [Symbol.asyncDispose](): Promise<void>;
};

export async function openPageDoor(deps: {
  readonly where: HttpAddress;
  readonly open: (where: HttpAddress) => Promise<HttpDoor>;
  /** On a taken address: take a free port, wait until it is free, or fail. */
  readonly ifTaken: 'move' | 'wait' | 'fail';
  readonly log: Log;
  readonly timers: Pick<World['timers'], 'every'>;
  readonly troubles: Pick<Troubles, 'set'>;
  /** Called when the page opens later. */
  readonly changed: () => void;
}): Promise<PageDoor> {
  const { ifTaken, log, open, troubles, where } = deps;
  const address = `inet:${where.host}:${where.port}`;
  let door: HttpDoor | undefined;
  let trying = false;
  let closed = false;
  let stop = (): void => undefined;
  const later = async (): Promise<void> => {
    if (trying) return;
    trying = true;
    try {
      const opened = await open(where);
      stop();
      if (closed) await opened.close();
      else {
        door = opened;
        troubles.set(part, undefined);
        deps.changed();
      }
    } catch {
      // Still taken.
    } finally {
      trying = false;
    }
  };
  try {
    door = await open(where);
  } catch (error) {
    if (!isTaken(error) || ifTaken === 'fail') {
      throw isTaken(error) ? await withHolder(error, where, address) : error;
    }
    if (ifTaken === 'move') {
      log('info', 'door.moved', { wanted: address });
      door = await open({ host: where.host, port: 0 });
    } else {
      const why = await withHolder(error, where, address);
      troubles.set(part, why instanceof Error ? why.message : String(why));
      stop = deps.timers.every(againEveryMs, () => void later());
    }
  }
  return {
    address: () => door?.address,
    async [Symbol.asyncDispose]() {
      closed = true;
      stop();
      await door?.close();
    },
  };
}
