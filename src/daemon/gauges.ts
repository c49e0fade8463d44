/** Keeps the gauges of /metrics up to date: reads them from the admin every few seconds. */
import { keyStates } from '../core/signing/key.ts';
import type { Settings } from '../flow/settings.ts';
import type { Counters } from '../lib/counters.ts';
import type { Admin } from '../ports/admin.ts';
import { startTimer } from './base/timers.ts';

const gaugesEveryMs = 10_000;

/** Answers with a function that stops. */
export function startGauges(counters: Counters, admin: Admin, settings: Settings): () => void {
  const run = (): void => {
    const { accounts, held, ledger } = admin.status();
    for (const [state, value] of Object.entries(accounts)) {
      counters.set('postern_accounts', value, state);
    }
    const keys = admin.dkim.list();
    for (const state of keyStates) {
      const count = keys.filter((key) => key.state === state).length;
      counters.set('postern_dkim_keys', count, state);
    }
    counters.set('postern_dkim_keys_unusable', keys.filter(({ fault }) => fault !== '').length);
    counters.set('postern_held_messages', held);
    counters.set('postern_guarding', settings.mode === 'guard' ? 1 : 0);
    counters.set('postern_ledger_ok', ledger.state === 'ok' ? 1 : 0);
  };
  run();
  return startTimer(gaugesEveryMs, run);
}
