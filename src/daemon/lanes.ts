/** Opens the watch of lanes: how each provider treats our mail. */
import { reportServerOf } from '../config/values.ts';
import { laneStates } from '../core/deliverability/lane.ts';
import { providerById, providerOfMx } from '../core/deliverability/providers.ts';
import type { ReplyClassifier } from '../core/replies/classified.ts';
import type { IncidentSources } from '../flow/fate/found-view.ts';
import type { Journal } from '../flow/journal/journal.ts';
import { openBlamedAccounts } from '../flow/lanes/blamed-accounts.ts';
import { openBulkSenders } from '../flow/lanes/bulk-senders.ts';
import { openLaneNotices } from '../flow/lanes/lane-notices.ts';
import { bulkLacks } from '../flow/lanes/lane-views.ts';
import { type LaneWatch, lanesLookEveryMs, openLaneWatch } from '../flow/lanes/lane-watch.ts';
import type { Notices } from '../flow/notices/notices.ts';
import type { Millis } from '../lib/time.ts';
import { organisationOf } from '../partners/dns/public-suffix.ts';
import { publicAddresses } from '../partners/kernel/public-addresses.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { DaemonParts } from './base/options.ts';

const iso = (at: Millis): string => new Date(at).toISOString();

export function openDaemonLanes(
  { counters, host, scope, world }: DaemonParts,
  deps: {
    readonly ledger: Ledger;
    readonly journal: Journal;
    readonly notices: Notices;
    readonly classifier: ReplyClassifier;
  },
): LaneWatch {
  const { journal, ledger, notices } = deps;
  const missing = (domain: string): readonly string[] => bulkLacks(domain, journal.live);
  const nameOf = (provider: string): string => providerById(provider)?.name ?? provider;
  const watch = openLaneWatch({
    classifier: deps.classifier,
    providerOf: (mxHost) => providerOfMx(mxHost)?.id,
    organisationOf,
    ledger,
    journal,
    world,
    missing,
    told: openLaneNotices({ notices, world, host, nameOf, missing, iso }),
    bulk: openBulkSenders({ ledger, journal, organisationOf }),
  });
  const blamed = openBlamedAccounts({ lanes: watch, journal, world });
  let wasBad = true;
  const look = (): void => {
    watch.look();
    const states = watch.states();
    const isBad = states.some((one) => one === 'slowed' || one === 'blocked');
    if (isBad || wasBad) blamed.look();
    wasBad = isBad;
    for (const state of laneStates) {
      counters.set('postern_lanes', states.filter((one) => one === state).length, state);
    }
  };
  look();
  scope.defer(world.timers.every(lanesLookEveryMs, look));
  return watch;
}

/** What incidents are told with, and what their reports say of this server. */
export function incidentSources(
  { config, host }: Pick<DaemonParts, 'config' | 'host'>,
  { classifier, lanes }: { readonly classifier: ReplyClassifier; readonly lanes: LaneWatch },
): IncidentSources {
  return {
    replies: classifier,
    laneChanges: lanes.changes,
    server: reportServerOf(config, { host, addresses: publicAddresses() }),
    iso,
  };
}
