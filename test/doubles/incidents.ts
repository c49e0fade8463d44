/** What incidents are told with, where a test has no lanes. */
import { openReplyClassifier } from '../../src/core/replies/classifier.ts';
import { ourReplyRules } from '../../src/core/replies/rules/all.ts';
import type { IncidentSources } from '../../src/flow/fate/found-view.ts';

export const withoutLanes: IncidentSources = {
  replies: openReplyClassifier(ourReplyRules),
  laneChanges: () => [],
  server: { host: 'mail.example.org', contact: 'postmaster@example.org', addresses: [] },
  iso: (at) => new Date(at).toISOString().replace('.000Z', 'Z'),
};
