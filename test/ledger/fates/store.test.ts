/** What became of messages: written, found, with and without clear text. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Account } from '../../../src/core/account-name.ts';
import { dayMs, hourMs, minuteMs } from '../../../src/lib/time.ts';
import { freshFolder } from './folder.ts';
import { attempt, judged, later, logged, noon, openRig } from './rig.ts';

function rigOf(t: TestContext, more: Parameters<typeof openRig>[1] = {}) {
  const folder = freshFolder(t);
  const rig = openRig(folder, more);
  t.after(() => rig.store.close());
  return { folder, ...rig };
}

test('a message is found by all that a person remembers', async (t) => {
  const { store } = rigOf(t);
  store.judged(judged({ script: '/srv/www/form.php', headerFrom: 'shop@example.org' }));
  store.logged(logged({ otherIds: ['5ZzZzZ'] }));
  store.attempted(attempt({ outcome: 'deferred', reply: '451 4.7.1 try later', at: later(5_000) }));
  store.attempted(attempt());
  store.judged(
    judged({
      queueId: '4other',
      messageId: 'other',
      subject: 'Other',
      sender: 'x@y.z',
      headerFrom: 'x@y.z',
      recipients: ['b@example.net'],
      client: '192.0.2.8',
      account: 'zoe' as Account,
      at: later(minuteMs),
    }),
  );
  for (const query of [
    { recipient: 'Anna@Example.net' },
    { sender: 'joe@example.org' },
    { sender: 'shop@example.org' },
    { subject: 'lunch ON' },
    { messageId: '<first.1@pc.example.org>' },
    { queueId: '4aBcDeF1Gz' },
    { queueId: '5ZzZzZ' },
    { client: '192.0.2.7' },
    { script: '/srv/www/form.php' },
    { account: 'joe@example.org' as Account },
    { until: noon },
    { recipient: 'anna@example.net', subject: 'Friday', client: '192.0.2.7', since: noon },
  ]) {
    const { found, partial } = await store.find({ ...query, limit: 10 });
    assert.equal(partial, '');
    assert.deepEqual(
      found.map((one) => one.judged?.queueId),
      ['4aBcDeF1Gz'],
      JSON.stringify(query),
    );
  }
  const none = await store.find({ recipient: 'nobody@example.net', limit: 10 });
  assert.deepEqual(none, { found: [], partial: '', days: 1 });
  const [found] = (await store.find({ queueId: '4aBcDeF1Gz', limit: 10 })).found;
  const { recipients: _, ...message } = judged({
    script: '/srv/www/form.php',
    headerFrom: 'shop@example.org',
  });
  assert.deepEqual(found?.judged, message);
  assert.deepEqual(found?.logged, logged({ otherIds: ['5ZzZzZ'] }));
  const { host: __, queueId: ___, account: ____, ...sent } = attempt();
  assert.deepEqual(
    found?.recipients.map(({ recipient, attempts }) => ({ recipient, attempts })),
    [
      {
        recipient: 'anna@example.net',
        attempts: [
          { ...sent, outcome: 'deferred', reply: '451 4.7.1 try later', at: later(5_000) },
          sent,
        ],
      },
    ],
  );
});

test('what is told twice, in any order, is one message and one attempt', async (t) => {
  const { store, written } = rigOf(t);
  store.attempted(attempt());
  store.logged(logged());
  store.judged(judged());
  await written();
  store.attempted(attempt());
  store.logged(logged());
  const { found } = await store.find({ recipient: 'anna@example.net', limit: 10 });
  assert.equal(found.length, 1);
  assert.equal(found[0]?.recipients.length, 1);
  assert.equal(found[0]?.recipients[0]?.attempts.length, 1);
  assert.equal(found[0]?.judged?.subject, 'Lunch on Friday');
  assert.equal(found[0]?.logged?.sizeBytes, 1_234);
});

test('a queue id that is used again belongs to another message', async (t) => {
  const { store } = rigOf(t, { now: () => later(6 * hourMs) });
  store.judged(judged());
  store.judged(judged({ at: later(5 * hourMs), subject: 'Second', messageId: '2' }));
  store.attempted(attempt({ at: later(5 * hourMs + 9_000), delaySeconds: 9 }));
  store.attempted(attempt());
  const { found } = await store.find({ queueId: '4aBcDeF1Gz', limit: 10 });
  assert.deepEqual(
    found.map((one) => [one.judged?.subject, one.recipients[0]?.attempts.map(({ at }) => at)]),
    [
      ['Second', [later(5 * hourMs + 9_000)]],
      ['Lunch on Friday', [later(minuteMs)]],
    ],
  );
});

test('two machines use the same queue id at the same time', async (t) => {
  const { store } = rigOf(t);
  const ann = 'ann@example.org' as Account;
  store.logged(logged());
  store.logged(logged({ host: 'mx2', account: ann, sender: ann, messageId: 'second@mx2' }));
  store.attempted(attempt());
  store.attempted(attempt({ host: 'mx2', account: ann, recipient: 'carl@example.net' }));
  const of = async (account: Account) => {
    const { found } = await store.find({ account, limit: 9 });
    return found.map(({ recipients }) => recipients.map(({ recipient }) => recipient));
  };
  assert.deepEqual(await of('joe@example.org' as Account), [['anna@example.net']]);
  assert.deepEqual(await of(ann), [['carl@example.net']]);
});

test('an attempt days later is kept on the day of its message', async (t) => {
  const { folder, store } = rigOf(t, { now: () => later(4 * dayMs) });
  store.judged(judged());
  store.attempted(attempt({ at: later(4 * dayMs), delaySeconds: 4 * 86_400, outcome: 'expired' }));
  const { found } = await store.find({ recipient: 'anna@example.net', limit: 10 });
  assert.equal(found[0]?.recipients[0]?.attempts[0]?.outcome, 'expired');
  const days = readdirSync(folder).filter((name) => name.endsWith('.key'));
  assert.deepEqual(days, ['messages-2026-11-20.key']);
});

test('an upload over midnight is one message', async (t) => {
  const midnight = Date.parse('2026-11-20T00:00:00Z');
  const { store } = rigOf(t);
  store.judged(judged({ at: later(3_000, midnight) }));
  store.logged(logged({ at: later(-60_000, midnight) }));
  const { found } = await store.find({ queueId: '4aBcDeF1Gz', limit: 10 });
  assert.equal(found.length, 1);
  assert.equal(found[0]?.logged?.at, later(-60_000, midnight));
});

test('without clear text, mail is found and its addresses are not on the disk', async (t) => {
  const { folder, store } = rigOf(t, { keeping: { keepMs: 7 * dayMs, keepClearMs: 0 } });
  store.judged(judged());
  store.attempted(
    attempt({
      outcome: 'bounced',
      reply: '550 5.1.1 <ANNA@example.net>: no such user (old.anna@example.com)',
    }),
  );
  store.judged(
    judged({
      queueId: '4held',
      messageId: 'h',
      verdict: 'hold',
      subject: 'Held one',
      recipients: ['carl@example.net', 'anna@example.net'],
    }),
  );
  store.judged(
    judged({
      queueId: '4watch',
      messageId: 'w',
      isWatched: true,
      subject: 'Watched',
      recipients: ['dora@example.net'],
    }),
  );
  const { found } = await store.find({ recipient: 'anna@example.net', limit: 10 });
  assert.deepEqual(
    found.map(({ judged: of, recipients }) => [
      of?.queueId,
      of?.subject,
      recipients.map(({ recipient }) => recipient),
    ]),
    [
      ['4held', 'Held one', ['anna@example.net', 'carl@example.net']],
      ['4aBcDeF1Gz', '', ['']],
    ],
  );
  const reply = found[1]?.recipients[0]?.attempts[0]?.reply;
  assert.equal(reply, '550 5.1.1 <(recipient)>: no such user (*@example.com)');
  await store.close();
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
  const all = files.join('');
  assert.ok(all.includes('dora@example.net') && all.includes('Held one'));
  for (const gone of ['Lunch on Friday', 'old.anna']) assert.ok(!all.includes(gone), gone);
});

test('an alias is under the recipient it came from, and is found by both', async (t) => {
  const { store } = rigOf(t);
  store.judged(judged({ recipients: ['team@example.org'] }));
  for (const recipient of ['a@example.net', 'b@example.net']) {
    store.attempted(attempt({ recipient, original: 'team@example.org' }));
  }
  for (const recipient of ['team@example.org', 'b@example.net']) {
    const { found } = await store.find({ recipient, limit: 10 });
    assert.equal(found.length, 1, recipient);
    assert.equal(found[0]?.recipients.length, 1);
    assert.deepEqual(found[0]?.recipients[0]?.attempts.map((one) => one.recipient).sort(), [
      'a@example.net',
      'b@example.net',
    ]);
  }
});

test('a search for a subject with other characters than ASCII ignores their case', async (t) => {
  const { store } = rigOf(t);
  store.judged(judged({ subject: 'Ölpreis 100 % günstig' }));
  store.judged(judged({ queueId: '4b', messageId: 'b', subject: 'Alpreis 100 x' }));
  for (const subject of ['ölPREIS', '100 %', 'GÜNSTIG']) {
    const { found } = await store.find({ subject, limit: 10 });
    assert.deepEqual(
      found.map((one) => one.judged?.queueId),
      ['4aBcDeF1Gz'],
      subject,
    );
  }
});

test('only the owner can read the files', async (t) => {
  const { folder, store, written } = rigOf(t);
  store.judged(judged());
  await written();
  for (const name of readdirSync(folder)) {
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  }
});

test('mail of which the log was read too late is joined to what is known', async (t) => {
  const { store } = rigOf(t, { now: () => later(6 * hourMs) });
  store.judged(judged());
  store.logged(logged());
  const late = logged({ at: later(5 * hourMs), account: undefined, client: '', messageId: '' });
  store.logged(late, { startMissing: true });
  store.attempted(attempt({ at: later(5 * hourMs), delaySeconds: 5 * 3_600 }));
  const { found } = await store.find({ queueId: '4aBcDeF1Gz', limit: 10 });
  assert.equal(found.length, 1);
  assert.deepEqual(found[0]?.logged, logged());
  assert.equal(found[0]?.recipients[0]?.attempts.length, 1);
});

test('two messages that are one give all to the first', async (t) => {
  const { store, written } = rigOf(t);
  store.judged(judged());
  store.logged(logged());
  const back = logged({ queueId: '4back', at: later(10_000), client: '127.0.0.1' });
  store.logged(back);
  store.attempted(attempt({ queueId: '4back', at: later(12_000) }));
  await written();
  store.merged(back, logged());
  store.logged(logged({ otherIds: ['4back'] }));
  store.attempted(attempt({ queueId: '4back', outcome: 'deferred', at: later(11_000) }));
  for (const queueId of ['4back', '4aBcDeF1Gz']) {
    const { found } = await store.find({ queueId, limit: 10 });
    assert.equal(found.length, 1);
    assert.equal(found[0]?.judged?.queueId, '4aBcDeF1Gz');
    assert.deepEqual(
      found[0]?.recipients[0]?.attempts.map(({ at }) => at),
      [later(11_000), later(12_000)],
    );
  }
});

test('settings that change are in force at once', async (t) => {
  const { folder, store } = rigOf(t);
  store.judged(judged());
  store.configure({ keepMs: 7 * dayMs, keepClearMs: 0 });
  store.round([]);
  store.judged(judged({ queueId: '4b', messageId: 'b', at: later(minuteMs) }));
  const { found } = await store.find({ recipient: 'anna@example.net', limit: 10 });
  assert.deepEqual(
    found.map((one) => [one.judged?.queueId, one.judged?.subject]),
    [
      ['4b', ''],
      ['4aBcDeF1Gz', ''],
    ],
  );
  assert.ok(readdirSync(folder).every((name) => !name.includes('clear')));
  store.configure({ keepMs: 0, keepClearMs: 0 });
  store.round([]);
  store.judged(judged());
  const off = await store.find({ recipient: 'anna@example.net', limit: 10 });
  assert.deepEqual(off.found, []);
  assert.match(off.partial, /messages\.keep is 0/);
});

test('a recipient without a domain is the one that the message named', async (t) => {
  const { store } = rigOf(t);
  const account = 'local:root@mail.example.org' as Account;
  const cron = { account, sender: 'root@mail.example.org' };
  store.judged(judged({ ...cron, recipients: ['root@mail.example.org', 'cron@mail.example.org'] }));
  store.attempted(attempt({ recipient: 'admin@example.net', original: 'root' }));
  store.attempted(attempt({ recipient: 'cron@mail.example.org', original: 'cron' }));
  const { found } = await store.find({ queueId: '4aBcDeF1Gz', limit: 10 });
  assert.deepEqual(
    found[0]?.recipients.map(({ recipient, attempts }) => [recipient, attempts.length]).sort(),
    [
      ['cron@mail.example.org', 1],
      ['root@mail.example.org', 1],
    ],
  );
});
