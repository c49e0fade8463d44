/** Who a running guard is to the system. */
import { statSync } from 'node:fs';
import { openIdentities } from '../../partners/kernel/identities.ts';

export type ProcessUser = { readonly name: string; readonly uid: number; readonly gid: number };

/** The name is empty where the user has none. Throws when the process is gone. */
export function processUser(pid: number): ProcessUser {
  const { uid, gid } = statSync(`/proc/${pid}`);
  return { name: openIdentities().user(uid).name, uid, gid };
}
