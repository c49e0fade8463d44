/** Metrics of mail that a webmail hands in. */
import type { Metric } from './metric.ts';

export const webmailMetrics: readonly Metric[] = [
  {
    name: 'postern_webmail_messages_total',
    kind: 'counter',
    help:
      'Mail that a webmail handed in for a login, by how the person’s address was learned: ' +
      'xclient, field, log, nothing (it is not known). other-program: a program that is not the ' +
      'webmail connected from its address.',
    label: 'how',
    values: ['xclient', 'field', 'log', 'nothing', 'other-program'],
  },
];
