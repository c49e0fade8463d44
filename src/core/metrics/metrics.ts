/**
 * Every metric that `/metrics` shows, with its name, help text and label. The code counts under the
 * full name, with the unit and the `_total` of a counter, so operators can search for it. No label
 * contains an account, an address or a subject, because scrapes end up in places where mail must
 * not.
 */

import { unsignedWhys } from '../signing/choose.ts';
import { keyStates } from '../signing/key.ts';
import type { Metric } from './metric.ts';
import { drillMetrics } from './metrics-drill.ts';
import { mailLogMetrics } from './metrics-log.ts';
import { noticeMetrics } from './metrics-notices.ts';
import { peopleMetrics } from './metrics-people.ts';
import { processMetrics } from './metrics-process.ts';
import { reflectionMetrics } from './metrics-reflection.ts';
import { authorMetrics, scriptMetrics, sendmailMetrics } from './metrics-scripts.ts';
import { webmailMetrics } from './metrics-webmail.ts';

const verdicts = ['pass', 'delay', 'hold', 'refuse'] as const;

/** From a hot cache to a stuck disk. */
const secondsBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5];

const guardMetrics: readonly Metric[] = [
  {
    name: 'postern_verdicts_total',
    kind: 'counter',
    help: 'Messages by what was done with them; what mode observe only noted counts as pass.',
    label: 'verdict',
    values: verdicts,
  },
  {
    name: 'postern_observed_verdicts_total',
    kind: 'counter',
    help: 'Verdicts that were only noted because the mode is observe: their messages passed.',
    label: 'verdict',
    values: verdicts.slice(1),
  },
  {
    name: 'postern_refused_early_total',
    kind: 'counter',
    help: 'Messages refused before their content came, because the account is suspended.',
  },
  { name: 'postern_recipients_total', kind: 'counter', help: 'Recipients of passed messages.' },
  {
    name: 'postern_suspensions_total',
    kind: 'counter',
    help: 'Accounts suspended, by the guard or by an operator.',
    label: 'by',
    values: ['guard', 'operator'],
  },
  {
    name: 'postern_observed_suspensions_total',
    kind: 'counter',
    help: 'Accounts that would have been suspended if the mode were not observe.',
  },
  {
    name: 'postern_releases_total',
    kind: 'counter',
    help: 'Accounts released, by the guard or by an operator.',
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
    help:
      'Accounts that are known, watched, suspended or exempt now, or would be suspended if the ' +
      'mode were not observe.',
    label: 'state',
    values: ['known', 'watched', 'suspended', 'would-be-suspended', 'exempt'],
  },
  {
    name: 'postern_dkim_keys',
    kind: 'gauge',
    help: 'DKIM keys by state.',
    label: 'state',
    values: keyStates,
  },
  {
    name: 'postern_dkim_keys_unusable',
    kind: 'gauge',
    help:
      'DKIM keys that should sign but whose file cannot be used. Mail of their domains leaves ' +
      'unsigned; see `postern dkim keys`.',
  },
  { name: 'postern_held_messages', kind: 'gauge', help: 'Messages held now.' },
  {
    name: 'postern_held_oldest_seconds',
    kind: 'gauge',
    help: 'How long the oldest held message has been held; 0 if none is held.',
  },
  { name: 'postern_guarding', kind: 'gauge', help: '1 in mode guard, 0 in mode observe.' },
  {
    name: 'postern_brake_on',
    kind: 'gauge',
    help: '1 while Postern doubts its own verdicts and suspends nobody; see `postern brake`.',
  },
  { name: 'postern_brake_pulls_total', kind: 'counter', help: 'How often the brake came on.' },
];

const ledgerMetrics: readonly Metric[] = [
  { name: 'postern_ledger_ok', kind: 'gauge', help: '1 while the ledger can be written, else 0.' },
  { name: 'postern_ledger_commits_total', kind: 'counter', help: 'Transactions committed.' },
  { name: 'postern_ledger_failures_total', kind: 'counter', help: 'Transactions that failed.' },
  {
    name: 'postern_ledger_dropped_total',
    kind: 'counter',
    help:
      'Changes lost because the ledger could not be written, by kind. Suspensions and held ' +
      'mail are never lost.',
    label: 'kind',
  },
];

