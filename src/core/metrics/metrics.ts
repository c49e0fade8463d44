/**
 * Every metric that `/metrics` shows: its name, what it means, and its label. Parts count by
 * `name`; the unit and the `_total` of a counter are part of it, so that what the code counts is
 * what the operator greps for. No label ever carries an account, an address or a subject: scrapes
 * end up in places that mail must not.
 */

import { keyStates } from '../signing/key.ts';
import type { Metric } from './metric.ts';
import { scriptMetrics, sendmailMetrics } from './metrics-scripts.ts';

const verdicts = ['pass', 'delay', 'hold', 'refuse'] as const;

/** From a hot cache to a stuck disk. */
const secondsBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5];

const guardMetrics: readonly Metric[] = [
  {
    name: 'postern_verdicts_total',
    kind: 'counter',
    help: 'Messages judged, by verdict.',
    label: 'verdict',
    values: verdicts,
  },
  {
    name: 'postern_observed_verdicts_total',
    kind: 'counter',
    help: 'Verdicts that were only noted because the mode is observe.',
    label: 'verdict',
    values: verdicts.slice(1),
  },
  {
    name: 'postern_refused_early_total',
    kind: 'counter',
    help: 'Commands refused because the account is suspended, before a message was there to judge.',
  },
  { name: 'postern_recipients_total', kind: 'counter', help: 'Recipients of passed messages.' },
  {
    name: 'postern_suspensions_total',
    kind: 'counter',
    help: 'Accounts suspended, by whom.',
    label: 'by',
    values: ['guard', 'operator'],
  },
  {
    name: 'postern_releases_total',
    kind: 'counter',
    help: 'Accounts released, by whom.',
    label: 'by',
    values: ['guard', 'operator'],
  },
  {
    name: 'postern_decision_seconds',
    kind: 'histogram',
    help: 'Time from a complete message to its verdict.',
    buckets: secondsBuckets,
  },
  {
    name: 'postern_accounts',
    kind: 'gauge',
    help: 'Accounts known, watched, suspended, and exempt now.',
    label: 'state',
    values: ['known', 'watched', 'suspended', 'exempt'],
  },
  {
    name: 'postern_dkim_keys',
    kind: 'gauge',
    help: 'DKIM keys by the state that they are in.',
    label: 'state',
    values: keyStates,
  },
  {
    name: 'postern_dkim_keys_unusable',
    kind: 'gauge',
    help: 'DKIM keys that should sign, and whose file cannot be used.',
  },
  { name: 'postern_held_messages', kind: 'gauge', help: 'Messages held now.' },
  { name: 'postern_guarding', kind: 'gauge', help: '1 in mode guard, 0 in mode observe.' },
];

const ledgerMetrics: readonly Metric[] = [
  { name: 'postern_ledger_ok', kind: 'gauge', help: '1 while the ledger takes writes.' },
  { name: 'postern_ledger_commits_total', kind: 'counter', help: 'Transactions committed.' },
  { name: 'postern_ledger_failures_total', kind: 'counter', help: 'Transactions that failed.' },
  {
    name: 'postern_ledger_dropped_total',
    kind: 'counter',
    help: 'Changes given up while the ledger failed, by kind; never suspensions or held mail.',
    label: 'kind',
  },
];

const doorMetrics: readonly Metric[] = [
  {
    name: 'postern_milter_sessions_total',
    kind: 'counter',
    help: 'Milter connections accepted.',
  },
  {
    name: 'postern_milter_faults_total',
    kind: 'counter',
    help: 'Milter sessions ended by us, by reason; and what did not end them: answer (no verdict in time), reader (not signed or verified in time), no-edits (the mail server lets us change no headers), edit (a header that is none), unlisted-client (mail left for a client that is not known to be allowed to relay: judged, not signed).',
    label: 'reason',
  },
  {
    name: 'postern_policy_requests_total',
    kind: 'counter',
    help: 'Policy requests answered, by stage.',
    label: 'stage',
  },
  {
    name: 'postern_policy_faults_total',
    kind: 'counter',
    help: 'Policy sessions ended by us, by reason.',
    label: 'reason',
  },
  {
    name: 'postern_http_requests_total',
    kind: 'counter',
    help: 'HTTP requests answered, by class of status.',
    label: 'status',
    values: ['2xx', '3xx', '4xx', '5xx'],
  },
  {
    name: 'postern_http_refused_total',
    kind: 'counter',
    help: 'HTTP requests refused before any work, by reason.',
    label: 'reason',
    values: ['host', 'token', 'origin', 'csrf', 'body', 'listeners'],
  },
  {
    name: 'postern_live_listeners',
    kind: 'gauge',
    help: 'Status pages that follow the live feed now.',
  },
  {
    name: 'postern_live_dropped_total',
    kind: 'counter',
    help: 'Live feeds ended because their reader was too slow.',
  },
  {
    name: 'postern_notices_total',
    kind: 'counter',
    help: 'Tries to send a notice to the operator, by outcome; failed: given up after two days.',
    label: 'outcome',
    values: ['sent', 'retried', 'failed'],
  },
];

const signingMetrics: readonly Metric[] = [
  {
    name: 'postern_signing_total',
    kind: 'counter',
    help: 'Outgoing messages signed and not signed, by why: no-from (no author with a domain), no-key (no key for any author’s domain), off (by the configuration), failed (see the log event signing.failed).',
    label: 'result',
    values: ['signed', 'no-from', 'no-key', 'off', 'failed'],
  },
];

