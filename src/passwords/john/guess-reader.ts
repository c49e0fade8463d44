/**
 * Reads John's output without keeping passwords. Bytes come one at a time into our own buffer.
 * There is never more than one password in this process, and its line is cleared before the next
 * byte is read.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

/** The longest password that John tries has 125 bytes, the longest name 256 bytes. */
const lineBytesMax = 512;

export type SecretPipe = {
  /** For the program; `started` closes it here. */
  readonly writeEnd: number;
  started(): void;
  /** Resolves when everything was read. */
  readonly ended: Promise<unknown>;
};

/** `line` gets each line in a buffer that is overwritten when it returns. */
export function openSecretPipe(path: string, line: (bytes: Buffer) => void): SecretPipe {
  const made = spawnSync('mkfifo', ['-m', '600', path]);
  if (made.status !== 0) {
    throw new OperatorError('passwords-folder', `cannot make the pipe ${path}`, {
      exit: sysexits.cantCreate,
    });
  }
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(path, constants.O_WRONLY);
  rmSync(path);
  const one = Buffer.alloc(1);
  const whole = Buffer.alloc(lineBytesMax);
  let length = 0;
  const take = (): void => {
    const byte = one[0] ?? 0;
    one[0] = 0;
    if (byte === 10) {
      line(whole.subarray(0, length));
      whole.fill(0, 0, length);
      length = 0;
      return;
    }
    if (length === lineBytesMax) {
      // The name is at the end of the line, so the front can be dropped.
      whole.copyWithin(0, lineBytesMax / 2);
      whole.fill(0, lineBytesMax / 2);
      length = lineBytesMax / 2;
    }
    whole[length++] = byte;
  };
  const socket = new Socket({
    fd: readEnd,
    readable: true,
    writable: false,
    onread: {
      buffer: one,
      callback: (bytes) => {
        if (bytes > 0) take();
        return true;
      },
    },
  });
  const ended = once(socket, 'close').then(() => {
    if (length > 0) line(whole.subarray(0, length));
    whole.fill(0);
  });
  return { writeEnd, started: () => closeSync(writeEnd), ended };
}

const blank = 32;

/**
 * The name alone of a line `secret           (name)`. John's jumbo version adds blanks behind.
 * Our names contain neither brackets nor blanks.
 */
export function guessedName(line: Buffer): string | undefined {
  let end = line.length;
  while (line[end - 1] === blank) end--;
  const open = line.lastIndexOf(' (');
  if (open < 0 || line[end - 1] !== 41) return undefined;
  return line.toString('latin1', open + 2, end - 1);
}
