/**
 * Rotated files of a log that were written after a place: those that a guard has not read because
 * it did not run. logrotate and Postfix name them `mail.log.1`, `mail.log-20261129`,
 * `mail.log.2.gz`, `mail.log.20261129-011303.gz`; only plain, gzip and zstd files can be read.
 */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';

/** Where to continue in a log. */
export type LogPosition = {
  readonly inode: string;
  /** Start of the first line that was not handed out, in the text, unpacked. */
  readonly offset: number;
  /** The bytes before the offset, as hexadecimal digits. */
  readonly sample: string;
};

export type RotatedPart = {
  readonly path: string;
  /** Where its new text begins. */
  readonly from: number;
  readonly isPacked: boolean;
};

type Sibling = {
  readonly path: string;
  readonly inode: string;
  readonly writtenAt: number;
  readonly isPacked: boolean;
};

/** What follows the name of the log. */
const rotatedName = /^[.-]\d[\d.-]{0,40}(?:\.(?:gz|zst))?$/;
const packedEnding = /\.(?:gz|zst)$/;
/** How many files of a folder are looked at. */
const siblingsMax = 1_000;
/** Packed files in which the place is looked for, the newest first. */
const searchedMax = 20;

/** Oldest first. Undefined: the file with the place is gone. */
export async function rotatedSince(
  path: string,
  place: LogPosition,
): Promise<readonly RotatedPart[] | undefined> {
  const siblings = await rotatedFiles(path);
  const at = await findPlace(siblings, place);
  if (at === undefined) return undefined;
  return siblings.slice(at).map((one, nth) => ({
    path: one.path,
    isPacked: one.isPacked,
    from: nth === 0 ? place.offset : 0,
  }));
}

/** The text of a part from its begin, unpacked. A damaged file ends with an error. */
export function openPart({ path, from, isPacked }: RotatedPart): Readable {
  if (!isPacked) return createReadStream(path, { start: from });
  const file = createReadStream(path);
  const unpacked = path.endsWith('.zst') ? createZstdDecompress() : createGunzip();
  file.once('error', (cause) => unpacked.destroy(cause));
  unpacked.once('close', () => file.destroy());
  return file.pipe(unpacked);
}

/** By the time of their last line, oldest first. */
async function rotatedFiles(path: string): Promise<readonly Sibling[]> {
  const folder = dirname(path);
  const log = basename(path);
  const names = await readdir(folder).catch((): string[] => []);
  const rotated = names.filter(
    (name) => name.startsWith(log) && rotatedName.test(name.slice(log.length)),
  );
  const found: Sibling[] = [];
  for (const name of rotated.slice(0, siblingsMax)) {
    const isPacked = packedEnding.test(name);
    // While it is packed, both are there.
    if (isPacked && rotated.includes(name.replace(packedEnding, ''))) continue;
    const about = await stat(join(folder, name), { bigint: true }).catch(() => undefined);
    if (about?.isFile() !== true) continue;
    const writtenAt = Number(about.mtimeMs);
    found.push({ path: join(folder, name), inode: String(about.ino), writtenAt, isPacked });
  }
  return found.sort((one, other) => one.writtenAt - other.writtenAt);
}

async function findPlace(
  siblings: readonly Sibling[],
  place: LogPosition,
): Promise<number | undefined> {
  const same = siblings.findIndex(({ inode, isPacked }) => inode === place.inode && !isPacked);
  if (same >= 0) return same;
  // It was packed since. A place at the begin has no text to be known by.
  if (place.sample === '') return undefined;
  const sample = Buffer.from(place.sample, 'hex');
  const oldest = Math.max(0, siblings.length - searchedMax);
  for (let nth = siblings.length - 1; nth >= oldest; nth--) {
    const one = siblings[nth];
    if (one?.isPacked === true && (await hasPlace(one.path, place.offset, sample))) return nth;
  }
  return undefined;
}

async function hasPlace(path: string, offset: number, sample: Buffer): Promise<boolean> {
  const stream = openPart({ path, from: 0, isPacked: true });
  const start = offset - sample.length;
  const parts: Buffer[] = [];
  let position = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const end = position + chunk.length;
      if (end > start) {
        parts.push(chunk.subarray(Math.max(0, start - position), Math.max(0, offset - position)));
      }
      position = end;
      if (position >= offset) return Buffer.concat(parts).equals(sample);
    }
  } catch {
    // Damaged or half packed: it is not the one.
  } finally {
    stream.destroy();
  }
  return false;
}
