/** The system user that a running guard runs as. */
import { statSync } from 'node:fs';
import { openIdentities } from '../../partners/kernel/identities.ts';

export type ProcessUser = { readonly name: string; readonly uid: number; readonly gid: number };

/** The name is empty where the user has none. Undefined: the process has ended. */
export function processUser(pid: number): ProcessUser | undefined {
  const found = statSync(`/proc/${pid}`, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  const { uid, gid } = found;
  return { name: openIdentities().user(uid).name, uid, gid };
}
