/** Asks whether a change that was shown is to be made. */
import { stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline/promises';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

/** Throws OperatorError `not-wanted` where a person says no. */
export async function mayGoOn(options: {
  readonly yes?: boolean;
  readonly json?: boolean;
}): Promise<void> {
  // A script that calls this means it: everything can be taken back, and is when a step fails.
  if (options.yes === true || !stdin.isTTY || !stdout.isTTY || options.json === true) return;
  const terminal = createInterface({ input: stdin, output: stdout });
  try {
    const answer = await terminal.question('Make this change? [y/N] ');
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    terminal.close();
  }
  throw new OperatorError('not-wanted', 'nothing was changed', { exit: sysexits.ok });
}