const doorMetrics: readonly Metric[] = [
  {
    name: 'postern_refused_peers_total',
    kind: 'counter',
    help:
      'Connections that Postern closed at once because the peer may not connect to this door, by ' +
      'door and number of the user: `remote` for peers on other machines, `unknown` where the ' +
      'kernel does not tell the user, `other` for further users.',
    label: 'door',
    secondLabel: 'uid',
  },
  {
    name: 'postern_milter_sessions_total',
    kind: 'counter',
    help: 'Milter connections accepted.',
  },
  {
    name: 'postern_milter_faults_total',
    kind: 'counter',
    help:
      'Faults of milter sessions, by reason. These end the session: full, many (of one peer), ' +
      'slow, idle, protocol, bug. These do not: recipients (the recipients of all sessions ' +
      'together use 64 MB, so one was refused for now), answer (no verdict in time), reader ' +
      '(not signed or verified in time), no-edits (the mail server allows no change of ' +
      'headers), edit (a malformed header was left out), unlisted-client (mail of a ' +
      'client that is not known to be allowed to relay was judged but not signed), claimed-login ' +
      '(XCLIENT LOGIN was not believed, because any user of this machine can claim one).',
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
    help: 'Policy sessions that Postern ended, by reason.',
    label: 'reason',
  },
  {
    name: 'postern_policy_waits_total',
    kind: 'counter',
    help:
      'Recipients answered with 451: the login asked for too many without a message (budget), or ' +
      'too many are reserved (full).',
    label: 'reason',
    values: ['budget', 'full'],
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
    help: 'HTTP requests and connections refused before any work, by reason.',
    label: 'reason',
    values: ['host', 'token', 'origin', 'csrf', 'body', 'listeners', 'crowded', 'peer'],
  },
  {
    name: 'postern_live_listeners',
    kind: 'gauge',
    help: 'Open status pages that receive the live feed.',
  },
  {
    name: 'postern_live_dropped_total',
    kind: 'counter',
    help: 'Live feeds ended because their reader was too slow.',
  },
];

const signingMetrics: readonly Metric[] = [
  {
    name: 'postern_signing_total',
    kind: 'counter',
    help:
      'Outgoing messages, signed or not: no-from (no author with a domain), no-key (no key for ' +
      'any author’s domain), off (by the configuration), foreign (its account may not write as ' +
      'an author), unknown (the mail server’s tables could not be asked whether it may), ' +
      'passed-on (a program that may write as everybody passed on received mail), ' +
      'long-from (From has more than is read), failed (see the log event signing.failed).',
    label: 'result',
    values: ['signed', ...unsignedWhys, 'failed'],
  },
  {
    name: 'postern_foreign_authors_total',
    kind: 'counter',
    help:
      'Authors of outgoing messages that the account may not use: from (in From; no key ' +
      'signs), sender (in Sender or Resent-…), name (in a display name); unknown: the mail ' +
      'server’s tables could not be asked.',
    label: 'place',
    values: ['from', 'sender', 'name', 'unknown'],
  },
  {
    name: 'postern_probation_total',
    kind: 'counter',
    help:
      'Messages of accounts on probation: own (signed with a key of the account), no-key (none ' +
      'was ready, so the key of the domain signed).',
    label: 'result',
    values: ['own', 'no-key'],
  },
];

