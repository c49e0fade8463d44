/** Metrics of what operators say of the people that accounts write to. */
import type { Metric } from './metric.ts';

export const peopleMetrics: readonly Metric[] = [
  {
    name: 'postern_expected_mailings',
    kind: 'gauge',
    help: 'Mailings that operators announced and that are in force now.',
  },
  {
    name: 'postern_expected_recipients_total',
    kind: 'counter',
    help: 'New recipients that did not count, because an operator announced them.',
  },
];
