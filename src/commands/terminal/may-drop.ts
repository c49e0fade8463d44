/** Asks before messages are deleted for good. */
import { stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline/promises';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { many } from './format.ts';

/** Throws if nobody can be asked, or if the answer is no. */
export async function mayDrop(ids: readonly string[], account: string | undefined): Promise<void> {
  if (!stdin.isTTY || !stdout.isTTY) {
    throw new OperatorError(
      'not-asked',
      'this is not a terminal, so Postern cannot ask you: give --yes to drop the messages',
      {
        exit: sysexits.usage,
      },
    );
  }
  const what = account === undefined ? many(ids.length, 'message') : `all held mail of ${account}`;
  const terminal = createInterface({ input: stdin, output: stdout });
  try {
    const answer = await terminal.question(`Drop ${what} for good? [y/N] `);
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    terminal.close();
  }
  throw new OperatorError('not-wanted', 'nothing was dropped', { exit: sysexits.ok });
}
