/** Opens the memory of what became of messages: the day files, and what tells them. */
import type { Config } from '../config/schema.ts';
import type { Accounts } from '../flow/account/accounts.ts';
import { type MessageFates, openMessageFates } from '../flow/fate/message-fates.ts';
import { type OpenFateStore, openFateStore } from '../ledger/fates/store.ts';
import type { Keeping } from '../ledger/fates/writer.ts';
import { dayMs, type Millis, minuteMs } from '../lib/time.ts';
import type { IncidentMail } from '../ports/fate.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Troubles } from '../ports/troubles.ts';
import type { DaemonParts } from './base/options.ts';
import { duration } from './base/settings.ts';

export type DaemonFates = MessageFates & {
  readonly store: OpenFateStore;
  configure(config: Config): void;
};

const roundEveryMs = 10 * minuteMs;
/** Incidents that ended before this have no day left. */
const incidentMs = 32 * dayMs;
const incidentsMax = 10_000;

export function openDaemonFates(
  { config, scope, state, world }: DaemonParts,
  deps: {
    readonly ledger: Pick<Ledger, 'incidents'>;
    readonly accounts: Pick<Accounts, 'known'>;
    readonly troubles: Troubles;
  },
): DaemonFates {
  const store = openFateStore({
    folder: state,
    keeping: keepingOf(config),
    world,
    trouble: (why) => deps.troubles.set('messages', why),
  });
  scope.defer(() => store.close());
  const fates = openMessageFates({
    store,
    stateOf: (account) => deps.accounts.known(account)?.state,
  });
  scope.defer(() => fates.end());
  const round = (): void => store.round(incidentsOf(deps.ledger, world.clock.now()));
  round();
  scope.defer(world.timers.every(roundEveryMs, round));
  scope.defer(world.timers.every(minuteMs, () => fates.waited(world.clock.now())));
  return {
    ...fates,
    store,
    configure(changed) {
      store.configure(keepingOf(changed));
      round();
    },
  };
}

function keepingOf({ messages }: Config): Keeping {
  return { keepMs: duration(messages.keep), keepClearMs: duration(messages.keep_clear) };
}

function incidentsOf(ledger: Pick<Ledger, 'incidents'>, now: Millis): readonly IncidentMail[] {
  return ledger
    .incidents({ limit: incidentsMax })
    .filter(({ endedAt }) => endedAt === undefined || endedAt > now - incidentMs)
    .map(({ account, endedAt, since }) => ({ account, since, until: endedAt }));
}
