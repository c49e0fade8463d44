/** What `postern replay` says of its input. */
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

/** The name of a file for people. */
export function inputName(file: string): string {
  return file === '-' ? 'standard input' : file;
}

export function cannotRead(file: string, cause: unknown): OperatorError {
  return new OperatorError('replay-file', `cannot read ${file}`, {
    cause,
    exit: sysexits.noInput,
  });
}
