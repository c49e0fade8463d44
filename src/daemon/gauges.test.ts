/** The gauges that are read every few seconds: what waits for an operator. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metrics } from '../core/metrics/metrics.ts';
import { openCounters } from '../lib/counters.ts';
import type { Millis } from '../lib/time.ts';
import type { Admin } from '../ports/admin.ts';
import type { NoticeRow } from '../ports/ledger.ts';
import { type GaugesDeps, startGauges } from './gauges.ts';

const now = 10_000_000 as Millis;
const status = {
  accounts: { known: 9, watched: 2, suspended: 1, wouldBeSuspended: 3, exempt: 0 },
  brake: { on: false },
  held: 4,
  ledger: { state: 'ok' },
  now,
  troubles: ['the milter door is full', 'Mail log: missing'],
};
const notice = (id: string, tries: number): NoticeRow => ({
  id,
  at: now,
  channel: 'webhook',
  body: '{}',
  tries,
  nextAt: now,
  state: 'waiting',
});

function sampled(live: GaugesDeps['live']): string {
  const counters = openCounters(metrics);
  const admin = {
    status: () => status,
    dkim: { list: () => [] },
    mailings: { list: () => [] },
  } as unknown as Admin;
  const settings = { mode: 'guard' } as GaugesDeps['settings'];
  startGauges({ counters, admin, settings, live })();
  return counters.text();
}

test('troubles, the oldest held message, and notices that a channel did not take', () => {
  const rows = [notice('new', 0), notice('tried', 1), notice('long', 7)];
  const text = sampled({ oldestHeldAt: () => (now - 90_500) as Millis, notices: () => rows });
  assert.match(text, /^postern_troubles 2$/m);
  assert.match(text, /^postern_held_oldest_seconds 90$/m);
  assert.match(text, /^postern_notices_waiting 2$/m);
  assert.match(text, /^postern_accounts\{state="suspended"\} 1$/m);
  assert.match(text, /^postern_accounts\{state="would-be-suspended"\} 3$/m);
  const states = [...text.matchAll(/^postern_accounts\{state="([^"]*)"\}/gm)].map(([, one]) => one);
  const declared = metrics.find(({ name }) => name === 'postern_accounts')?.values;
  assert.deepEqual(states, declared, 'no state has a second name');
});

test('nothing held: the oldest message is 0 seconds old, also if the clock was set back', () => {
  const none = { notices: () => [] };
  for (const oldest of [undefined, (now + 5_000) as Millis]) {
    const text = sampled({ ...none, oldestHeldAt: () => oldest });
    assert.match(text, /^postern_held_oldest_seconds 0$/m);
  }
});
