/** The first notice about held mail says what was held. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRig } from '../../../test/ledger/flow-rig.ts';

test('a notice of held mail has its address, subject and first recipients', async () => {
  const rig = openRig();
  const to = Array.from({ length: 90 }, (_, nth) => `s${nth}@elsewhere.test`);
  await rig.mail({
    account: 'joe@here.test',
    to,
    client: '192.0.2.7',
    subject: `Offer\u202e\n${'x'.repeat(900)}`,
  });
  await rig.time.pass(60_000);
  const told = rig.taken.find(({ notice }) => notice.event === 'account.holding')?.notice.facts;
  assert.deepEqual(told?.clients, [{ address: '192.0.2.7', network: '', messages: 1 }]);
  assert.deepEqual(told?.recipients, to.slice(0, 5));
  const subject = told?.subjects[0]?.subject ?? '';
  assert.match(subject, /^Offer x+$/);
  assert.equal(subject.length, 120);
});
