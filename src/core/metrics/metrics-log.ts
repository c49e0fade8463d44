/** Metrics of the mail log, and of mail that left without a verdict. */
import { laneStates } from '../deliverability/lane.ts';
import type { Metric } from './metric.ts';

export const mailLogMetrics: readonly Metric[] = [
  {
    name: 'postern_mail_log_wanted',
    kind: 'gauge',
    help: 'Mail logs that the configuration names.',
  },
  {
    name: 'postern_mail_log_reading',
    kind: 'gauge',
    help:
      'Mail logs that are being read now. If this is fewer than postern_mail_log_wanted, run ' +
      '`postern doctor`.',
  },
  { name: 'postern_mail_log_lines_total', kind: 'counter', help: 'Lines read from mail logs.' },
  {
    name: 'postern_mail_log_events_total',
    kind: 'counter',
    help: 'Events found in mail logs: deliveries by outcome, successful and failed logins.',
    label: 'event',
    values: ['sent', 'deferred', 'bounced', 'login', 'login-failed'],
  },
  {
    name: 'postern_mail_log_dropped_total',
    kind: 'counter',
    help:
      'Events in mail logs that Postern ignored, by reason: unknown account, unknown message, ' +
      'recipient that the message did not have, recipient that was counted before, line without ' +
      'a login name, repeated login, login closed by a suspension, login in a webmail’s log ' +
      'without one at the mailbox (counted if that one comes within five minutes), failed login ' +
      'of a webmail host that its own log tells of, too.',
    label: 'why',
    values: [
      'unknown-account',
      'unknown-message',
      'unknown-recipient',
      'repeated-bounce',
      'unnamed-login',
      'repeated-login',
      'closed-login',
      'unconfirmed-webmail',
      'webmail-twice',
    ],
  },
  {
    name: 'postern_mail_left_total',
    kind: 'counter',
    help:
      'Messages that the mail log shows leaving this server: judged, came-in (mail from ' +
      'elsewhere that is forwarded), own (notifications of Postfix, notices of Postern), unknown ' +
      '(the log does not say how they came in), bypassed (no door judged them).',
    label: 'what',
    values: ['judged', 'came-in', 'own', 'unknown', 'bypassed'],
  },
  {
    name: 'postern_bypassed_total',
    kind: 'counter',
    help:
      'Messages that left and that no door judged, by the service of Postfix that took them and ' +
      'the service that sent them. `postern status` also shows user id, client and login.',
    label: 'service',
    secondLabel: 'left_by',
  },
  {
    name: 'postern_mail_log_faults_total',
    kind: 'counter',
    help:
      'Faults of mail logs: file missing, file unreadable, line too long, lines skipped, ' +
      'journalctl ended, mistake in Postern.',
    label: 'what',
    values: ['missing', 'unreadable', 'too-long', 'skipped', 'ended', 'bug'],
  },
  {
    name: 'postern_mail_log_read_total',
    kind: 'counter',
    help:
      'Lines of mail logs: told (they say something that Postern uses), known (of mail, nothing ' +
      'to use), strange (of mail, and not understood; `postern doctor` shows the most frequent), ' +
      'other (not of mail), formless (no known form).',
    label: 'as',
    values: ['told', 'known', 'strange', 'other', 'formless'],
  },
  {
    name: 'postern_mail_log_lost_total',
    kind: 'counter',
    help: 'Lines that systemd-journald or rsyslogd dropped before Postern could read them.',
  },
  {
    name: 'postern_fates_written_total',
    kind: 'counter',
    help: 'Facts about messages written to the day files (`postern find`).',
  },
  {
    name: 'postern_fates_dropped_total',
    kind: 'counter',
    help:
      'Facts about messages that are not in the day files: too many waited for the disk, their ' +
      'day is not kept (any more), mistake in Postern.',
    label: 'why',
    values: ['waiting', 'day', 'bug'],
  },
  {
    name: 'postern_lanes',
    kind: 'gauge',
    help: 'Lanes (our address and a provider), by how the provider treats our mail.',
    label: 'state',
    values: laneStates,
  },
  {
    name: 'postern_lane_changes_total',
    kind: 'counter',
    help: 'Lanes that changed their state, by the new state.',
    label: 'to',
    values: laneStates,
  },
  {
    name: 'postern_lane_attempts_total',
    kind: 'counter',
    help: 'Answers of mail servers elsewhere to attempts to deliver, by provider and outcome.',
    label: 'provider',
    secondLabel: 'outcome',
  },
];
