/**
 * Reads and writes the configuration as text, for commands that change one setting, and keeps the
 * bytes before a change for an undo.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import * as z from 'zod';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

export function readConfigText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
      throw new OperatorError('config', `there is no configuration ${file}`, {
        hint:
          'name the file that the guard is started with: --config FILE; an installed Postern has ' +
          'one: sudo postern install',
        exit: sysexits.config,
      });
    }
    throw new OperatorError('config', `cannot read ${file}`, { cause, exit: sysexits.config });
  }
}

/** Replaces the file completely or not at all. Owner and mode stay; a link to the file stays. */
export function writeConfigText(file: string, text: string): void {
  try {
    const real = realpathSync(file);
    replace(real, text, statSync(real));
  } catch (cause) {
    throw notWritten(file, cause);
  }
}

/** The text as it was before a change, and a digest of the changed one, to see later changes. */
export type KeptText = { readonly before: string; readonly afterDigest: string };

const keptShape: z.ZodType<KeptText> = z.object({ before: z.string(), afterDigest: z.string() });

/**
 * Keeps what an undo of one command needs, beside the configuration, readable to the same users:
 * the text may hold passwords. `what`: the command, part of the file's name.
 */
export function keepBefore(
  file: string,
  what: string,
  { before, after }: { readonly before: string; readonly after: string },
): void {
  try {
    const kept: KeptText = { before, afterDigest: digestOf(after) };
    const like = statSync(realpathSync(file));
    replace(keptPath(file, what), `${JSON.stringify(kept)}\n`, like);
  } catch (cause) {
    throw notWritten(keptPath(file, what), cause);
  }
}

/** Undefined: nothing was kept. */
export function keptBefore(file: string, what: string): KeptText | undefined {
  const path = keptPath(file, what);
  try {
    // No link: who may write to this folder must not choose which file root reads.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return keptShape.parse(JSON.parse(readFileSync(descriptor, 'utf8')));
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new OperatorError('unreadable-record', `cannot read ${path}`, {
      cause,
      hint: 'run this command as root; if the file is damaged, delete it and undo by hand',
      exit: sysexits.noPerm,
    });
  }
}

export function dropBefore(file: string, what: string): void {
  rmSync(keptPath(file, what), { force: true });
}

export function wasChangedSince({ afterDigest }: KeptText, now: string): boolean {
  return digestOf(now) !== afterDigest;
}

function keptPath(file: string, what: string): string {
  return `${realpathSync(file)}.before-${what}`;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

type Like = { readonly mode: number; readonly uid: number; readonly gid: number };

function replace(path: string, text: string, { gid, mode, uid }: Like): void {
  const next = `${path}.new`;
  try {
    rmSync(next, { force: true });
    // Works on the opened file: the folder may belong to a user who puts another file there.
    const descriptor = openSync(next, 'wx', 0o600);
    try {
      writeFileSync(descriptor, text, { flush: true });
      if (process.getuid?.() === 0) fchownSync(descriptor, uid, gid);
      // Independent of the operator's umask: the guard's user must still be able to read the file.
      fchmodSync(descriptor, mode & 0o777);
    } finally {
      closeSync(descriptor);
    }
    renameSync(next, path);
  } catch (cause) {
    rmSync(next, { force: true });
    throw cause;
  }
}

function notWritten(file: string, cause: unknown): OperatorError {
  return new OperatorError('config-not-written', `cannot write ${file}`, {
    cause,
    hint: 'run this command as root',
    exit: sysexits.noPerm,
  });
}
