/**
 * Keeps what `postern connect recipients` or `bounces` changed, beside Postfix's files, for an undo
 * that gives back the same bytes. If main.cf was changed since, the undo gives back the parameters
 * alone.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { mainValue, parseMainCf, setParameter } from '../../../formats/postfix/main-cf.ts';
import { OperatorError, sysexits } from '../../../lib/operator-error.ts';
import { digestOf, writeRecord } from '../postfix-files.ts';

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

/** The records of one command, each in its folder of Postfix. */
export type ChangeRecords = {
  read(directory: string): Promise<ChangeRecord | undefined>;
  keep(directory: string, record: ChangeRecord): Promise<void>;
  drop(directory: string): Promise<void>;
};

/** `name`: of their file in Postfix's folder. */
export function changeRecords(name: string): ChangeRecords {
  return {
    async read(directory) {
      const path = join(directory, name);
      try {
        return shape.parse(JSON.parse(await readFile(path, 'utf8')));
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw new OperatorError('unreadable-record', `cannot read ${path}`, {
          cause,
          hint: 'run this command as root; if the file is damaged, undo by hand and delete it',
          exit: sysexits.noPerm,
        });
      }
    },
    keep: (directory, record) => writeRecord(join(directory, name), JSON.stringify(record)),
    drop: (directory) => rm(join(directory, name), { force: true }),
  };
}

/**
 * The record of a change of main.cf, `now`, on top of what an earlier run changed: an undo goes
 * back behind both, and keeps what the operator changed between them. `made`: list files.
 */
export function recordOn(
  before: ChangeRecord | undefined,
  now: string,
  change: Pick<ChangeRecord, 'main' | 'set'> & { readonly made: readonly string[] },
): ChangeRecord {
  return {
    main: before === undefined ? now : undone(now, before).main,
    afterDigest: digestOf(change.main),
    set: [...(before?.set ?? []), ...change.set],
    files: [...(before?.files ?? []), ...change.made],
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
  // The last change first: a later run may have changed the same parameter again.
  for (const { name, before, after } of record.set.toReversed()) {
    const value = mainValue(parseMainCf(main), name);
    if (value === after) main = setParameter(main, name, before);
    else notes.push(`${name} was changed since and stays as it is`);
  }
  return { main, notes };
}
