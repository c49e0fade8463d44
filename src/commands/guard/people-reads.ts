/** What the ledger knows of announced mailings and imports, while no guard runs. */
import type { ExpectedMailing } from '../../core/mailings/expected.ts';
import type { Millis } from '../../lib/time.ts';
import type { AccountView } from '../../ports/admin.ts';
import type { Ledger } from '../../ports/ledger.ts';
import type { GuardReads } from './reads.ts';

export function peopleReads(ledger: Ledger, now: Millis): Pick<GuardReads, 'imports' | 'mailings'> {
  return {
    mailings: async () => mailingsInForce(ledger, now),
    imports: async (limit) => [...ledger.imports()].reverse().slice(0, limit),
  };
}

export function storedPeople(
  ledger: Ledger,
  name: string,
  now: Millis,
): Pick<AccountView, 'expected' | 'importedRecipients'> {
  let importedRecipients = 0;
  for (const { account, added, undoneAt } of ledger.imports())
    if (account === name && undoneAt === undefined) importedRecipients += added;
  const expected = mailingsInForce(ledger, now).find(({ account }) => account === name);
  return { expected, importedRecipients };
}

function mailingsInForce(ledger: Ledger, now: Millis): readonly ExpectedMailing[] {
  return ledger.mailings().filter(({ until }) => until > now);
}
