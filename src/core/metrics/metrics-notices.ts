/** Metrics of what operators are told: notices, and faults of the guard. */

import type { Metric } from './metric.ts';

export const noticeMetrics: readonly Metric[] = [
  {
    name: 'postern_notices_total',
    kind: 'counter',
    help:
      'Attempts to send a notice to the operator, by outcome. failed means given up after two ' +
      'days.',
    label: 'outcome',
    values: ['sent', 'retried', 'failed'],
  },
  {
    name: 'postern_notices_waiting',
    kind: 'gauge',
    help:
      'Notices that a channel did not take at the first attempt and that still wait; see the log ' +
      '(notice.not-taken).',
  },
  {
    name: 'postern_troubles',
    kind: 'gauge',
    help: 'Faults of the guard that `postern status` shows as trouble, besides the ledger.',
  },
];
