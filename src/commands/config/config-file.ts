/** Reads and writes the configuration as text, for commands that change one setting. */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  openSync,
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
      throw new OperatorError('config', `there is no configuration ${file}`, {
        hint:
          'name the file that the guard is started with: --config FILE; an installed Postern has ' +
          'one: sudo postern install',
        exit: sysexits.config,
      });
    }
    throw new OperatorError('config', `cannot read ${file}`, { cause, exit: sysexits.config });
  }
}

/** Replaces the file completely or not at all. Owner and mode stay; a link to the file stays. */
export function writeConfigText(file: string, text: string): void {
  let next = `${file}.new`;
  try {
    const real = realpathSync(file);
    next = `${real}.new`;
    const { mode, uid, gid } = statSync(real);
    rmSync(next, { force: true });
    // Works on the opened file: the folder may belong to a user who puts another file there.
    const descriptor = openSync(next, 'wx', 0o600);
    try {
      writeFileSync(descriptor, text, { flush: true });
      if (process.getuid?.() === 0) fchownSync(descriptor, uid, gid);
      // Independent of the operator's umask: the guard's user must still be able to read the file.
      fchmodSync(descriptor, mode & 0o777);
    } finally {
      closeSync(descriptor);
    }
    renameSync(next, real);
  } catch (cause) {
    rmSync(next, { force: true });
    throw new OperatorError('config-not-written', `cannot write ${file}`, {
      cause,
      hint: 'run this command as root',
      exit: sysexits.noPerm,
    });
  }
}
