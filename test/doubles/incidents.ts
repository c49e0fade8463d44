/** What incidents are told with, where a test has no lanes. */
import { openReplyClassifier } from '../../src/core/replies/classifier.ts';
import type { IncidentSources } from '../../src/flow/fate/found-view.ts';

export const withoutLanes: IncidentSources = {
  replies: openReplyClassifier(),
  laneChanges: () => [],
  server: { host: 'mail.example.org', contact: 'postmaster@example.org', addresses: [] },
  iso: (at) => new Date(at).toISOString().replace('.000Z', 'Z'),
};
