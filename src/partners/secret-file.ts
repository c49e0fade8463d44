/**
 * Reads a secret from its own file, so that the configuration contains no secrets. It is read once,
 * at the start.
 */
import { readFileSync, statSync } from 'node:fs';
import { OperatorError, sysexits } from '../lib/operator-error.ts';

/** Far more than a key needs. A wrong path may lead to a large file. */
const bytesMax = 4_096;

/**
 * The secret without its line end. Throws OperatorError `secret-file` if the file is missing, empty
 * or open to every user.
 */
export function readSecretFile(path: string): string {
  let text: string;
  try {
    const { mode, size } = statSync(path);
    if ((mode & 0o007) !== 0) throw wrong(path, 'can be read or changed by every user');
    if (size > bytesMax) throw wrong(path, `is longer than ${bytesMax} bytes`);
    text = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw cause instanceof OperatorError ? cause : wrong(path, 'cannot be read', cause);
  }
  if (text === '') throw wrong(path, 'is empty');
  return text;
}

function wrong(path: string, what: string, cause?: unknown): OperatorError {
  return new OperatorError('secret-file', `the secret in ${path} ${what}`, {
    cause,
    hint: `make a new secret: umask 027; openssl rand -hex 32 > ${path}; chgrp postern ${path}`,
    exit: sysexits.config,
  });
}
