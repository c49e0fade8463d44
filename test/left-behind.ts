/** What version 0.1 left on a machine (test/fixtures/0.1), put into folders of a test's own. */
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

export const fixtures: string = join(import.meta.dirname, 'fixtures/0.1');

export function fixture(name: string): Buffer {
  const bytes = readFileSync(join(fixtures, name));
  return name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

export type LeftState = Disposable & { readonly path: string };

/** The state folder after a stop, or after kill -9. */
export function leftState(how: 'stopped' | 'killed'): LeftState {
  const path = mkdtempSync(join(tmpdir(), 'postern-left-'));
  fillState(path, how);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Files are for their owner alone, as 0.1 made them; git does not keep that. */
export function fillState(path: string, how: 'stopped' | 'killed'): void {
  const from = join(fixtures, how);
  cpSync(from, path, { recursive: true });
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    const found = join(entry.parentPath, entry.name);
    chmodSync(found, entry.isDirectory() ? 0o700 : 0o600);
    if (!entry.name.endsWith('.gz')) continue;
    writeFileSync(found.slice(0, -'.gz'.length), gunzipSync(readFileSync(found)), { mode: 0o600 });
    rmSync(found);
  }
  for (const stage of ['new', 'going', 'sent']) {
    mkdirSync(join(path, 'submissions', stage), { recursive: true, mode: 0o700 });
  }
}
