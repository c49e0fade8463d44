/** Keeps the gauges of /metrics up to date: reads them from the admin every few seconds. */
import { accountGauge } from '../core/metrics/account-states.ts';
import { keyStates } from '../core/signing/key.ts';
import type { Settings } from '../flow/settings.ts';
import type { Counters } from '../lib/counters.ts';
import { type Millis, secondMs } from '../lib/time.ts';
import type { Admin } from '../ports/admin.ts';
import type { Ledger } from '../ports/ledger.ts';
import { startTimer } from './base/timers.ts';

const gaugesEveryMs = 10_000;
/** Notices that wait, however long until their next attempt. */
const farFuture = Number.MAX_SAFE_INTEGER as Millis;

export type GaugesDeps = {
  readonly counters: Counters;
  readonly admin: Pick<Admin, 'status' | 'dkim' | 'mailings'>;
  readonly settings: Settings;
  readonly live: Pick<Ledger, 'notices' | 'oldestHeldAt'>;
};

/** Answers with a function that stops. */
export function startGauges({ admin, counters, live, settings }: GaugesDeps): () => void {
  const run = (): void => {
    const { accounts, brake, held, ledger, now, troubles } = admin.status();
    for (const [state, value] of accountGauge(accounts)) {
      counters.set('postern_accounts', value, state);
    }
    counters.set('postern_expected_mailings', admin.mailings.list().length);
    const keys = admin.dkim.list();
    for (const state of keyStates) {
      const count = keys.filter((key) => key.state === state).length;
      counters.set('postern_dkim_keys', count, state);
    }
    counters.set('postern_dkim_keys_unusable', keys.filter(({ fault }) => fault !== '').length);
    counters.set('postern_held_messages', held);
    const oldest = live.oldestHeldAt() ?? now;
    counters.set('postern_held_oldest_seconds', Math.max(0, Math.floor((now - oldest) / secondMs)));
    const untaken = live
      .notices(farFuture)
      .filter(({ channel, tries }) => tries > 0 && channel !== 'owner');
    counters.set('postern_notices_waiting', untaken.length);
    counters.set('postern_troubles', troubles.length);
    counters.set('postern_brake_on', brake.on ? 1 : 0);
    counters.set('postern_guarding', settings.mode === 'guard' ? 1 : 0);
    counters.set('postern_ledger_ok', ledger.state === 'ok' ? 1 : 0);
  };
  run();
  return startTimer(gaugesEveryMs, run);
}
