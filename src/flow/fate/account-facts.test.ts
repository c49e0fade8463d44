/** Facts about an account with the real flows: held mail, the owner's last login, who answered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptedScan } from '../../../test/doubles/scan.ts';
import { openRig } from '../../../test/ledger/flow-rig.ts';
import type { Account } from '../../core/account-name.ts';
import { hourMs, minuteMs } from '../../lib/time.ts';

const joe = 'joe@here.test';

test('of a hijacked account: addresses, subjects, recipients, and the login before', async () => {
  const rig = openRig();
  await rig.mail({ account: joe, to: ['friend@elsewhere.test'], client: '192.0.2.7' });
  const loggedIn = rig.time.now();
  const minute = Math.floor(loggedIn / minuteMs);
  // As if that had been so for a month: what is seen first in the last day is not believed.
  const profile = rig.accounts.known(joe as Account);
  profile?.networks.splice(0, 9, {
    network: '192.0.2.0/24',
    first: minute - 30 * 24 * 60,
    last: minute,
  });
  await rig.time.pass(hourMs);
  for (let nth = 0; nth < 60; nth++) {
    await rig.mail({
      account: joe,
      to: [`s${nth}@gmail.test`],
      client: `198.18.${nth % 8}.9`,
      subject: 'Your parcel\u202e',
      scan: scriptedScan(9),
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
  // Mail pulled back from the queue has its facts from the day files, held mail from the ledger.
  assert.deepEqual([...new Set(held.map(({ why }) => why))].sort(), ['queue', 'verdict']);
  for (const { client, sample, subject } of held) {
    const isTheirs = client === '192.0.2.7';
    assert.match(client, isTheirs ? /./ : /^198\.18\./);
    assert.match(sample[0] ?? '', isTheirs ? /^friend@/ : /@gmail\.test$/);
    assert.match(subject, isTheirs ? /^$/ : /^Your parcel/);
  }
});

test('an account that is not known has no facts, and that is no error', async () => {
  const facts = await openRig().admin.asking.accountFacts('nobody@here.test');
  assert.deepEqual([facts.messages, facts.clients, facts.lastLogin], [0, [], undefined]);
});
