/**
 * Reads a private key from any file that an operator names. A file that every user can read is
 * refused.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  type Stats,
  statSync,
} from 'node:fs';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { openPrivateKey, type PrivateKey } from '../../lib/private-key.ts';

/** Far more than a key needs. A wrong path may lead to a large file. */
const octetsMax = 65_536;

/**
 * Reads the key, also from a pipe. Throws OperatorError `key-file` if the file is missing, open to
 * every user, or not a key.
 */
export function readPrivateKeyFile(path: string): PrivateKey {
  return opened(path, () => {
    check(path, statSync(path));
    return readFileSync(path, 'latin1');
  }).key;
}

/**
 * Reads the key together with the file's text, for commands that copy the key. The path comes from
 * a configuration that another user may write: a pipe or a device is refused, and never waited for.
 */
export function readPrivateKeyText(path: string): OpenedFile {
  return opened(path, () => {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(file);
      if (!stats.isFile()) throw wrong(path, 'is not a file');
      check(path, stats);
      return readFileSync(file, 'latin1');
    } finally {
      closeSync(file);
    }
  });
}

type OpenedFile = { readonly text: string; readonly key: PrivateKey };

function check(path: string, { mode, size }: Stats): void {
  if ((mode & 0o007) !== 0) throw wrong(path, 'can be read or changed by every user');
  if (size > octetsMax) throw wrong(path, `is longer than ${octetsMax} bytes`);
}

function opened(path: string, read: () => string): OpenedFile {
  let text: string;
  try {
    text = read();
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    throw wrong(path, 'cannot be read', cause, sysexits.noInput);
  }
  const key = openPrivateKey(text);
  if (!key.ok) throw wrong(path, key.error.text);
  return { text, key: key.value };
}

function wrong(path: string, what: string, cause?: unknown, exit?: number): OperatorError {
  return new OperatorError('key-file', `the key ${path} ${what}`, {
    cause,
    hint: 'it must be a private key, RSA or Ed25519, in PEM without a passphrase, with mode 0600',
    exit: exit ?? sysexits.config,
  });
}
