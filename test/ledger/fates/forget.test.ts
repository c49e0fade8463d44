/** A person's address is removed: from all days, from the ledger, from the octets of the files. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Account } from '../../../src/core/account-name.ts';
import { openLedger } from '../../../src/ledger/sqlite/open.ts';
import { dayMs } from '../../../src/lib/time.ts';
import { messageRow, scriptSeen, storyRow } from '../samples.ts';
import { freshFolder } from './folder.ts';
import { attempt, judged, later, openRig } from './rig.ts';

const anna = 'anna@example.net';

function octets(folder: string): string {
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'latin1'))
    .join('');
}

test('an address is removed from all days, and other people stay', async (t) => {
  const folder = freshFolder(t);
  const rig = openRig(folder, { now: () => later(dayMs) });
  const { store } = rig;
  store.judged(
    judged({ verdict: 'hold', subject: 'To both', recipients: [anna, 'bob@example.net'] }),
  );
  store.attempted(attempt({ outcome: 'bounced', reply: `550 <${anna}>: unknown user` }));
  store.judged(
    judged({
      queueId: '4next',
      messageId: 'n',
      at: later(dayMs),
      subject: 'Next day',
      recipients: [anna],
    }),
  );
  store.judged(
    judged({
      queueId: '4from',
      messageId: 'f',
      sender: anna,
      headerFrom: anna,
      subject: 'From her',
      account: anna as Account,
      recipients: ['carl@example.net'],
    }),
  );
  store.judged(
    judged({
      queueId: '4else',
      messageId: 'e',
      subject: 'Other mail',
      recipients: ['bob@example.net'],
    }),
  );
  await rig.written();
  assert.ok(octets(folder).includes(anna));
  const dry = await store.forget('Anna@Example.NET', { dryRun: true });
  assert.equal((await store.find({ recipient: anna, limit: 9 })).found.length, 2);
  const changed = await store.forget('Anna@Example.NET', { dryRun: false });
  assert.equal(dry, changed);
  assert.ok(changed > 0);
  for (const query of [
    { recipient: anna },
    { sender: anna },
    { subject: 'From her' },
    { subject: 'To ' },
  ]) {
    assert.deepEqual((await store.find({ ...query, limit: 9 })).found, [], JSON.stringify(query));
  }
  const { found } = await store.find({ recipient: 'bob@example.net', limit: 9 });
  assert.deepEqual(
    found.map((one) => one.judged?.subject),
    ['Other mail', ''],
  );
  const of = found[1]?.recipients.find(({ recipient }) => recipient === '');
  assert.equal(of?.attempts[0]?.reply, '550 <(recipient)>: unknown user');
  assert.equal(await store.forget(anna, { dryRun: false }), 0);
  await store.close();
  for (const gone of [anna, 'To both', 'Next day', 'From her']) {
    assert.ok(!octets(folder).includes(gone), gone);
  }
});

test('what waits to be written is removed as well', async (t) => {
  const rig = openRig(freshFolder(t));
  t.after(() => rig.store.close());
  rig.store.judged(judged());
  assert.ok((await rig.store.forget(anna, { dryRun: false })) > 0);
  assert.deepEqual((await rig.store.find({ recipient: anna, limit: 9 })).found, []);
});

test('what leads to an address in another form is removed as well', async (t) => {
  const folder = freshFolder(t);
  const rig = openRig(folder);
  t.after(() => rig.store.close());
  rig.store.judged(
    judged({ sender: anna, headerFrom: anna, account: `local:${anna}` as Account, recipients: [] }),
  );
  rig.store.attempted(
    attempt({
      recipient: 'bob@example.org',
      original: 'bob@example.org',
      outcome: 'bounced',
      reply: '550 see http://spf.test/?id=anna%40example.net;r=mx and b+anna=example.net@l',
    }),
  );
  await rig.written();
  const day = readdirSync(folder).find((name) => /^messages-[-\d]+\.db$/.test(name)) ?? '';
  writeFileSync(join(folder, `${day}.damaged`), `damage ${anna}`);
  assert.ok(octets(folder).includes(`local:${anna}`));
  const dry = await rig.store.forget(anna, { dryRun: true });
  assert.ok(octets(folder).includes(`damage ${anna}`));
  assert.equal(await rig.store.forget(anna, { dryRun: false }), dry);
  for (const gone of [anna, 'anna%40', 'anna=']) assert.ok(!octets(folder).includes(gone), gone);
});

test('a readable address is removed although the key of its day was lost', async (t) => {
  const folder = freshFolder(t);
  const first = openRig(folder);
  first.store.judged(judged());
  await first.written();
  await first.store.close();
  for (const name of readdirSync(folder)) if (name.endsWith('.key')) rmSync(join(folder, name));
  const { store } = openRig(folder);
  t.after(() => store.close());
  assert.ok((await store.forget(anna, { dryRun: false })) > 0);
  assert.ok(!octets(folder).includes(anna));
});

test('an address is removed from the ledger', (t) => {
  const folder = freshFolder(t);
  const ledger = openLedger(join(folder, 'ledger.db'));
  t.after(() => ledger.close());
  const reasons: [] = [];
  ledger.write(
    [
      { kind: 'message', row: messageRow({ queueId: 'M1', sender: anna }) },
      {
        kind: 'message',
        row: messageRow({
          queueId: 'M2',
          sender: 'bob@example.net',
          unsigned: { why: 'foreign', author: anna },
        }),
      },
      {
        kind: 'script',
        row: scriptSeen({
          to: [
            { key: anna, count: 7 },
            { key: 'bob@example.net', count: 1 },
          ],
          from: [{ key: anna, count: 2 }],
        }),
      },
      {
        kind: 'written-as',
        row: {
          account: 'joe' as Account,
          address: anna,
          firstAt: later(0),
          lastAt: later(0),
          messages: 1,
          days: 1,
        },
      },
      {
        kind: 'story',
        row: storyRow({ id: 'S1', sample: ['x@example.net', anna], subject: 'Private', reasons }),
      },
      {
        kind: 'story',
        row: storyRow({ id: 'S2', sample: ['joanna@example.net'], subject: 'Kept', reasons }),
      },
      {
        kind: 'notice',
        row: {
          id: 'N1',
          at: later(0),
          channel: 'mail',
          body: `{"text":"to ${anna}"}`,
          tries: 0,
          nextAt: later(0),
          state: 'sent',
        },
      },
      {
        kind: 'account',
        account: 'joe' as Account,
        state: 'clear',
        profile: '{}',
        learned: [77, 1, 78, 1],
        forgotten: [],
      },
    ],
    { durable: true },
  );
  const what = { address: anna, hashes: [77, 99] };
  const dry = ledger.forget(what, { dryRun: true });
  assert.equal(ledger.message('M1')?.sender, anna);
  assert.equal(ledger.forget(what, { dryRun: false }), dry);
  assert.equal(ledger.message('M1')?.sender, '');
  assert.equal(ledger.message('M2')?.sender, 'bob@example.net');
  assert.deepEqual(ledger.message('M2')?.unsigned, { why: 'foreign', author: '(forgotten)' });
  assert.deepEqual(ledger.writtenAs(), []);
  const [script] = ledger.scripts();
  assert.deepEqual([script?.to, script?.from], [[{ key: 'bob@example.net', count: 1 }], []]);
  assert.deepEqual(ledger.story('S1')?.sample, ['x@example.net', '(forgotten)']);
  assert.equal(ledger.story('S1')?.subject, '');
  assert.equal(ledger.story('S2')?.subject, 'Kept');
  assert.deepEqual([...(ledger.loadAccount('joe' as Account)?.recipients ?? [])], [78]);
  assert.equal(ledger.knownHere(77), undefined);
  assert.equal(ledger.forget(what, { dryRun: false }), 0);
});
