/** Opens what stops an account and what releases it. */
import type { Accounts } from '../flow/account/accounts.ts';
import { type FactsDeps, incidentKnown } from '../flow/fate/account-facts.ts';
import type { Journal } from '../flow/journal/journal.ts';
import type { Notices } from '../flow/notices/notices.ts';
import { openReminders } from '../flow/notices/reminders.ts';
import type { WeakPasswords } from '../flow/passwords/passwords-audited.ts';
import type { Settings } from '../flow/settings.ts';
import { openSuspensions, type Suspensions } from '../flow/suspension/account-suspended.ts';
import { openReview } from '../flow/suspension/held-review.ts';
import type { Millis } from '../lib/time.ts';
import type { FateStore } from '../ports/fate.ts';
import type { AccountKeys } from '../ports/keys.ts';
import type { LoginDoor, Mta } from '../ports/mail-server.ts';
import type { DaemonParts } from './base/options.ts';

type Remembered = {
  readonly accounts: Accounts;
  readonly journal: Journal;
  readonly notices: Notices;
  readonly weakPasswords: Pick<WeakPasswords, 'why'>;
};

export type Stopping = {
  readonly mta: Mta | undefined;
  readonly logins: LoginDoor | undefined;
  readonly suspensions: Suspensions;
};

const iso = (at: Millis): string => new Date(at).toISOString();

export function openStopping(
  { host, scope, world }: DaemonParts,
  { accounts, journal, notices, weakPasswords }: Remembered,
  of: Pick<Stopping, 'mta' | 'logins'> & {
    readonly settings: Settings;
    readonly fates: Pick<FateStore, 'find'>;
    readonly keys: AccountKeys;
    readonly classifier: FactsDeps['replies'];
  },
): Stopping {
  const { fates, keys, mta, logins, settings } = of;
  const shared = { world, accounts, journal, mta, settings };
  const asked: FactsDeps = {
    fates,
    live: journal.live,
    log: () => 'read',
    now: world.clock.now,
    replies: of.classifier,
    weakPassword: (account) => weakPasswords.why(account),
  };
  const suspensions = openSuspensions({
    ...shared,
    notices,
    logins,
    keys,
    host,
    iso,
    known: (incident) => incidentKnown(asked, incident, world.log),
  });
  scope.defer(() => suspensions.close());
  const reminders = openReminders({ ...shared, notices, host, iso });
  scope.defer(() => reminders.close());
  const review = openReview({ ...shared, suspensions });
  scope.defer(() => review.close());
  return { mta, logins, suspensions };
}
