/** Reads the input of `postern replay`, line by line. */
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { eventLineMax } from '../../flow/replay/replay-event.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

const newline = 10;

/** The name of a file for people. */
export function inputName(file: string): string {
  return file === '-' ? 'standard input' : file;
}

/** The name of one line. */
export function lineName(file: string, number: number): string {
  return `${inputName(file)}, line ${number}`;
}

export function cannotRead(file: string, cause: unknown): OperatorError {
  return new OperatorError('replay-file', `cannot read ${file}`, {
    cause,
    exit: sysexits.noInput,
  });
}

/** `bytes`: its size, where it has one. */
export async function openInput(
  file: string,
): Promise<{ readonly source: Readable; readonly bytes: number | undefined }> {
  if (file === '-') return { source: process.stdin, bytes: undefined };
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const found = await handle.stat();
    if (found.isDirectory()) throw new Error('it is a directory');
    return {
      source: handle.createReadStream({ highWaterMark: 1024 * 1024 }),
      // A pipe has no size.
      bytes: found.isFile() ? found.size : undefined,
    };
  } catch (cause) {
    await handle?.close();
    throw cannotRead(file, cause);
  }
}

/** Whole lines; `isTooLong`: the next one is too long, and nothing follows. */
export type LinePiece = { readonly bytes: Buffer; readonly isTooLong: boolean };
export const tooLongText: string = `longer than ${eventLineMax} bytes`;

export async function* linePieces(source: Readable): AsyncGenerator<LinePiece> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    const last = chunk.lastIndexOf(newline);
    if (last < 0) {
      restBytes += chunk.length;
      if (restBytes > eventLineMax) {
        yield { bytes: Buffer.alloc(0), isTooLong: true };
        return;
      }
      rest.push(chunk);
      continue;
    }
    yield { bytes: Buffer.concat([...rest, chunk.subarray(0, last)]), isTooLong: false };
    rest = [chunk.subarray(last + 1)];
    restBytes = chunk.length - last - 1;
  }
  const tail = Buffer.concat(rest);
  if (tail.length > 0) yield { bytes: tail, isTooLong: false };
}

/** The lines as texts. */
export async function* lineChunks(source: Readable, file: string): AsyncGenerator<string[]> {
  let number = 1;
  for await (const { bytes, isTooLong } of linePieces(source)) {
    if (isTooLong) throw lineFault(file, number, tooLongText);
    const lines = bytes.toString('utf8').split('\n');
    yield lines;
    number += lines.length;
  }
}

/** A line that cannot be read ends the run. */
export function lineFault(file: string, number: number, why: string, hint = ''): OperatorError {
  return new OperatorError('replay-line', `${lineName(file, number)}: ${why}`, {
    exit: sysexits.dataErr,
    ...(hint === '' ? {} : { hint }),
  });
}
