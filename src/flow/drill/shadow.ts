/**
 * A drill suspends the canary with the very flow that suspends real accounts, but with a memory of
 * its own that ends with the drill. So no incident, no held message, no statistic and no notice of
 * a drill can be taken for a real one.
 */
import type { Policy } from '../../core/account/policy.ts';
import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import type { Millis } from '../../lib/time.ts';
import type { AdminResult } from '../../ports/admin.ts';
import type { Ledger } from '../../ports/ledger.ts';
import type { LoginDoor, Mta } from '../../ports/mail-server.ts';
import type { World } from '../../ports/world.ts';
import { openAccounts } from '../account/accounts.ts';
import { messageRow } from '../account/message-rows.ts';
import { openJournal } from '../journal/journal.ts';
import type { Notices } from '../notices/notices.ts';
import type { Settings } from '../settings.ts';
import { openSuspensions } from '../suspension/account-suspended.ts';
import { nothingKnown } from '../suspension/suspension-notice.ts';

export type ShadowDeps = {
  /** An empty ledger in memory, of this drill alone. */
  readonly openLedger: () => Ledger;
  readonly world: World;
  readonly policy: Policy;
  readonly settings: Settings;
  readonly mta: Mta | undefined;
  readonly logins: LoginDoor | undefined;
  readonly host: string;
  readonly iso: (at: Millis) => string;
};

export type Fault = { readonly step: string; readonly why: string };

export type Shadow = {
  /** Notes a message that passed or was held, so that the suspension finds it. */
  judged(message: Submission, verdict: 'pass' | 'hold'): void;
  suspend(account: Account): Promise<AdminResult>;
  release(account: Account): Promise<AdminResult>;
  /** Whether the suspension has done all that it does; undefined: it has not. */
  readonly enforced: { readonly loginClosed: boolean } | undefined;
  readonly faults: readonly Fault[];
  close(): Promise<void>;
};

const by = 'drill';
/** A drill has a few. */
const faultsMax = 20;

export function openShadow(deps: ShadowDeps): Shadow {
  const { host, iso, logins, mta, policy } = deps;
  const faults: Fault[] = [];
  let enforced: Shadow['enforced'];
  const world: World = {
    ...deps.world,
    count: () => undefined,
    log(level, step, fields) {
      deps.world.log('info', 'drill.step', { step, ...fields });
      if (level !== 'error' || faults.length >= faultsMax) return;
      faults.push({ step, why: String(fields?.['why'] ?? '') });
    },
  };
  const ledger = deps.openLedger();
  const journal = openJournal({ world, ledger, onState: () => undefined });
  const accounts = openAccounts(journal, policy, 1);
  const notices: Notices = {
    ...silent,
    // The flow sends its notice when queue and login are done.
    send: (notice) => {
      enforced = { loginClosed: notice.loginClosed };
    },
  };
  const suspensions = openSuspensions({
    accounts,
    journal,
    notices,
    mta,
    logins,
    world,
    host,
    iso,
    known: async () => nothingKnown,
    // The canary is nobody's account: a drill stops it in mode observe, too.
    settings: { ...deps.settings, mode: 'guard' },
  });
  return {
    judged: (message, verdict) =>
      journal.add({ kind: 'message', row: messageRow(message, verdict) }),
    suspend: (account) => suspensions.byHand(account, { by, note: by, hijacked: false }),
    release: (account) =>
      suspensions.release(account, { by, note: by, falseAlarm: false, keepHeld: true }),
    get enforced() {
      return enforced;
    },
    faults,
    async close() {
      await suspensions.close();
      journal.close();
      ledger.close();
    },
  };
}

const silent: Notices = {
  prepare: () => [],
  send: () => undefined,
  isOurs: () => false,
  now: async () => [],
  channels: [],
  proofs: () => [],
  logged: () => undefined,
  close: () => undefined,
};
