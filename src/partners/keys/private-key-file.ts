/**
 * A private key in a file that an operator names, wherever it lies: what the world can read is
 * refused.
 */
import { readFileSync, statSync } from 'node:fs';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { openPrivateKey, type PrivateKey } from '../../lib/private-key.ts';

/** Far more than a key needs; a wrong path may lead to something large. */
const octetsMax = 65_536;

/** Throws OperatorError `key-file` where it is missing, open to all, or no key. */
export function readPrivateKeyFile(path: string): PrivateKey {
  return readPrivateKeyText(path).key;
}

/** The same, with the file's text: for whoever copies it. */
export function readPrivateKeyText(path: string): {
  readonly text: string;
  readonly key: PrivateKey;
} {
  let text: string;
  try {
    const { mode, size } = statSync(path);
    if ((mode & 0o007) !== 0) throw wrong(path, 'may be read or changed by anybody');
    if (size > octetsMax) throw wrong(path, `is longer than ${octetsMax} bytes`);
    text = readFileSync(path, 'latin1');
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
