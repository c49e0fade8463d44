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
    name: 'postern_told_total',
    kind: 'counter',
    help:
      'Reasons to tell somebody about mail that passed: many strangers reached, a new client, ' +
      'one text to many people, days of being watched.',
    label: 'what',
    values: ['reach', 'new-client', 'copies', 'watched'],
  },
  {
    name: 'postern_troubles',
    kind: 'gauge',
    help: 'Faults of the guard that `postern status` shows as trouble, besides the ledger.',
  },
];
