/**
 * A secret in a file of its own, so that the configuration can be shown to anybody. Read once, at
 * the start.
 */
import { readFileSync, statSync } from 'node:fs';
import { OperatorError, sysexits } from '../lib/operator-error.ts';

/** Far more than a key needs; a wrong path may lead to something large. */
const bytesMax = 4_096;

/**
 * The secret, without the end of its line. Throws OperatorError `secret-file` where it is missing,
 * empty or open to all.
 */
export function readSecretFile(path: string): string {
  let text: string;
  try {
    const { mode, size } = statSync(path);
    if ((mode & 0o007) !== 0) throw wrong(path, 'may be read or changed by anybody');
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
    hint: `make a new one: umask 027; openssl rand -hex 32 > ${path}; chgrp postern ${path}`,
    exit: sysexits.config,
  });
}
