/**
 * Reads the lines of a file that may contain passwords, through one buffer of our own. Each line is
 * overwritten with zeros after it was used, and no line becomes a string here.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

/** Longer lines are no accounts; the longest hash with the longest name is much shorter. */
const lineBytesMax = 8_192;

/** `bytes` are valid until the next line is read; undefined if the line is too long. */
export type SourceLine = { readonly number: number; readonly bytes: Buffer | undefined };

/** Throws OperatorError `source-unread` if the file cannot be read. */
export function* linesOf(path: string): Generator<SourceLine> {
  const fd = opened(path);
  const buffer = Buffer.alloc(2 * lineBytesMax);
  let held = 0;
  let number = 1;
  let skipping = false;
  try {
    while (true) {
      const got = readSync(fd, buffer, held, buffer.length - held, null);
      held += got;
      let from = 0;
      for (let end = buffer.indexOf(10); end >= 0 && end < held; end = buffer.indexOf(10, from)) {
        yield { number, bytes: skipping ? undefined : trimmed(buffer.subarray(from, end)) };
        skipping = false;
        number++;
        from = end + 1;
      }
      buffer.copyWithin(0, from, held);
      held -= from;
      buffer.fill(0, held);
      if (got === 0) break;
      if (held < buffer.length) continue;
      skipping = true;
      held = 0;
      buffer.fill(0);
    }
    if (held > 0 || skipping) {
      yield { number, bytes: skipping ? undefined : trimmed(buffer.subarray(0, held)) };
    }
  } finally {
    buffer.fill(0);
    closeSync(fd);
  }
}

function opened(path: string): number {
  try {
    // A named pipe in this place would block the audit, which runs as root.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (fstatSync(fd).isFile()) return fd;
    closeSync(fd);
  } catch (cause) {
    throw new OperatorError('source-unread', `cannot read ${path}`, {
      cause,
      hint: 'most password files can be read only by root: sudo postern passwords audit',
      exit: sysexits.noInput,
    });
  }
  throw new OperatorError('source-unread', `cannot read ${path}: not a regular file`, {
    exit: sysexits.noInput,
  });
}

/** Without a carriage return. */
function trimmed(bytes: Buffer): Buffer {
  return bytes.at(-1) === 13 ? bytes.subarray(0, -1) : bytes;
}

/** The fields between separators, at most `most`; the last one is the rest of the line. */
export function fieldsOf(bytes: Buffer, most: number, separator = 58): readonly Buffer[] {
  const fields: Buffer[] = [];
  let from = 0;
  while (fields.length < most - 1) {
    const end = bytes.indexOf(separator, from);
    if (end < 0) break;
    fields.push(bytes.subarray(from, end));
    from = end + 1;
  }
  fields.push(bytes.subarray(from));
  return fields;
}
