/**
 * Finds the process that holds the address of a door. For a TCP port the kernel tells the user; the
 * process is found by its open files, which only root can see for other users.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import type { SocketAddress } from '../../lib/listener.ts';
import { type Holder, holderOf, listenerAt, socketTables } from './listening.ts';

/** A machine may have more processes; a search that long has no use. */
const processesMax = 100_000;

export type HolderProcess = Holder & {
  /** Its program, `/usr/bin/python3`; undefined if it cannot be seen. */
  readonly program?: string;
};

/** Undefined if nobody listens there. Without root, most often without the process. */
export async function holderProcess(where: SocketAddress): Promise<HolderProcess | undefined> {
  const holder = await holderOf(where);
  if (holder === undefined) return undefined;
  const pid = holder.pid ?? ('port' in where ? portProcess(where) : undefined);
  if (pid === undefined) return holder;
  const program = linkAt(`/proc/${pid}/exe`);
  return { ...holder, pid, ...(program === undefined ? {} : { program }) };
}

function portProcess({ host, port }: { readonly host: string; readonly port: number }) {
  const row = listenerAt(host, port, socketTables());
  return row === undefined ? undefined : processOf(`socket:[${row.inode}]`);
}

/** The first process that has this open. */
function processOf(link: string): number | undefined {
  const pids = namesIn('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.slice(0, processesMax).find((pid) => {
    const folder = `/proc/${pid}/fd`;
    return namesIn(folder).some((fd) => linkAt(`${folder}/${fd}`) === link);
  });
  return found === undefined ? undefined : Number(found);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // the process has ended, or is another user's
  }
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
