/** A folder for the files of one test file, removed when its tests are over. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

export type ScratchFiles = {
  readonly folder: string;
  /** Writes a new file that only its owner may read, in Latin-1. Returns its path. */
  file(text: string): string;
};

/** `name`: the folder starts with it. */
export function scratchFiles(name: string): ScratchFiles {
  const folder = mkdtempSync(join(tmpdir(), `postern-${name}-`));
  after(() => rmSync(folder, { recursive: true, force: true }));
  let files = 0;
  return {
    folder,
    file(text) {
      const path = join(folder, `${++files}`);
      writeFileSync(path, text, { encoding: 'latin1', mode: 0o600 });
      return path;
    },
  };
}
