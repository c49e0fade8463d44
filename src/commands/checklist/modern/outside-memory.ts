/**
 * The file in the state folder that remembers who owned the domains that our records depend on.
 * Only the owner of the folder writes it; root reads it without following a link.
 */
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { OwnerMemory } from '../../../core/checklist/modern/owner-memory.ts';
import type { Millis } from '../../../lib/time.ts';
import { readOwnedFile } from '../../guard/owned-file.ts';
import { otherOwnerOf } from '../../guard/owner.ts';

const fileName = 'outside-domains.json';
/** More than 500 domains with long names take. */
const octetsMax = 4 * 1024 * 1024;

const time = z.number().transform((at) => at as Millis);
const servers = z.array(z.string().max(253)).max(50);
const memory = z.record(
  z.string(),
  z.object({
    servers,
    since: time,
    changed: z.object({ servers, at: time }).optional(),
  }),
);

/** Undefined if nothing is remembered, or the file cannot be read. */
export function readOwnerMemory(state: string): OwnerMemory | undefined {
  try {
    const read = memory.safeParse(JSON.parse(readOwnedFile(join(state, fileName), octetsMax)));
    return read.success ? (read.data as OwnerMemory) : undefined;
  } catch {
    return undefined;
  }
}

/** Writes nothing where the folder is missing or belongs to another user. */
export function writeOwnerMemory(state: string, next: OwnerMemory): void {
  const path = join(state, fileName);
  const temporary = `${path}.tmp`;
  try {
    if (otherOwnerOf(state) !== undefined || statSync(state).uid !== process.geteuid?.()) return;
    rmSync(temporary, { force: true });
    writeFileSync(temporary, `${JSON.stringify(next)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, path);
  } catch {
    // The look itself counts; the next one tries again.
  }
}
