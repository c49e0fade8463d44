/** Asks before an action on an account that was never seen: most often its name was mistyped. */
import { stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline/promises';
import { didYouMean, similarNames } from '../../config/near-names.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { AccountView } from '../../ports/admin.ts';
import type { ExemptionRow } from '../../ports/ledger.ts';
import type { ActOptions } from '../guard/act.ts';
import { accountPath, connectToGuard, nothingThere } from '../guard/client.ts';
import { becomeOwnerOf } from '../guard/owner.ts';
import { stateDirectory } from '../guard/run-file.ts';
import { plain } from '../terminal/format.ts';

export type MeantOptions = ActOptions & { readonly unknown?: true };

/** The most that the guard lists at once; of more accounts, the newest are compared. */
const comparedMax = 1_000;

/** For the option. */
export const unknownMeaning = 'also an account that was never seen';

/** Throws `unknown-account` (67) unless the account is known, or the operator says so. */
export async function mustBeMeant(name: string, options: MeantOptions): Promise<void> {
  if (options.unknown === true) return;
  becomeOwnerOf(stateDirectory(options.state));
  const { read } = await connectToGuard(options.state);
  const found = await read(accountPath(name)).catch(nothingThere);
  if (found !== undefined) return;
  const exempt = await read<readonly ExemptionRow[]>('/exemptions');
  if (exempt.some(({ account }) => account === name.trim().toLowerCase())) return;
  const accounts = await read<readonly AccountView[]>(`/accounts?limit=${comparedMax}`);
  const near = similarNames(
    name,
    accounts.map(({ account }) => account),
  ).map(plain);
  const said = `${plain(name)} has never sent mail here`;
  if (stdin.isTTY && stdout.isTTY && options.json !== true) {
    if (await isWanted(said, near)) return;
    throw new OperatorError('not-wanted', 'nothing was changed', { exit: sysexits.ok });
  }
  const meant = didYouMean(near);
  throw new OperatorError('unknown-account', said, {
    hint: `${meant === '' ? '' : `${meant} `}If it is this one, give --unknown`,
    exit: sysexits.noUser,
  });
}

async function isWanted(said: string, near: readonly string[]): Promise<boolean> {
  const terminal = createInterface({ input: stdin, output: stdout });
  try {
    const names = near.length === 0 ? '' : `Similar names: ${near.join(', ')}\n`;
    const answer = await terminal.question(`${said}.\n${names}Go on all the same? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
