/** Keeps what `postern connect webmail` changed, beside Postfix's files, for its undo. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { OperatorError, sysexits } from '../../../lib/operator-error.ts';
import { digestOf, writeRecord } from '../postfix-files.ts';
import { withoutService } from './plan.ts';

export type WebmailRecord = {
  /** master.cf before the change, and a digest of master.cf after the change. */
  readonly master: string;
  readonly afterDigest: string;
  readonly port: number;
  /** Files that were made. */
  readonly files: readonly string[];
};

const shape: z.ZodType<WebmailRecord> = z.object({
  master: z.string(),
  afterDigest: z.string(),
  port: z.int().min(1).max(65_535),
  files: z.array(z.string().startsWith('/')).max(10),
});

const pathIn = (directory: string): string => join(directory, 'before-postern-webmail.json');

export async function readWebmailRecord(directory: string): Promise<WebmailRecord | undefined> {
  try {
    return shape.parse(JSON.parse(await readFile(pathIn(directory), 'utf8')));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new OperatorError('unreadable-record', `cannot read ${pathIn(directory)}`, {
      cause,
      hint: 'run this command as root; if the file is damaged, remove the service by hand',
      exit: sysexits.noPerm,
    });
  }
}

export async function keepWebmailRecord(directory: string, record: WebmailRecord): Promise<void> {
  await writeRecord(pathIn(directory), JSON.stringify(record));
}

export async function dropWebmailRecord(directory: string): Promise<void> {
  await rm(pathIn(directory), { force: true });
}

/** master.cf as it was; if it was changed since, without the service alone. */
export function undoneMaster(now: string, { afterDigest, master, port }: WebmailRecord): string {
  return digestOf(now) === afterDigest ? master : withoutService(now, port);
}
