/** Reads messages from files, mailboxes, folders and standard input, in limited memory. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openMessageCutter } from '../../formats/bounces/mailbox-file.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

/** Folders in folders: a Maildir has `cur` and `new`. */
const depthMax = 3;
const filesMax = 200_000;

/**
 * Calls `message` for each message in the file or folder; `-` is standard input. `failed`: a file
 * cannot be read; the others of its folder are.
 */
export async function readMessages(
  name: string,
  message: (file: string, octets: string) => void,
  failed: (error: OperatorError) => void,
): Promise<void> {
  const files = name === '-' ? [name] : await filesOf(name, failed);
  for (const file of files) {
    const chunks = file === '-' ? process.stdin : createReadStream(file);
    try {
      await cut(file, chunks, message);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      failed(error);
    }
  }
}

async function cut(
  file: string,
  chunks: AsyncIterable<Buffer>,
  message: (file: string, octets: string) => void,
): Promise<void> {
  const cutter = openMessageCutter((octets) => message(file, octets));
  try {
    for await (const chunk of chunks) cutter.write(chunk);
  } catch (cause) {
    throw cannotRead(file, cause);
  }
  cutter.end();
}

/** The file itself, or the files of the folder in order of their names; links are not followed. */
async function filesOf(
  name: string,
  failed: (error: OperatorError) => void,
): Promise<readonly string[]> {
  try {
    if (!(await stat(name)).isDirectory()) return [name];
    const found: string[] = [];
    await walk(name, 0, found, failed);
    return found;
  } catch (cause) {
    failed(cannotRead(name, cause));
    return [];
  }
}

async function walk(
  folder: string,
  depth: number,
  found: string[],
  failed: (error: OperatorError) => void,
): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (found.length >= filesMax) return;
    const path = join(folder, entry.name);
    if (entry.isFile() && !entry.name.startsWith('.')) found.push(path);
    else if (entry.isDirectory() && depth < depthMax) {
      try {
        await walk(path, depth + 1, found, failed);
      } catch (cause) {
        failed(cannotRead(path, cause));
      }
    }
  }
}

function cannotRead(file: string, cause: unknown): OperatorError {
  return new OperatorError('bounce-file', `cannot read ${file}`, { cause, exit: sysexits.noInput });
}
