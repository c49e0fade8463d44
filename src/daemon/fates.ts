/** Opens the memory of what became of messages: the day files, and what tells them. */
import type { Config } from '../config/schema.ts';
import type { Account } from '../core/account-name.ts';
import { blameKey, storedBlame } from '../core/incidents/blame.ts';
import type { Accounts } from '../flow/account/accounts.ts';
import { type LogHealth, openLogHealth } from '../flow/fate/log-health.ts';
import { type MessageFates, openMessageFates } from '../flow/fate/message-fates.ts';
import type { Journal } from '../flow/journal/journal.ts';
import type { LaneWatch } from '../flow/lanes/lane-watch.ts';
import { type OpenFateStore, openFateStore } from '../ledger/fates/store.ts';
import type { Keeping } from '../ledger/fates/writer.ts';
import { dayMs, type Millis, minuteMs } from '../lib/time.ts';
import type { IncidentMail } from '../ports/fate.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Troubles } from '../ports/troubles.ts';
import type { DaemonParts } from './base/options.ts';
import { duration } from './base/settings.ts';

/** Writes what was counted on lanes, with the place in the mail log up to which it goes. */
type Counted = (key: string, place: string) => void;

export type DaemonFates = MessageFates & {
  readonly logHealth: LogHealth;
  readonly store: OpenFateStore;
  /** Calls back once all that the mail log said until now is written. */
  settled(done: (counted: Counted) => void): void;
  configure(config: Config): void;
};

const lookEveryMs = minuteMs / 2;
/** In the ledger once a line was read: from then on silence is a fault. */
const seenKey = 'mail-log seen';
const roundEveryMs = 10 * minuteMs;
/** Incidents that ended before this have no day left. */
const incidentMs = 32 * dayMs;
const incidentsMax = 10_000;

export function openDaemonFates(
  { config, scope, state, world }: DaemonParts,
  deps: {
    readonly ledger: Pick<Ledger, 'incidents' | 'meta'>;
    readonly accounts: Pick<Accounts, 'known'>;
    readonly journal: Journal;
    readonly troubles: Troubles;
    readonly lanes: LaneWatch;
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
    lanes: deps.lanes,
    stateOf: (account) => deps.accounts.known(account)?.state,
  });
  scope.defer(() => fates.end());
  const round = (): void => store.round(incidentsOf(deps.ledger, world.clock.now()));
  round();
  scope.defer(world.timers.every(roundEveryMs, round));
  scope.defer(world.timers.every(minuteMs, () => fates.waited(world.clock.now())));
  const logHealth = openDaemonLogHealth({ config, world }, deps);
  scope.defer(world.timers.every(lookEveryMs, () => logHealth.look()));
  return {
    ...fates,
    judged(message, answer) {
      fates.judged(message, answer);
      deps.lanes.judged(message);
      logHealth.judged();
    },
    logHealth,
    store,
    settled(done) {
      fates.tellUnsure();
      const counted = deps.lanes.cut();
      store.settled(() => done(counted));
    },
    configure(changed) {
      store.configure(keepingOf(changed));
      round();
    },
  };
}

function openDaemonLogHealth(
  { config, world }: Pick<DaemonParts, 'config' | 'world'>,
  deps: { readonly journal: Journal; readonly troubles: Troubles; readonly lanes: LaneWatch },
): LogHealth {
  const { journal, lanes, troubles } = deps;
  const { source } = config.mail_log;
  let isSeen = journal.live.meta(seenKey) !== undefined;
  const health = openLogHealth({
    troubles,
    unread: (why) => lanes.unread(why),
    nowMs: () => performance.now(),
    isExpected: isSeen || (source !== 'auto' && source !== 'off'),
  });
  return {
    ...health,
    lines() {
      health.lines();
      if (isSeen) return;
      isSeen = true;
      journal.add({ kind: 'meta', key: seenKey, value: new Date(world.clock.now()).toISOString() });
    },
  };
}

function keepingOf({ messages }: Config): Keeping {
  return { keepMs: duration(messages.keep), keepClearMs: duration(messages.keep_clear) };
}

function incidentsOf(
  ledger: Pick<Ledger, 'incidents' | 'meta'>,
  now: Millis,
): readonly IncidentMail[] {
  const replies = storedBlame(ledger.meta(blameKey)).map(({ account, ...one }) => ({
    ...one,
    account: account as Account,
  }));
  return [...ledger.incidents({ limit: incidentsMax }), ...replies]
    .filter(({ endedAt }) => endedAt === undefined || endedAt > now - incidentMs)
    .map(({ account, endedAt, since }) => ({ account, since, until: endedAt }));
}
