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
  let replies: IncidentSources['replies'] | undefined;
  let server: IncidentSources['server'] | undefined;
  return {
    laneChanges,
    // Most commands read no incident, so rules and settings are read when they are needed.
    get replies() {
      replies ??= openReplyClassifier(allReplyRules(loadConfig(usualConfig()).replyRules));
      return replies;
    },
    get server() {
      const { config } = loadConfig(usualConfig());
      const host = config.host === '' ? hostname() : config.host;
      server ??= reportServerOf(config, { host, addresses: publicAddresses() });
      return server;
    },
    iso: (at) => new Date(at).toISOString(),
  };
}
