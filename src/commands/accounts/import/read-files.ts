/** Reads address books and sent mail, as the user who typed it: the guard opens no file. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
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
import { openMaildir } from './maildir.ts';

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
  const messages = await openMaildir(name);
  if (messages === undefined) throw noMaildir(name);
  const found = new FoundContacts();
  for await (const message of messages) {
    if (typeof message === 'string') found.leftOut[message]++;
    else {
      const reader = openContacts('message', found);
      reader.take(message);
      reader.end();
    }
  }
  return { name, kind: 'maildir', ...counted(found), fault: '' };
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
