/** The operator's configuration as text, read and written by commands that change a setting of it. */
import { chownSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { OperatorError, sysexits } from '../lib/operator-error.ts';

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

/** Whole or not at all, with owner and mode as they were. */
export function writeConfigText(file: string, text: string): void {
  const next = `${file}.new`;
  try {
    const { mode, uid, gid } = statSync(file);
    rmSync(next, { force: true });
    writeFileSync(next, text, { mode: mode & 0o777, flag: 'wx' });
    const mine = process.getuid?.();
    if (mine === 0) chownSync(next, uid, gid);
    renameSync(next, file);
  } catch (cause) {
    rmSync(next, { force: true });
    throw new OperatorError('config-not-written', `cannot write ${file}`, {
      cause,
      hint: 'run this as root',
      exit: sysexits.noPerm,
    });
  }
}
