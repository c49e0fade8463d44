/** Keeps a token in a file that only its owner may read, across restarts. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { faultText } from '../../lib/error-text.ts';
import type { Log } from '../../ports/world.ts';

/** 128 bits in base64url. */
const lengthMin = 22;
const sizeMax = 1_024;
const privateMode = 0o600;
const othersMask = 0o077;

/**
 * The token in this file. If others may use the file, its mode is set to 0600. A new token is made
 * if the file is missing, its text is too short, it is not a plain file, or its mode cannot be set,
 * because it belongs to another user.
 */
export function keepToken(path: string, log: Log): string {
  const kept = readToken(path, log);
  if (kept !== undefined) return kept;
  const token = randomBytes(24).toString('base64url');
  rmSync(`${path}.tmp`, { force: true });
  writeFileSync(`${path}.tmp`, `${token}\n`, { mode: privateMode, flag: 'wx' });
  renameSync(`${path}.tmp`, path);
  return token;
}

function readToken(path: string, log: Log): string | undefined {
  let file: number | undefined;
  try {
    // No link is followed, and a pipe does not make the start wait.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const found = fstatSync(file);
    if (!found.isFile()) throw new Error('it is not a plain file');
    if (found.size > sizeMax) throw new Error(`it has more than ${sizeMax} bytes`);
    const text = readFileSync(file, 'utf8').trim();
    if (text.length < lengthMin) throw new Error(`it has fewer than ${lengthMin} characters`);
    const mode = found.mode & 0o777;
    if ((mode & othersMask) !== 0) {
      fchmodSync(file, privateMode);
      const before = mode.toString(8).padStart(4, '0');
      log('warn', 'token.mode-changed', { path, before, after: '0600' });
    }
    return text;
  } catch (cause) {
    const isFirstStart = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (!isFirstStart) log('warn', 'token.replaced', { path, why: faultText(cause) });
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
