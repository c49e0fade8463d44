/** Announced mailings and imports for tests that have none, and an admin that agrees to all. */
import type { Account } from '../../src/core/account-name.ts';
import type { ExpectedMailing } from '../../src/core/mailings/expected.ts';
import type { GateDeps } from '../../src/flow/account/message-submitted.ts';
import { type ImportDeps, type Imports, openImports } from '../../src/flow/imports/imports.ts';
import { type MailingDeps, type Mailings, openMailings } from '../../src/flow/mailings/mailings.ts';
import type { Millis } from '../../src/lib/time.ts';
import type { ImportAdmin, ImportRow } from '../../src/ports/imports/imports.ts';
import type { MailingAdmin } from '../../src/ports/mailings/mailings.ts';

/** For a gate. */
export const noMailings: Pick<GateDeps, 'mailings' | 'imports'> = {
  mailings: { left: () => 0, usedBy: () => 0, passed: () => undefined },
  imports: { wrote: () => undefined },
};

/** As the daemon opens them. */
export function openPeople(deps: MailingDeps & ImportDeps): {
  readonly mailings: Mailings;
  readonly imports: Imports;
} {
  return { mailings: openMailings(deps), imports: openImports(deps) };
}

/** A club announces a mailing for tomorrow. */
export function clubMailing(now: Millis): ExpectedMailing {
  return {
    account: 'club@example.org' as Account,
    recipients: 300,
    left: 180,
    until: (now + 86_400_000) as Millis,
    by: 'root',
    note: 'yearly meeting',
    at: (now - 3_600_000) as Millis,
  };
}

export function agreeableMailings(calls: string[], now: () => Millis): MailingAdmin {
  return {
    list: () => [clubMailing(now())],
    expect(account, { fromNow, note, recipients, until }, by) {
      calls.push(`expect ${account} ${recipients} ${until > now()} ${fromNow} ${note} ${by}`);
      return Promise.resolve({ ok: true, text: `${account}: announced`, count: 1 });
    },
    cancel(account, note, by) {
      calls.push(`cancel ${account} ${note} ${by}`);
      return Promise.resolve({ ok: true, text: `${account}: taken back`, count: 1 });
    },
  };
}

/** Knows one import, of the account `mover@example.org`. */
export function agreeableImports(calls: string[], now: () => Millis): ImportAdmin {
  const row: ImportRow = {
    id: 3,
    account: 'mover@example.org' as Account,
    at: (now() - 3_600_000) as Millis,
    by: 'root',
    source: 'contacts.vcf',
    note: '',
    added: 2,
    undoneAt: undefined,
  };
  return {
    list: () => [row],
    add({ account, addresses, dryRun, id, source }, by) {
      calls.push(
        `import ${account} ${id ?? 'new'} ${addresses.join(' ')} ${source} ${dryRun} ${by}`,
      );
      const added = addresses.length;
      const counts = { account, added, known: 0, cut: 0 };
      return Promise.resolve({ ok: true, text: '', count: added, id: dryRun ? 0 : 4, ...counts });
    },
    undo(id, by) {
      calls.push(`undo ${id} ${by}`);
      return Promise.resolve({ ok: true, text: `import ${id} undone`, count: 2 });
    },
  };
}
