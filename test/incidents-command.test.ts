/** `postern incidents` without a running guard. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeProfile, newProfile } from '../src/core/account/profile.ts';
import { openLedger } from '../src/ledger/sqlite/open.ts';
import { postern, stateFolder } from './command-line.ts';
import { accountOf, incidentRow, joe as stored, at as time } from './ledger/samples.ts';

test('without a guard an open incident counts what was stopped since its beginning', async () => {
  await using state = await stateFolder();
  const ledger = openLedger(join(state.path, 'ledger.db'));
  const fresh = newProfile(time(1_000));
  const profile = encodeProfile({ ...fresh, state: 'suspended', stoppedMessages: 4_711 });
  const open = incidentRow({ account: stored, queuedHeld: 0, stoppedMessages: 7 });
  const account = accountOf(stored, { state: 'suspended', profile });
  ledger.write([account, { kind: 'incident', row: open }], { durable: true });
  ledger.close();
  for (const words of [['list'], ['show', stored], ['report', stored]]) {
    const ran = await postern('incidents', ...words, '--state', `${state.path}/`);
    assert.equal(ran.exit, 0, ran.err);
    assert.match(ran.out, /\b4711\b/, words.join(' '));
  }
});
