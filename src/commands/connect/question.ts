/** Asks the operator whether to make the change that was shown. */
import { stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline/promises';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

/** Throws OperatorError `not-wanted` if the answer is no. */
export async function mayGoOn(options: {
  readonly yes?: boolean;
  readonly json?: boolean;
}): Promise<void> {
  // Without a terminal the command does not ask: the change can be undone.
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
