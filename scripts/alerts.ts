/**
 * Alerts for Prometheus, as data: packaging/prometheus/postern.rules.yml and the table in
 * docs/reference/metrics.md are made from it. test/integration/monitoring.test.ts compares names
 * and labels with the metrics that the guard has.
 */

export type Alert = {
  readonly name: string;
  readonly severity: 'critical' | 'warning';
  readonly expr: string;
  /** How long it must be so, as Prometheus writes durations. */
  readonly for: string;
  /** What happened, and what it means for mail. */
  readonly summary: string;
  /** What to do, with the command that helps. */
  readonly action: string;
};

/** The scrape job of docs/operate.md. */
const job = 'job="postern"';

export const alerts: readonly Alert[] = [
  {
    name: 'PosternDown',
    severity: 'critical',
    expr: `up{${job}} == 0 or absent(up{${job}})`,
    for: '2m',
    summary: 'Postern does not answer. Postfix treats mail as postern_when_down says',
    action: 'Run `systemctl status postern` and `postern check`, then `postern doctor`.',
  },
  {
    name: 'PosternLedgerFailing',
    severity: 'critical',
    expr: 'postern_ledger_ok == 0',
    for: '1m',
    summary: 'The ledger takes no writes. What Postern decides now may be lost at a restart',
    action: 'Free space on the disk of the state folder; `postern status` says why.',
  },
  {
    name: 'PosternTrouble',
    severity: 'warning',
    expr: 'postern_troubles > 0',
    for: '5m',
    summary: 'A part of the guard does not work as it should',
    action: 'Each line `trouble` of `postern status` says what, and what to do.',
  },
  {
    name: 'PosternAccountSuspended',
    severity: 'critical',
    expr: 'increase(postern_suspensions_total{by="guard"}[10m]) > 0',
    for: '0s',
    summary: 'Postern suspended an account that looks hijacked. Its mail is held',
    action: 'Read the notice, or run `postern status`. Change the password before you release it.',
  },
  {
    name: 'PosternManySuspended',
    severity: 'critical',
    expr: 'increase(postern_suspensions_total{by="guard"}[1h]) > 5',
    for: '0s',
    summary:
      'More than 5 accounts were suspended in an hour: many passwords leaked, or false alarms',
    action:
      'Compare `postern incidents list`. If the mail is honest, set mode = "observe" and ask.',
  },
  {
    name: 'PosternBrakeOn',
    severity: 'critical',
    expr: 'postern_brake_on > 0',
    for: '0s',
    summary:
      'More accounts were stopped within an hour than ever before, so Postern suspends nobody ' +
      'and holds less',
    action: '`postern brake` says what the stops have in common, and what to do.',
  },
  {
    name: 'PosternNoticesUndelivered',
    severity: 'critical',
    expr:
      'postern_notices_waiting > 0 or ' +
      'sum by (instance, job) (increase(postern_notices_total{outcome="failed"}[1h])) > 0',
    for: '15m',
    summary: 'A channel does not take notices, so you may not be told of a suspension',
    action: 'Run `postern try notice`; the log says why (`notice.not-taken`).',
  },
  {
    name: 'PosternMailBypasses',
    severity: 'critical',
    expr: 'sum by (instance, job) (increase(postern_bypassed_total[30m])) > 3',
    for: '0s',
    summary: 'Mail leaves this server that no door of Postern judged',
    action: '`postern status` names the service of Postfix; `postern doctor` says what to change.',
  },
  {
    name: 'PosternNothingJudged',
    severity: 'warning',
    expr:
      'sum by (instance, job) (increase(postern_verdicts_total[6h])) == 0 ' +
      'and on (instance, job) postern_up_seconds > 21600',
    for: '10m',
    summary: 'No message was judged for 6 hours. Postfix may no longer ask the guard',
    action: 'Run `postern doctor`. On a server that sends little, raise the 6 hours.',
  },
  {
    name: 'PosternScannerDown',
    severity: 'warning',
    expr: 'postern_scan_up == 0',
    for: '10m',
    summary: 'A scanner fails and is not asked. Mail is judged without its score',
    action: 'Look at the scanner that the label names; `postern doctor` tries it.',
  },
  {
    name: 'PosternMailLogSilent',
    severity: 'warning',
    expr:
      'postern_mail_log_reading < postern_mail_log_wanted or (' +
      'sum by (instance, job) (increase(postern_mail_log_lines_total[1h])) == 0 and ' +
      'sum by (instance, job) (increase(postern_verdicts_total[1h])) > 10)',
    for: '10m',
    summary: 'The mail log is not read, or says nothing. Bounces and logins are not seen',
    action: 'Run `postern doctor`; see "The mail log" in docs/operate.md.',
  },
  {
    name: 'PosternProviderBlocks',
    severity: 'warning',
    expr: 'postern_lanes{state="blocked"} > 0',
    for: '10m',
    summary: 'A provider refuses our mail',
    action: '`postern providers list` says which, why, and what to do.',
  },
  {
    name: 'PosternHeldGrowing',
    severity: 'warning',
    expr: 'postern_held_messages > 100 and deriv(postern_held_messages[1h]) > 0',
    for: '15m',
    summary: 'More than 100 messages are held, and the number grows',
    action: '`postern held list` says of which accounts; decide about them.',
  },
  {
    name: 'PosternHeldOld',
    severity: 'warning',
    expr: 'postern_held_oldest_seconds > 86400',
    for: '10m',
    summary: 'A message has been held for more than a day. It waits for your decision',
    action: '`postern held list`, then `postern held release` or `postern held drop`.',
  },
  {
    name: 'PosternKeyUnusable',
    severity: 'critical',
    expr: 'postern_dkim_keys_unusable > 0',
    for: '5m',
    summary: 'The file of a DKIM key cannot be used. Mail of its domain leaves unsigned',
    action: '`postern dkim keys` names the key and the fault.',
  },
  {
    name: 'PosternKeyUnpublished',
    severity: 'warning',
    expr: 'postern_dkim_keys{state="made"} > 0',
    for: '3d',
    summary: 'A new DKIM key waits for its DNS record, so the old key cannot be retired',
    action: '`postern dkim keys` prints the record to publish.',
  },
];

/** The file for `rule_files` of Prometheus. */
export function rulesFile(): string {
  return `# Alerts for Postern. Made from scripts/alerts.ts by \`make docs\`.
# The scrape job must be named postern, as in docs/operate.md.
groups:
  - name: postern
    rules:
${alerts.map(ruleText).join('')}`;
}

function ruleText({ action, expr, for: time, name, severity, summary }: Alert): string {
  return `      - alert: ${name}
        expr: ${inYaml(expr)}
        for: ${time}
        labels:
          severity: ${severity}
        annotations:
          summary: ${inYaml(`${summary} ({{ $labels.instance }}).`)}
          description: ${inYaml(action)}
`;
}

/** A single-quoted scalar, in which only the quote itself is special. */
function inYaml(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
