/** Metrics of returned mail and automatic answers. */

import { noticeCauses } from '../reflection/own-bounce.ts';
import { proofs } from '../reflection/returned.ts';
import type { Metric } from './metric.ts';

export const reflectionMetrics: readonly Metric[] = [
  {
    name: 'postern_returned_mail_total',
    kind: 'counter',
    help:
      'Incoming messages without a sender (returned mail), by their proof that this server sent ' +
      'the original. unproven grows fast while somebody forges your addresses.',
    label: 'proof',
    values: proofs,
  },
  {
    name: 'postern_own_bounces_total',
    kind: 'counter',
    help:
      'Notices about undelivered mail that the mail server sent to other servers, by cause, as ' +
      'the mail log tells.',
    label: 'cause',
    values: noticeCauses,
  },
  {
    name: 'postern_automatic_answers_total',
    kind: 'counter',
    help:
      'Automatic answers of this server (vacation): passed, or discarded because the mail that ' +
      'they answer is forged or spam, or because they were repeated within a week.',
    label: 'verdict',
    values: ['passed', 'forged', 'spam', 'repeated'],
  },
];
