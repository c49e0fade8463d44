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
      source: handle.createReadStream({ highWaterMark: 256 * 1024 }),
      // A pipe has no size.
      bytes: found.isFile() ? found.size : undefined,
    };
  } catch (cause) {
    await handle?.close();
    throw cannotRead(file, cause);
  }
}

/** The lines of one chunk, and how many bytes of input they are. */
type Lines = string[] & { bytes: number };

export async function* lineChunks(source: Readable, file: string): AsyncGenerator<Lines> {
  let number = 1;
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    const last = chunk.lastIndexOf(newline);
    if (last < 0) {
      restBytes += chunk.length;
      if (restBytes > eventLineMax) throw tooLong(lineName(file, number));
      rest.push(chunk);
      continue;
    }
    const whole = Buffer.concat([...rest, chunk.subarray(0, last)]);
    const lines = whole.toString('utf8').split('\n');
    yield Object.assign(lines, { bytes: chunk.length });
    number += lines.length;
    rest = [chunk.subarray(last + 1)];
    restBytes = chunk.length - last - 1;
  }
  const tail = Buffer.concat(rest).toString('utf8');
  if (tail !== '') yield Object.assign([tail], { bytes: 0 });
}

function tooLong(where: string): OperatorError {
  const text = `${where}: longer than ${eventLineMax} bytes`;
  return new OperatorError('replay-line', text, { exit: sysexits.dataErr });
}
