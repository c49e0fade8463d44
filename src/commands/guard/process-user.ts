/** The system user that a running guard runs as. */
import { statSync } from 'node:fs';
import { openIdentities } from '../../partners/kernel/identities.ts';

export type ProcessUser = { readonly name: string; readonly uid: number; readonly gid: number };

/** The name is empty if the user has none. Throws if the process has ended. */
export function processUser(pid: number): ProcessUser {
  const { uid, gid } = statSync(`/proc/${pid}`);
  return { name: openIdentities().user(uid).name, uid, gid };
}
