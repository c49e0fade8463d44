/** Names of this machine's users, by /etc/passwd; read again when it has changed. */
import { readFileSync, statSync } from 'node:fs';

/** Answers with the name of a user; empty: the file has none such. */
export function openUserNames(path = '/etc/passwd'): (uid: number) => string {
  let names = new Map<number, string>();
  let changedAt = -1;
  return (uid) => {
    const modified = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (modified !== changedAt) {
      changedAt = modified;
      names = modified === 0 ? new Map() : read(path);
    }
    return names.get(uid) ?? '';
  };
}

function read(path: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const [name = '', , uid = ''] = line.split(':');
    // Of two names of one user, the first is the one that others show.
    if (/^\d+$/.test(uid) && !names.has(Number(uid))) names.set(Number(uid), name);
  }
  return names;
}
