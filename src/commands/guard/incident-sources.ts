/** What incidents are told with while the guard does not run. */
import { hostname } from 'node:os';
import { reportServerOf } from '../../config/values.ts';
import { openReplyClassifier } from '../../core/replies/classifier.ts';
import { allReplyRules } from '../../core/replies/rules/all.ts';
import type { IncidentSources } from '../../flow/fate/found-view.ts';
import { publicAddresses } from '../../partners/kernel/public-addresses.ts';
import { loadConfig } from '../config/load-config.ts';
import { usualConfig } from '../config/usual-config.ts';

export function storedIncidentSources(
  laneChanges: IncidentSources['laneChanges'],
): IncidentSources {
  let known: ReturnType<typeof loadConfig> | undefined;
  // Most commands read no incident, so rules and settings are read when they are needed, once.
  const settings = (): ReturnType<typeof loadConfig> => {
    known ??= loadConfig(usualConfig());
    return known;
  };
  return {
    laneChanges,
    get replies() {
      return openReplyClassifier(allReplyRules(settings().replyRules));
    },
    get server() {
      const { config } = settings();
      const host = config.host === '' ? hostname() : config.host;
      return reportServerOf(config, { host, addresses: publicAddresses() });
    },
    iso: (at) => new Date(at).toISOString(),
  };
}
