/**
 * The operator's configuration as text, read and written by commands that change a setting of it.
 */
import {
  chmodSync,
  chownSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

export function readConfigText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
      throw new OperatorError('config', `there is no ${file}`, {
        hint: 'name the configuration that the guard is started with: --config FILE',
        exit: sysexits.config,
      });
    }
    throw new OperatorError('config', `cannot read ${file}`, { cause, exit: sysexits.config });
  }
}

/**
 * Whole or not at all, with owner and mode as they were; where a link leads to it, the link stays.
 */
export function writeConfigText(file: string, text: string): void {
  let next = `${file}.new`;
  try {
    const real = realpathSync(file);
    next = `${real}.new`;
    const { mode, uid, gid } = statSync(real);
    rmSync(next, { force: true });
    writeFileSync(next, text, { mode: 0o600, flag: 'wx', flush: true });
    if (process.getuid?.() === 0) chownSync(next, uid, gid);
    // Whatever the umask of whoever types this: the guard's user must go on reading it.
    chmodSync(next, mode & 0o777);
    renameSync(next, real);
  } catch (cause) {
    rmSync(next, { force: true });
    throw new OperatorError('config-not-written', `cannot write ${file}`, {
      cause,
      hint: 'run this as root',
      exit: sysexits.noPerm,
    });
  }
}
