/**
 * Keeps what `postern connect recipients` changed, beside Postfix's files, so that the undo gives
 * back the same bytes. If main.cf was changed since, the undo gives back the parameters alone.
 */
import { createHash } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { mainValue, parseMainCf, setParameter } from '../../../formats/postfix/main-cf.ts';

/** A parameter that was set. `before`: undefined if main.cf did not have it. */
export type SetParameter = {
  readonly name: string;
  readonly before?: string | undefined;
  readonly after: string;
};
export type RecipientRecord = {
  readonly main: string;
  readonly afterDigest: string;
  readonly set: readonly SetParameter[];
  /** List files that were made. */
  readonly files: readonly string[];
};

const shape: z.ZodType<RecipientRecord> = z.object({
  main: z.string(),
  afterDigest: z.string(),
  set: z.array(z.object({ name: z.string(), before: z.string().optional(), after: z.string() })),
  files: z.array(z.string()),
});

/** The list that Postfix reads, beside main.cf. Its bytes are this command's alone. */
export const listName = 'postern-recipients';

export const digestOf = (text: string): string =>
  createHash('sha256').update(text, 'latin1').digest('hex');

const pathOf = (directory: string): string => join(directory, 'before-postern-recipients.json');

export async function readRecipientRecord(directory: string): Promise<RecipientRecord | undefined> {
  const text = await readFile(pathOf(directory), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return shape.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export async function keepRecipientRecord(
  directory: string,
  record: RecipientRecord,
): Promise<void> {
  const path = pathOf(directory);
  await rm(`${path}.new`, { force: true });
  await writeFile(`${path}.new`, JSON.stringify(record), { mode: 0o600, flag: 'wx', flush: true });
  await rename(`${path}.new`, path);
}

export async function dropRecipientRecord(directory: string): Promise<void> {
  await rm(pathOf(directory), { force: true });
}

/** main.cf as it was, with notes on what the operator changed since. */
export function undone(
  now: string,
  record: RecipientRecord,
): { readonly main: string; readonly notes: readonly string[] } {
  if (digestOf(now) === record.afterDigest) return { main: record.main, notes: [] };
  let main = now;
  const notes = ['main.cf was changed since; only the parameters of this command are set back'];
  for (const { name, before, after } of record.set) {
    const value = mainValue(parseMainCf(main), name);
    if (value === after) main = setParameter(main, name, before);
    else notes.push(`${name} was changed since and stays as it is`);
  }
  return { main, notes };
}
