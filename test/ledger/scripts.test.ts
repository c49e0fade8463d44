/** The ledger's tables of web scripts: who they are, what each may, and what they handed in. */
import { strict as assertStrict } from 'node:assert';
import { test } from 'node:test';
import type { Account } from '../../src/core/account-name.ts';
import { inMemory, openLedger } from '../../src/ledger/sqlite/open.ts';
import type { Change, Ledger } from '../../src/ports/ledger.ts';
import { at, handoverRow, scriptRuleRow, scriptSeen } from './samples.ts';

function ledgerWith(...changes: readonly Change[]): Ledger {
  const ledger = openLedger(inMemory);
  ledger.write(changes, { durable: true });
  return ledger;
}

test('scripts and their rules: the newest first, a later state replaces one', () => {
  const bare = scriptRuleRow({
    id: 'r1',
    uid: undefined,
    recipients: { kind: 'any' },
    rate: undefined,
    effect: 'deny',
    from: [],
    removedAt: at(14_000),
  });
  const user = scriptSeen({
    account: 'user:www-data' as Account,
    subject: 'user:www-data',
    uid: 33,
    how: 'none',
    oddAt: undefined,
    lastAt: at(12_600),
    to: [],
    from: [],
  });
  const ledger = ledgerWith(
    { kind: 'script', row: scriptSeen({ messages: 1 }) },
    { kind: 'script', row: user },
    { kind: 'script', row: scriptSeen() },
    { kind: 'script-rule', row: scriptRuleRow() },
    { kind: 'script-rule', row: { ...bare, removedAt: undefined } },
    { kind: 'script-rule', row: bare },
  );
  assertStrict.deepEqual(ledger.scripts(), [user, scriptSeen()]);
  assertStrict.deepEqual(ledger.scriptRules(), [bare, scriptRuleRow()]);
  ledger.close();
});

test('of scripts, the ten thousand that sent last are kept', () => {
  const many = Array.from({ length: 10_300 }, (_, n) =>
    scriptSeen({ account: `script:/${n}.php` as Account, lastAt: at(n) }),
  );
  const ledger = ledgerWith(...many.map((row): Change => ({ kind: 'script', row })));
  const never = {
    messages: at(0),
    stories: at(0),
    statistics: at(0),
    deferred: at(0),
    imports: at(0),
    known: [],
  };
  while (ledger.prune(never));
  const left = ledger.scripts();
  assertStrict.deepEqual([left.length, left.at(-1)?.account], [10_000, 'script:/300.php']);
  ledger.close();
});

test('the try of a handed-in message that counts: the newest writing stands', () => {
  const first = handoverRow({ attempt: 'a1' });
  const ledger = ledgerWith(
    { kind: 'handover', row: first },
    { kind: 'handover', row: { ...first, token: 'another' } },
    { kind: 'handover', row: handoverRow() },
  );
  assertStrict.deepEqual(ledger.handover(first.token), handoverRow());
  assertStrict.equal(ledger.handover('none'), undefined);
  ledger.close();
});
