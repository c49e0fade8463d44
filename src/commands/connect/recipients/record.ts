/**
 * Keeps what `postern connect recipients` or `bounces` changed, beside Postfix's files, for an undo
 * that gives back the same bytes. If main.cf was changed since, the undo gives back the parameters
 * alone.
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
export type ChangeRecord = {
  readonly main: string;
  readonly afterDigest: string;
  readonly set: readonly SetParameter[];
  /** List files that were made. */
  readonly files: readonly string[];
};

const shape: z.ZodType<ChangeRecord> = z.object({
  main: z.string(),
  afterDigest: z.string(),
  set: z.array(z.object({ name: z.string(), before: z.string().optional(), after: z.string() })),
  files: z.array(z.string()),
});

/** The list that Postfix reads, beside main.cf. Its bytes are this command's alone. */
export const listName = 'postern-recipients';

export const digestOf = (text: string): string =>
  createHash('sha256').update(text, 'latin1').digest('hex');

/** The records of one command. `name`: of their file in Postfix's folder. */
export function changeRecords(name: string): {
  read(directory: string): Promise<ChangeRecord | undefined>;
  keep(directory: string, record: ChangeRecord): Promise<void>;
  drop(directory: string): Promise<void>;
} {
  return {
    async read(directory) {
      const text = await readFile(join(directory, name), 'utf8').catch(() => undefined);
      if (text === undefined) return undefined;
      try {
        return shape.parse(JSON.parse(text));
      } catch {
        return undefined;
      }
    },
    async keep(directory, record) {
      const path = join(directory, name);
      await rm(`${path}.new`, { force: true });
      const text = JSON.stringify(record);
      await writeFile(`${path}.new`, text, { mode: 0o600, flag: 'wx', flush: true });
      await rename(`${path}.new`, path);
    },
    drop: (directory) => rm(join(directory, name), { force: true }),
  };
}

/** main.cf as it was, with notes on what the operator changed since. */
export function undone(
  now: string,
  record: ChangeRecord,
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
