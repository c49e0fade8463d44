/**
 * What other programs read without a session: `/health` for the service manager and `/metrics` for
 * Prometheus.
 */
import type { Counters } from '../../lib/counters.ts';
import { openMetricsType } from '../../lib/counters.ts';
import type { Admin } from '../../ports/admin.ts';
import type { Live } from './live.ts';

export type Health = {
  readonly ok: boolean;
  /** What is wrong, in sentences; empty when all is well. */
  readonly why: readonly string[];
  readonly mode: 'observe' | 'guard' | 'unknown';
  readonly upSeconds: number;
};

/** Well means: verdicts are given and remembered. Suspended accounts are not an illness of ours. */
export function health(admin: Admin): Health {
  try {
    const status = admin.status();
    const failing = status.ledger.state === 'failing';
    return {
      ok: !failing,
      why: failing ? [`the ledger takes no writes: ${status.ledger.why}`] : [],
      mode: status.mode,
      upSeconds: Math.max(0, Math.round((status.now - status.startedAt) / 1_000)),
    };
  } catch {
    return { ok: false, why: ['the admin does not answer'], mode: 'unknown', upSeconds: 0 };
  }
}

/** The registry's text, with what is better read than counted: sizes, states, this process. */
export function scrape(admin: Admin, live: Live, metrics: Counters): Response {
  const status = admin.status();
  for (const state of ['known', 'watched', 'suspended'] as const) {
    metrics.set('postern_accounts', status.accounts[state], state);
  }
  metrics.set('postern_held_messages', status.held);
  metrics.set('postern_guarding', status.mode === 'guard' ? 1 : 0);
  metrics.set('postern_ledger_ok', status.ledger.state === 'ok' ? 1 : 0);
  metrics.set('postern_live_listeners', live.listeners());
  metrics.set('postern_up_seconds', Math.max(0, (status.now - status.startedAt) / 1_000));
  const used = process.cpuUsage();
  metrics.set('process_cpu_seconds_total', (used.user + used.system) / 1_000_000);
  metrics.set('process_resident_memory_bytes', process.memoryUsage.rss());
  return new Response(metrics.text(), { headers: { 'Content-Type': openMetricsType } });
}