const scanMetrics: readonly Metric[] = [
  {
    name: 'postern_scan_messages_total',
    kind: 'counter',
    help: 'Messages shown to scanners: scanned, reused (a copy had been scanned), missing (no scanner said anything).',
    label: 'result',
    values: ['scanned', 'reused', 'missing'],
  },
  {
    name: 'postern_scan_silences_total',
    kind: 'counter',
    help: 'Times that a scanner said nothing about a message, by why: down (left alone after failing), busy (too many wait), late, failed, large (no room to keep the message).',
    label: 'why',
    values: ['down', 'busy', 'late', 'failed', 'large'],
  },
  {
    name: 'postern_scan_spam_total',
    kind: 'counter',
    help: 'Messages that a scanner would mark as spam, masked rules left out.',
  },
  { name: 'postern_scan_viruses_total', kind: 'counter', help: 'Messages with a virus.' },
  {
    name: 'postern_scan_up',
    kind: 'gauge',
    help: '1 while this scanner is asked, 0 while it is left alone after failing.',
    label: 'scanner',
  },
  {
    name: 'postern_scan_seconds',
    kind: 'histogram',
    help: 'Time that a message waited for scanners.',
    buckets: [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
];

const mailLogMetrics: readonly Metric[] = [
  {
    name: 'postern_mail_log_wanted',
    kind: 'gauge',
    help: 'Mail logs that are to be read.',
  },
  {
    name: 'postern_mail_log_reading',
    kind: 'gauge',
    help: 'Mail logs that are being read now; fewer than wanted: see `postern doctor`.',
  },
  { name: 'postern_mail_log_lines_total', kind: 'counter', help: 'Lines read of mail logs.' },
  {
    name: 'postern_mail_log_events_total',
    kind: 'counter',
    help: 'What mail logs told: deliveries by outcome, good and failed logins.',
    label: 'event',
    values: ['sent', 'deferred', 'bounced', 'login', 'login-failed'],
  },
  {
    name: 'postern_mail_log_dropped_total',
    kind: 'counter',
    help: 'Told by mail logs and of no account’s concern: of accounts or messages that are not known here, of logins that the line does not name, repeated, or closed by a suspension.',
    label: 'why',
    values: [
      'unknown-account',
      'unknown-message',
      'unnamed-login',
      'repeated-login',
      'closed-login',
    ],
  },
  {
    name: 'postern_mail_log_faults_total',
    kind: 'counter',
    help: 'Faults of mail logs: not there, not to be read, lines too long or passed over, journalctl ended.',
    label: 'what',
    values: ['missing', 'unreadable', 'too-long', 'skipped', 'ended', 'bug'],
  },
];

const inboundMetrics: readonly Metric[] = [
  {
    name: 'postern_inbound_messages_total',
    kind: 'counter',
    help: 'Messages that came in and were checked.',
  },
  {
    name: 'postern_inbound_spf_total',
    kind: 'counter',
    help: 'What SPF said of them.',
    label: 'result',
    values: ['none', 'neutral', 'pass', 'fail', 'softfail', 'temperror', 'permerror'],
  },
  {
    name: 'postern_inbound_dkim_total',
    kind: 'counter',
    help: 'Their DKIM signatures, by result; none: messages without one.',
    label: 'result',
    values: ['none', 'pass', 'fail', 'policy', 'neutral', 'temperror', 'permerror'],
  },
  {
    name: 'postern_inbound_dmarc_total',
    kind: 'counter',
    help: 'What DMARC said of them.',
    label: 'result',
    values: ['pass', 'fail', 'none', 'temperror', 'permerror'],
  },
  {
    name: 'postern_inbound_arc_total',
    kind: 'counter',
    help: 'Their ARC chains, by result; none: messages without one.',
    label: 'result',
    values: ['none', 'pass', 'fail', 'temperror'],
  },
  {
    name: 'postern_inbound_iprev_total',
    kind: 'counter',
    help: 'Whether the names of their clients lead back to them.',
    label: 'result',
    values: ['pass', 'fail', 'temperror', 'permerror'],
  },
  {
    name: 'postern_inbound_forged_total',
    kind: 'counter',
    help: 'Authentication-Results fields in our name that mail brought along; they were taken out, or the mail refused.',
  },
  {
    name: 'postern_inbound_late_total',
    kind: 'counter',
    help: 'Messages for which the DNS took longer than verify.deadline.',
  },
  {
    name: 'postern_inbound_seconds',
    kind: 'histogram',
    help: 'Time that a message waited for its check.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  {
    name: 'postern_inbound_sealed_total',
    kind: 'counter',
    help: 'Messages sealed (ARC), and those that were not because the key failed or is not there.',
    label: 'outcome',
    values: ['sealed', 'failed', 'no-key'],
  },
];

const processMetrics: readonly Metric[] = [
  { name: 'postern_up_seconds', kind: 'gauge', help: 'Seconds since the start.' },
  {
    name: 'process_resident_memory_bytes',
    kind: 'gauge',
    help: 'Resident memory of this process.',
  },
  { name: 'process_cpu_seconds_total', kind: 'counter', help: 'CPU time used by this process.' },
  {
    name: 'postern_unlisted_total',
    kind: 'counter',
    help: 'Counts under a name that this list lacks: a mistake in Postern, please report it.',
    label: 'name',
  },
];

/** All of them, in the order in which they are shown. */
export const metrics: readonly Metric[] = [
  ...guardMetrics,
  ...ledgerMetrics,
  ...doorMetrics,
  ...signingMetrics,
  ...scanMetrics,
  ...scriptMetrics,
  ...sendmailMetrics,
  ...mailLogMetrics,
  ...inboundMetrics,
  ...processMetrics,
];
