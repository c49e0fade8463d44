/**
 * Reads address books and sent mail, as the user who typed the command: the guard opens no file. Of
 * a Maildir only plain files are read, since a user may have put links there.
 */
import { constants, createReadStream } from 'node:fs';
import { lstat, open, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FoundContacts, type LeftOutWhy } from '../../../formats/contacts/found.ts';
import {
  type ContactKind,
  contactKind,
  kindBytes,
  openContacts,
} from '../../../formats/contacts/kind.ts';
import { faultText } from '../../../lib/error-text.ts';
import { OperatorError, sysexits } from '../../../lib/operator-error.ts';
import { peerText } from '../../../lib/peer-text.ts';
import { logBytes } from '../../replay/log-bytes.ts';
import { openProgress } from '../../terminal/progress.ts';

/** What one file held. */
export type ReadFile = {
  readonly name: string;
  readonly kind: ContactKind | 'maildir';
  /** Cards, rows, messages or lines. */
  readonly entries: number;
  readonly addresses: ReadonlySet<string>;
  readonly leftOut: Readonly<Record<LeftOutWhy, number>>;
  /** What is wrong with the file; empty if nothing is. */
  readonly fault: string;
};

/** How much of a message is read: its header comes first. */
const headerMax = 512 * 1024;
const maildirFolders = ['cur', 'new'] as const;

/** `kind`: what the operator says that it is. */
export async function readContacts(name: string, kind: ContactKind | undefined): Promise<ReadFile> {
  try {
    if (name === '-') return await readStream(name, process.stdin, undefined, kind);
    const found = await stat(name);
    if (found.isDirectory()) return await readMaildir(name);
    const raw = createReadStream(name, { highWaterMark: 256 * 1024 });
    return await readStream(name, raw, found.isFile() ? found.size : undefined, kind);
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    throw new OperatorError('no-file', `cannot read ${name}: ${faultText(cause)}`, {
      cause,
      exit: sysexits.noInput,
    });
  }
}

async function readStream(
  name: string,
  raw: NodeJS.ReadableStream,
  bytes: number | undefined,
  said: ContactKind | undefined,
): Promise<ReadFile> {
  const progress = openProgress('reading', bytes);
  raw.on('data', (chunk: Buffer) => progress.add(chunk.length));
  const found = new FoundContacts();
  let fault = '';
  const damaged = (why: string): void => {
    fault = why;
  };
  let head: Buffer[] | undefined = [];
  let headLength = 0;
  let kind = said ?? 'list';
  let reader = openContacts(kind, found);
  const begin = (chunks: readonly Buffer[]): void => {
    const whole = Buffer.concat(chunks);
    kind = said ?? contactKind(peerText(whole.subarray(0, kindBytes)));
    reader = openContacts(kind, found);
    reader.take(whole);
    head = undefined;
  };
  try {
    for await (const chunk of logBytes(raw as AsyncIterable<Buffer>, damaged)) {
      if (head === undefined) reader.take(chunk);
      else {
        head.push(Buffer.from(chunk));
        headLength += chunk.length;
        if (headLength >= kindBytes) begin(head);
      }
    }
    if (head !== undefined) begin(head);
    reader.end();
  } finally {
    progress.end();
  }
  return { name, kind, ...counted(found), fault };
}

async function readMaildir(name: string): Promise<ReadFile> {
  const found = new FoundContacts();
  const folders = maildirFolders.map((folder) => join(name, folder));
  const there = await Promise.all(folders.map((folder) => isFolder(folder)));
  if (!there.includes(true)) throw noMaildir(name);
  for (const [nth, folder] of folders.entries()) {
    if (there[nth] !== true) continue;
    for await (const { name: file } of await opendir(folder)) {
      const message = await headerOf(join(folder, file));
      if (message === undefined) {
        found.leftOut.damaged++;
        continue;
      }
      const reader = openContacts('message', found);
      reader.take(message);
      reader.end();
    }
  }
  return { name, kind: 'maildir', ...counted(found), fault: '' };
}

async function isFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isDirectory() === true;
}

/** The beginning of a plain file; undefined for links, pipes and what cannot be read. */
async function headerOf(path: string): Promise<Buffer | undefined> {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const found = await handle.stat();
    if (!found.isFile()) return undefined;
    const bytes = Buffer.alloc(Math.min(found.size, headerMax));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function noMaildir(name: string): OperatorError {
  return new OperatorError('no-file', `${name} is a folder, but no Maildir (no cur, no new)`, {
    hint: 'name the folder of the sent mail itself, often Maildir/.Sent',
    exit: sysexits.noInput,
  });
}

function counted({
  addresses,
  entries,
  leftOut,
}: FoundContacts): Pick<ReadFile, 'addresses' | 'entries' | 'leftOut'> {
  return { addresses, entries, leftOut };
}
