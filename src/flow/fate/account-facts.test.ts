/** Facts about an account with the real flows: held mail, the owner's last login, who answered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRig } from '../../../test/ledger/flow-rig.ts';
import { dayMs, hourMs } from '../../lib/time.ts';

const joe = 'joe@here.test';

test('of a hijacked account: its addresses, subjects, recipients, and the login before', async () => {
  const rig = openRig();
  for (let day = 0; day < 3; day++) {
    await rig.mail({ account: joe, to: ['friend@elsewhere.test'], client: '192.0.2.7' });
    await rig.time.pass(dayMs);
  }
  await rig.mail({ account: joe, to: ['friend@elsewhere.test'], client: '192.0.2.7' });
  const loggedIn = rig.time.now();
  await rig.time.pass(hourMs);
  for (let nth = 0; nth < 60; nth++) {
    await rig.mail({
      account: joe,
      to: [`s${nth}@gmail.test`],
      client: `198.18.${nth % 8}.9`,
      subject: 'Your parcel\u202e',
    });
  }
  const facts = await rig.admin.asking.accountFacts(joe);
  assert.equal(rig.admin.account(joe)?.account.state, 'suspended');
  assert.equal(facts.clientCount, 8);
  assert.ok(facts.clients.every(({ networkSince }) => networkSince === undefined));
  assert.deepEqual(
    facts.subjects.map(({ subject }) => subject),
    ['Your parcel'],
  );
  assert.equal(facts.domains[0]?.domain, 'gmail.test');
  assert.ok(
    facts.recipients.length > 0 && facts.recipients.every((one) => /@gmail\.test$/.test(one)),
  );
  const { lastLogin: login } = facts;
  assert.deepEqual([login?.network, login?.address], ['192.0.2.0/24', '192.0.2.7']);
  assert.ok(Math.abs((login?.at ?? 0) - loggedIn) < 61_000);
  assert.deepEqual(facts.password, { word: 'not tested', text: 'no password audit has run' });
  const held = await rig.admin.asking.heldViews(rig.admin.held({ account: joe, limit: 99 }));
  assert.ok(held.length > 0);
  for (const one of held) {
    assert.match(one.client, /^198\.18\./);
    assert.match(one.sample[0] ?? '', /@gmail\.test$/);
  }
});

test('an account that is not known has no facts, and that is no error', async () => {
  const facts = await openRig().admin.asking.accountFacts('nobody@here.test');
  assert.deepEqual([facts.messages, facts.clients, facts.lastLogin], [0, [], undefined]);
});
