/**
 * Reads the headers of all messages in a Maildir, each once, also while a mail server changes it:
 * messages move from `new` to `cur`, get other flags in their names, and are deleted.
 *
 * Root reads it, and a user owns it, who may put links there at any time. So each folder is opened
 * once, no link, and all names are of what was opened; and only plain files are read.
 */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A header; `noFile`: a link, folder or pipe; `gone`: moved or deleted. */
export type MaildirMessage = Buffer | 'unreadable' | 'noFile' | 'gone';

/** In the order in which a message moves through them. */
const folders = ['new', 'cur'] as const;
/** How much of a message is read: its header comes first. */
const headerMax = 512 * 1024;
/** The folders are listed again until nothing new is found, but not more often than this. */
const listedMax = 5;

/** Undefined: the folder is no Maildir. */
export async function openMaildir(
  path: string,
  read: (file: string) => Promise<MaildirMessage> = headerOf,
): Promise<AsyncIterable<MaildirMessage> | undefined> {
  const all = await Promise.all(folders.map((folder) => openFolder(join(path, folder))));
  const there = all.filter((folder) => folder !== undefined);
  return there.length === 0 ? undefined : messagesIn(there, read);
}

async function* messagesIn(
  there: readonly FileHandle[],
  read: (file: string) => Promise<MaildirMessage>,
): AsyncIterable<MaildirMessage> {
  try {
    yield* messagesOf(
      there.map(({ fd }) => `/proc/self/fd/${fd}`),
      read,
    );
  } finally {
    for (const folder of there) await folder.close();
  }
}

async function* messagesOf(
  there: readonly string[],
  read: (file: string) => Promise<MaildirMessage>,
): AsyncIterable<MaildirMessage> {
  const done = new Set<string>();
  const gone = new Set<string>();
  for (let nth = 0, found = 1; nth < listedMax && found > 0; nth++) {
    found = 0;
    for (const folder of there) {
      for (const name of await readdir(folder)) {
        const id = idOf(name);
        if (done.has(id)) continue;
        found++;
        const message = await read(join(folder, name));
        if (message === 'gone') {
          gone.add(id);
          continue;
        }
        done.add(id);
        gone.delete(id);
        yield message;
      }
    }
  }
  for (const _ of gone) yield 'gone';
}

/** The part of a name that stays when the flags behind it change. */
function idOf(name: string): string {
  const end = name.indexOf(':');
  return end === -1 ? name : name.slice(0, end);
}

/** Undefined: it is not there, or no folder. */
async function openFolder(path: string): Promise<FileHandle | undefined> {
  const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
  try {
    return await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(cause))) return undefined;
    throw cause;
  }
}

const codeOf = (cause: unknown): string => (cause as NodeJS.ErrnoException).code ?? '';

/** The beginning of a plain file. */
export async function headerOf(path: string): Promise<MaildirMessage> {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  try {
    // Before it is opened, as that alone does something to a device.
    if (!(await lstat(path)).isFile()) return 'noFile';
    await using handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const found = await handle.stat();
    if (!found.isFile()) return 'noFile';
    const bytes = Buffer.alloc(Math.min(found.size, headerMax));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  } catch (cause) {
    const code = codeOf(cause);
    if (code === 'ENOENT') return 'gone';
    return code === 'ELOOP' ? 'noFile' : 'unreadable';
  }
}
