/**
 * Reads, keeps and writes main.cf and master.cf. A file is written completely or not at all, with
 * the same owner and mode. A record beside them keeps the bytes before the first change, so that
 * the undo restores exactly those.
 */
import { createHash } from 'node:crypto';
import { open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { programOutput } from '../../partners/program.ts';
import type { PostfixFiles } from './postfix-plan.ts';

const fileNames = { main: 'main.cf', master: 'master.cf' } as const;

/** The files before the connection, and digests of those after, which show later changes. */
export type ConnectRecord = {
  readonly before: PostfixFiles;
  readonly afterDigest: { readonly main: string; readonly master: string };
};

const pair: z.ZodType<PostfixFiles> = z.object({ main: z.string(), master: z.string() });
const record: z.ZodType<ConnectRecord> = z.object({
  before: pair,
  afterDigest: pair,
});

export async function readPostfixFiles(configDirectory: string): Promise<PostfixFiles> {
  const read = async (name: string): Promise<string> => {
    try {
      return await readFile(join(configDirectory, name), 'latin1');
    } catch (cause) {
      throw new OperatorError('no-postfix', `cannot read ${join(configDirectory, name)}`, {
        cause,
        hint: 'name the folder with --config-dir DIR (postconf -h config_directory prints it)',
        exit: sysexits.noInput,
      });
    }
  };
  return { main: await read(fileNames.main), master: await read(fileNames.master) };
}

export async function writePostfixFiles(
  configDirectory: string,
  files: PostfixFiles,
): Promise<void> {
  const current = await readPostfixFiles(configDirectory);
  try {
    for (const key of ['main', 'master'] as const) {
      if (files[key] === current[key]) continue;
      await replace(await realpath(join(configDirectory, fileNames[key])), files[key]);
    }
  } catch (cause) {
    throw cannotWrite(configDirectory, cause);
  }
}

function cannotWrite(configDirectory: string, cause: unknown): OperatorError {
  return new OperatorError('cannot-write', `cannot write to ${configDirectory}`, {
    cause,
    hint: 'run this command as root',
    exit: sysexits.noPerm,
  });
}

async function replace(path: string, text: string): Promise<void> {
  const fresh = `${path}.postern-new`;
  const { mode, uid, gid } = await stat(path);
  await rm(fresh, { force: true });
  const file = await open(fresh, 'wx', 0o600);
  try {
    await file.writeFile(text, 'latin1');
    await file.chown(uid, gid);
    await file.chmod(mode & 0o7777);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  const folder = await open(dirname(path), 'r');
  await folder.sync();
  await folder.close();
}

/**
 * The record is beside Postfix's files, where only root can write. In the state folder Postern's
 * unprivileged user could change it, and the undo would write that text as root.
 */
function recordPath(configDirectory: string): string {
  return join(configDirectory, 'before-postern.json');
}

export async function readRecord(configDirectory: string): Promise<ConnectRecord | undefined> {
  const text = await readFile(recordPath(configDirectory), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed = record.safeParse(parseJson(text));
  return parsed.success ? parsed.data : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export async function keepRecord(
  configDirectory: string,
  files: { readonly before: PostfixFiles; readonly after: PostfixFiles },
): Promise<void> {
  const kept: ConnectRecord = {
    before: files.before,
    afterDigest: { main: digestOf(files.after.main), master: digestOf(files.after.master) },
  };
  await writeRecord(recordPath(configDirectory), JSON.stringify(kept));
}

/** Writes what an undo needs; others must not read it, as tables may have passwords. */
export async function writeRecord(path: string, text: string): Promise<void> {
  try {
    await rm(`${path}.new`, { force: true });
    await writeFile(`${path}.new`, text, { mode: 0o600, flag: 'wx', flush: true });
    await rename(`${path}.new`, path);
  } catch (cause) {
    throw cannotWrite(dirname(path), cause);
  }
}

export async function dropRecord(configDirectory: string): Promise<void> {
  await rm(recordPath(configDirectory), { force: true });
}

/** True if the file was not changed since `postern connect` wrote it. */
export function untouched(kept: ConnectRecord, now: PostfixFiles, key: 'main' | 'master'): boolean {
  return kept.afterDigest[key] === digestOf(now[key]);
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex');
}

/** True if Postfix is running and has read its files again. */
export async function checkAndReload(configDirectory: string): Promise<boolean> {
  const signal = AbortSignal.timeout(60_000);
  const call = (args: readonly string[]) =>
    programOutput({
      program: '/usr/sbin/postfix',
      args: ['-c', configDirectory, ...args],
      signal,
      errors: 'lines',
    });
  await call(['check']);
  const runs = await call(['status']).then(
    () => true,
    () => false,
  );
  if (runs) await call(['reload']);
  return runs;
}
