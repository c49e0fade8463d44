/** Metrics of mail that scripts send, from the sendmail door and the register of scripts. */

import { scriptSignals } from '../script-mail.ts';
import type { Metric } from './metric.ts';

export const scriptMetrics: readonly Metric[] = [
  {
    name: 'postern_script_messages_total',
    kind: 'counter',
    help: 'Messages through the sendmail door, by the verdict of the register of scripts.',
    label: 'verdict',
    values: ['pass', 'hold'],
  },
  {
    name: 'postern_script_findings_total',
    kind: 'counter',
    help:
      'Findings of the register against messages of scripts, whether or not the message was ' +
      'held.',
    label: 'finding',
    values: scriptSignals,
  },
  {
    name: 'postern_script_direct_total',
    kind: 'counter',
    help: 'Messages that a web user sent by SMTP on this machine, by the configured action.',
    label: 'done',
    values: ['attribute', 'refuse'],
  },
];

export const authorMetrics: readonly Metric[] = [
  {
    name: 'postern_author_permissions_total',
    kind: 'counter',
    help:
      'Addresses in From of outgoing mail, by what allows the account to write as them; see ' +
      'docs/authors.md.',
    label: 'permission',
    values: ['own', 'map', 'declared', 'observed', 'foreign', 'unknown'],
  },
];

export const sendmailMetrics: readonly Metric[] = [
  {
    name: 'postern_sendmail_messages_total',
    kind: 'counter',
    help:
      'Messages handed over by sendmail(1), by the proof of their sender: the kernel, or the ' +
      'owner of the spooled file.',
    label: 'proven',
    values: ['kernel', 'owner'],
  },
  {
    name: 'postern_sendmail_refused_total',
    kind: 'counter',
    help:
      'Messages that sendmail(1) could not hand over, by reason: too many messages of the user ' +
      'wait, the disk failed, or as much mail of the script is held as may be. The calling ' +
      'program gets an error and may try again.',
    label: 'reason',
    values: ['waiting', 'disk', 'held'],
  },
  {
    name: 'postern_sendmail_failed_total',
    kind: 'counter',
    help:
      'Failed attempts to give a message to the mail server’s own sendmail. Postern tries ' +
      'again.',
    label: 'how',
    values: ['refused', 'unknown'],
  },
  {
    name: 'postern_sendmail_copies_total',
    kind: 'counter',
    help: 'Second copies of a message that Postern discarded after a crash.',
  },
  {
    name: 'postern_sendmail_forged_fields_total',
    kind: 'counter',
    help:
      'Header fields named X-Postern-Submission in mail of this machine that Postern did not ' +
      'write. Postern removes them.',
  },
  {
    name: 'postern_sendmail_waiting',
    kind: 'gauge',
    help:
      'Messages of programs that the mail server has not yet passed to the milter door. More ' +
      'than 100 for several minutes means that the mail server does not take them.',
  },
  {
    name: 'postern_sendmail_spool_removed_total',
    kind: 'counter',
    help:
      'Entries removed from the spool because they are no messages, or because their user has ' +
      'left more than twice what postern-sendmail leaves.',
  },
  {
    name: 'postern_sendmail_faults_total',
    kind: 'counter',
    help: 'Connections of sendmail(1) that Postern ended, by reason.',
    label: 'reason',
  },
];
