/** Removes a person's address from all that Postern remembers, and says what it cannot remove. */
import { identityKey } from '../../core/account/risk-factors.ts';
import { type Account, localAccount } from '../../core/account-name.ts';
import { authorKey } from '../../core/authors/place.ts';
import { addressKey } from '../../formats/message/address.ts';
import { faultText } from '../../lib/error-text.ts';
import { hash53 } from '../../lib/hash.ts';
import type { AdminResult } from '../../ports/admin.ts';
import type { FateStore } from '../../ports/fate.ts';
import type { Ledger } from '../../ports/ledger.ts';
import type { ScriptAdmin } from '../../ports/scripts.ts';
import type { World } from '../../ports/world.ts';
import type { Accounts } from '../account/accounts.ts';
import type { Journal } from '../journal/journal.ts';

export type ForgetDeps = {
  readonly fates: Pick<FateStore, 'forget'>;
  readonly ledger: Pick<Ledger, 'forget'>;
  readonly journal: Pick<Journal, 'committed' | 'flushNow'>;
  readonly accounts: Pick<Accounts, 'context' | 'forget' | 'known'>;
  readonly scripts: Pick<ScriptAdmin, 'forgetAddress'>;
  /** Parts that keep addresses in memory, and would write them to the ledger again. */
  readonly remembering: readonly { forgetAddress(address: string): void }[];
  readonly world: World;
};

export type ForgetHow = { readonly by: string; readonly dryRun: boolean };

const notRemoved =
  "not removed: the mail server's own log and queue, held mail, backups, notices that were sent";

export async function forgetPerson(
  deps: ForgetDeps,
  given: string,
  { by, dryRun }: ForgetHow,
): Promise<AdminResult> {
  const { accounts, fates, journal, ledger, remembering, scripts, world } = deps;
  const address = addressKey(given.trim());
  if (!address.includes('@')) {
    return { ok: false, text: 'this is no mail address', hint: 'postern forget NAME@DOMAIN' };
  }
  let days: number;
  let rows: number;
  const { seed } = accounts.context.people;
  // Correspondents have their domain in A-labels.
  const names = new Set([address, authorKey(address), identityKey(address)]);
  const hashes = [...names].map((name) => hash53(name, seed));
  try {
    days = await fates.forget(address, { dryRun });
    if (!dryRun) for (const part of [scripts, ...remembering]) part.forgetAddress(address);
    // What waits for the ledger may name the address.
    if (!journal.flushNow()) return notWritten(days);
    rows = ledger.forget({ address, hashes }, { dryRun });
  } catch (fault) {
    return {
      ok: false,
      text: `not everything was removed: ${faultText(fault)}`,
      hint: 'run the same command again',
    };
  }
  const verb = dryRun ? 'would be changed or removed' : 'changed or removed';
  const named = [address as Account, localAccount(address)].filter(
    (name) => accounts.known(name) !== undefined,
  );
  const account = named
    .map((name) => `, the account ${name} with its profile and incidents`)
    .join('');
  const text =
    `${many(days)} of the messages of the last days and ${many(rows)} of the ledger ${verb}; ` +
    notRemoved +
    account;
  if (dryRun) return { ok: true, text, count: days + rows };
  accounts.forget(hashes);
  // Without the address: the trail is never deleted.
  const kept = await journal.committed([
    {
      kind: 'audit',
      row: {
        at: world.clock.now(),
        by,
        action: 'forget',
        account: '',
        detail: `an address was removed from ${many(days + rows)}`,
      },
    },
  ]);
  world.log('info', 'messages.forgotten', { rows: days + rows });
  return kept ? { ok: true, text, count: days + rows } : notWritten(days + rows);
}

const many = (rows: number): string => (rows === 1 ? '1 row' : `${rows} rows`);

function notWritten(rows: number): AdminResult {
  return {
    ok: false,
    text: `${many(rows)} changed or removed, but the ledger could not be written`,
    hint: 'see postern doctor, then run the same command again',
  };
}
