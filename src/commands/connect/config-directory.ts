/** Which folder of Postfix a command changes. */
import { realpath } from 'node:fs/promises';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { shellWords } from '../../lib/shell-words.ts';
import { postconf } from '../../partners/postfix/postconf.ts';

/** `named`: by the operator. Throws OperatorError if there is no such folder. */
export async function configDirectoryOf(named: string | undefined): Promise<string> {
  const folder =
    named ?? process.env['MAIL_CONFIG'] ?? (await postconf('config_directory', undefined));
  try {
    return await realpath(folder);
  } catch (cause) {
    throw new OperatorError('no-postfix', `there is no folder ${folder}`, {
      cause,
      hint: 'name the folder with --config-dir DIR (postconf -h config_directory prints it)',
      exit: sysexits.noInput,
    });
  }
}

/** A command as the operator must type it for the same folder. */
export function commandFor(named: string | undefined, ...words: readonly string[]): string {
  return shellWords(...words, ...(named === undefined ? [] : ['--config-dir', named]));
}
