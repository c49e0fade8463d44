/** Answers for other programs: `/health` for a monitor and `/metrics` for Prometheus. */
import { accountGauge } from '../../core/metrics/account-states.ts';
import type { Counters } from '../../lib/counters.ts';
import { openMetricsType } from '../../lib/counters.ts';
import type { Admin, BypassView } from '../../ports/admin.ts';

export type HealthReport = {
  readonly ok: boolean;
  /** What is wrong, in sentences; empty if `ok`. */
  readonly why: readonly string[];
  readonly mode: 'observe' | 'guard' | 'unknown';
  /**
   * `yes`: mail that leaves without a verdict would be noticed. `off` and `unread`: it would not,
   * because no mail log is read.
   */
  readonly bypassWatched: BypassView['watched'] | 'unknown';
  readonly upSeconds: number;
};

/**
 * `ok` means that Postern gives verdicts and stores them, and that no part is in trouble.
 * Suspended accounts do not matter here.
 */
export function health(admin: Admin): HealthReport {
  try {
    const status = admin.status();
    const failing = status.ledger.state === 'failing';
    const ledger = failing ? [`the ledger takes no writes: ${status.ledger.why}`] : [];
    const why = [...ledger, ...status.troubles];
    return {
      ok: why.length === 0,
      why,
      mode: status.mode,
      bypassWatched: status.bypass.watched,
      upSeconds: Math.max(0, Math.round((status.now - status.startedAt) / 1_000)),
    };
  } catch {
    return {
      ok: false,
      why: ['the guard does not answer'],
      mode: 'unknown',
      bypassWatched: 'unknown',
      upSeconds: 0,
    };
  }
}

/** All metrics as text. Sizes, states and process figures are read when Prometheus asks. */
export function scrape(admin: Admin, metrics: Counters): Response {
  const status = admin.status();
  for (const [state, count] of accountGauge(status.accounts)) {
    metrics.set('postern_accounts', count, state);
  }
  metrics.set('postern_held_messages', status.held);
  metrics.set('postern_troubles', status.troubles.length);
  metrics.set('postern_brake_on', status.brake.on ? 1 : 0);
  metrics.set('postern_guarding', status.mode === 'guard' ? 1 : 0);
  metrics.set('postern_ledger_ok', status.ledger.state === 'ok' ? 1 : 0);
  metrics.set('postern_up_seconds', Math.max(0, (status.now - status.startedAt) / 1_000));
  const used = process.cpuUsage();
  metrics.set('process_cpu_seconds_total', (used.user + used.system) / 1_000_000);
  metrics.set('process_resident_memory_bytes', process.memoryUsage.rss());
  return new Response(metrics.text(), { headers: { 'Content-Type': openMetricsType } });
}