const scanMetrics: readonly Metric[] = [
  {
    name: 'postern_scan_messages_total',
    kind: 'counter',
    help:
      'Messages by scan result: scanned, reused (a copy was scanned before), missing (no ' +
      'scanner answered).',
    label: 'result',
    values: ['scanned', 'reused', 'missing'],
  },
  {
    name: 'postern_scan_silences_total',
    kind: 'counter',
    help:
      'Messages that a scanner did not scan, by reason: down (not asked after failures), busy ' +
      '(too many messages wait), late, failed, large (no room to keep the message), ' +
      'too-big (for the scanner).',
    label: 'why',
    values: ['down', 'busy', 'late', 'failed', 'large', 'too-big'],
  },
  {
    name: 'postern_scan_spam_total',
    kind: 'counter',
    help: 'Messages that a scanner would mark as spam, without counting masked rules.',
  },
  { name: 'postern_scan_viruses_total', kind: 'counter', help: 'Messages with a virus.' },
  {
    name: 'postern_scan_up',
    kind: 'gauge',
    help: '1 while this scanner is asked, 0 while it is not asked after failures.',
    label: 'scanner',
  },
  {
    name: 'postern_scan_seconds',
    kind: 'histogram',
    help: 'Time that a message waited for scanners.',
    buckets: [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
];

const inboundMetrics: readonly Metric[] = [
  {
    name: 'postern_inbound_messages_total',
    kind: 'counter',
    help: 'Incoming messages that were checked.',
  },
  {
    name: 'postern_inbound_spf_total',
    kind: 'counter',
    help: 'Incoming messages by SPF result.',
    label: 'result',
    values: ['none', 'neutral', 'pass', 'fail', 'softfail', 'temperror', 'permerror'],
  },
  {
    name: 'postern_inbound_dkim_total',
    kind: 'counter',
    help:
      'DKIM signatures of incoming messages, by result. none counts messages without a ' +
      'signature.',
    label: 'result',
    values: ['none', 'pass', 'fail', 'policy', 'neutral', 'temperror', 'permerror'],
  },
  {
    name: 'postern_inbound_dmarc_total',
    kind: 'counter',
    help: 'Incoming messages by DMARC result.',
    label: 'result',
    values: ['pass', 'fail', 'none', 'temperror', 'permerror'],
  },
  {
    name: 'postern_inbound_arc_total',
    kind: 'counter',
    help: 'ARC chains of incoming messages, by result. none counts messages without a chain.',
    label: 'result',
    values: ['none', 'pass', 'fail', 'temperror'],
  },
  {
    name: 'postern_inbound_iprev_total',
    kind: 'counter',
    help:
      'Incoming messages by whether the name of the client resolves back to its address ' +
      '(iprev, RFC 8601 section 2.7.3).',
    label: 'result',
    values: ['pass', 'fail', 'temperror', 'permerror'],
  },
  {
    name: 'postern_inbound_forged_total',
    kind: 'counter',
    help:
      'Authentication-Results fields that claimed to come from this server. They were removed, ' +
      'or the message was refused.',
  },
  {
    name: 'postern_inbound_late_total',
    kind: 'counter',
    help: 'Incoming messages for which the DNS took longer than verify.deadline.',
  },
  {
    name: 'postern_inbound_judged_total',
    kind: 'counter',
    help:
      'Incoming messages by what was decided about them ([inbound]). With defer_at = "rcpt", ' +
      'defer counts recipients.',
    label: 'action',
    values: ['pass', 'junk', 'wait', 'defer'],
  },
  {
    name: 'postern_inbound_waited_total',
    kind: 'counter',
    help: 'Incoming messages that waited in the hold queue, by what became of them.',
    label: 'state',
    values: ['released', 'quarantined', 'dropped', 'gone'],
  },
  {
    name: 'postern_inbound_unheld_total',
    kind: 'counter',
    help:
      'Incoming messages that should have waited and were delivered at once: too much waited or ' +
      'was in quarantine (full), or they could not be written down (ledger, list).',
    label: 'why',
    values: ['full', 'ledger', 'list'],
  },
  {
    name: 'postern_inbound_seconds',
    kind: 'histogram',
    help: 'Time that an incoming message waited for its check.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  {
    name: 'postern_inbound_sealed_total',
    kind: 'counter',
    help: 'Messages sealed with ARC, or not sealed because the key failed or is missing.',
    label: 'outcome',
    values: ['sealed', 'failed', 'no-key'],
  },
];

/** All of them, in the order in which they are shown. */
export const metrics: readonly Metric[] = [
  ...guardMetrics,
  ...peopleMetrics,
  ...ledgerMetrics,
  ...doorMetrics,
  ...noticeMetrics,
  ...signingMetrics,
  ...scanMetrics,
  ...scriptMetrics,
  ...reflectionMetrics,
  ...webmailMetrics,
  ...authorMetrics,
  ...sendmailMetrics,
  ...drillMetrics,
  ...mailLogMetrics,
  ...inboundMetrics,
  ...processMetrics,
];
