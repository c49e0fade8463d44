/** Opens folders and removes files that another user controls. */
import { closeSync, constants, fstatSync, openSync, rmSync } from 'node:fs';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/**
 * Opens a user's folder, never through a link; undefined if it belongs to another user or is not a
 * folder. What is done by its handle happens in this folder, whatever its name means by then.
 */
export function openFolder(path: string, uid: number): number | undefined {
  let folder: number;
  try {
    folder = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch {
    return undefined;
  }
  if (fstatSync(folder).uid === uid) return folder;
  closeSync(folder);
  return undefined;
}

export function isRemoved(path: string): boolean {
  try {
    rmSync(path, { force: true });
    return true;
  } catch {
    return false;
  }
}
