/** Metrics of mail that scripts send: of the sendmail door, and of the register. Of metrics.ts. */

import { scriptSignals } from '../script-mail.ts';
import type { Metric } from './metric.ts';

export const scriptMetrics: readonly Metric[] = [
  {
    name: 'postern_script_messages_total',
    kind: 'counter',
    help: 'Messages that came by the sendmail door, by what the register of scripts says: pass or hold.',
    label: 'verdict',
    values: ['pass', 'hold'],
  },
  {
    name: 'postern_script_findings_total',
    kind: 'counter',
    help: 'What the register found against messages of scripts, whether or not they were held for it.',
    label: 'finding',
    values: scriptSignals,
  },
  {
    name: 'postern_script_direct_total',
    kind: 'counter',
    help: 'Messages that a web user brought by SMTP to this machine itself, by what is set to be done with them.',
    label: 'done',
    values: ['attribute', 'refuse'],
  },
];

export const sendmailMetrics: readonly Metric[] = [
  {
    name: 'postern_sendmail_messages_total',
    kind: 'counter',
    help: 'Messages handed in by sendmail(1), by how it is known who did: kernel, or the owner of the spooled file.',
    label: 'proven',
    values: ['kernel', 'owner'],
  },
  {
    name: 'postern_sendmail_refused_total',
    kind: 'counter',
    help: 'Messages that sendmail(1) could not hand in now: too many of its user wait, or the disk.',
    label: 'reason',
    values: ['waiting', 'disk'],
  },
  {
    name: 'postern_sendmail_failed_total',
    kind: 'counter',
    help: 'Times that the mail server’s own sendmail did not take a message; it is tried again.',
    label: 'how',
    values: ['refused', 'unknown'],
  },
  {
    name: 'postern_sendmail_copies_total',
    kind: 'counter',
    help: 'Second copies of one message that vanished, after a crash.',
  },
  {
    name: 'postern_sendmail_waiting',
    kind: 'gauge',
    help: 'Messages of programs that the mail server has not shown to the milter door yet. Over a hundred for minutes: it does not take them.',
  },
  {
    name: 'postern_sendmail_faults_total',
    kind: 'counter',
    help: 'Connections of sendmail(1) ended by us, by reason.',
    label: 'reason',
  },
];
