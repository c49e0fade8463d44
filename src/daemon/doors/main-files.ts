/** Reads the files of each Postfix, and follows main.cf: reads it again when it has changed. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type MainCf, parseMainCf } from '../../formats/postfix/main-cf.ts';

/** A longer file is not read; Postfix's own with all its comments has 30 kB. */
const fileBytesMax = 1_048_576;

export type MainFiles = {
  /** Looks at the files of these folders. Answers whether one of them has changed. */
  look(directories: readonly string[]): boolean;
  /** What was read last; undefined if the file could never be read. */
  of(directory: string): MainCf | undefined;
};

type Known = { readonly stamp: string; readonly main: MainCf | undefined };

export function openMainFiles(): MainFiles {
  let known = new Map<string, Known>();
  return {
    look(directories) {
      const next = new Map<string, Known>();
      let changed = directories.length !== known.size;
      for (const directory of directories) {
        const before = known.get(directory);
        const now = readAgain(join(directory, 'main.cf'), before);
        if (now !== before) changed = true;
        next.set(directory, now);
      }
      known = next;
      return changed;
    },
    of: (directory) => known.get(directory)?.main,
  };
}

/** If the file cannot be read now, what was read before stays. */
function readAgain(path: string, before: Known | undefined): Known {
  try {
    const { ino, isFile, mtimeMs, size } = plain(path);
    const stamp = `${ino} ${mtimeMs} ${size}`;
    if (stamp === before?.stamp) return before;
    if (!isFile || size > fileBytesMax) return before ?? { stamp, main: undefined };
    return { stamp, main: parseMainCf(readFileSync(path, 'latin1')) };
  } catch {
    return before ?? { stamp: '', main: undefined };
  }
}

/** main.cf or master.cf; undefined if it cannot be read or is too long. */
export function postfixText(path: string): string | undefined {
  try {
    const { isFile, size } = plain(path);
    return isFile && size <= fileBytesMax ? readFileSync(path, 'latin1') : undefined;
  } catch {
    return undefined;
  }
}

function plain(path: string) {
  const stat = statSync(path);
  return { ino: stat.ino, isFile: stat.isFile(), mtimeMs: stat.mtimeMs, size: stat.size };
}
