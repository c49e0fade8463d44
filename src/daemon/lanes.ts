/** Opens the watch of lanes: how each provider treats our mail. */

import type { Config } from '../config/schema.ts';
import { reportServerOf } from '../config/values.ts';
import { isBadState, laneStates } from '../core/deliverability/lane.ts';
import { providerName, providerOfMx } from '../core/deliverability/providers.ts';
import type { ReplyClassifier } from '../core/replies/classified.ts';
import type { IncidentSources } from '../flow/fate/found-view.ts';
import type { Journal } from '../flow/journal/journal.ts';
import { openBlamedAccounts } from '../flow/lanes/blamed-accounts.ts';
import { openBulkMissing } from '../flow/lanes/bulk-missing.ts';
import { openBulkSenders } from '../flow/lanes/bulk-senders.ts';
import { openLaneNotices } from '../flow/lanes/lane-notices.ts';
import { type LaneWatch, lanesLookEveryMs, openLaneWatch } from '../flow/lanes/lane-watch.ts';
import type { Notices } from '../flow/notices/notices.ts';
import type { Millis } from '../lib/time.ts';
import { organisationOf } from '../partners/dns/public-suffix.ts';
import { publicAddresses } from '../partners/kernel/public-addresses.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { DaemonParts } from './base/options.ts';
import { openBulkCheck } from './readers/bulk-check.ts';

const iso = (at: Millis): string => new Date(at).toISOString();

export type DaemonLanes = LaneWatch & { configure(config: Config): void };

export function openDaemonLanes(
  parts: DaemonParts,
  deps: {
    readonly ledger: Ledger;
    readonly journal: Journal;
    readonly notices: Notices;
    readonly classifier: ReplyClassifier;
  },
): DaemonLanes {
  const { counters, host, scope, world } = parts;
  const { journal, ledger, notices } = deps;
  const { check, configure } = openBulkCheck(parts, journal);
  const missing = openBulkMissing({ ledger: journal.live, check, world });
  const watch = openLaneWatch({
    classifier: deps.classifier,
    providerOf: (mxHost) => providerOfMx(mxHost)?.id,
    organisationOf,
    ledger,
    journal,
    world,
    missing,
    told: openLaneNotices({
      notices,
      world,
      host,
      nameOf: providerName,
      missing: missing.now,
      iso,
    }),
    bulk: openBulkSenders({ ledger, journal, organisationOf, clock: world.clock }),
  });
  const blamed = openBlamedAccounts({ lanes: watch, journal, world });
  let wasBad = true;
  const look = (): void => {
    watch.look();
    const states = watch.states();
    const isBad = states.some(isBadState);
    if (isBad || wasBad) blamed.look();
    wasBad = isBad;
    for (const state of laneStates) {
      counters.set('postern_lanes', states.filter((one) => one === state).length, state);
    }
  };
  look();
  scope.defer(world.timers.every(lanesLookEveryMs, look));
  return Object.assign(watch, { configure });
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
