/** What operators see and do: it shows what is, and what is done is said and written down. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlowRig, openRig } from '../../../test/ledger/flow-rig.ts';
import { dayMs, minuteMs } from '../../lib/time.ts';

const joe = 'joe@here.test';
const many = Array.from({ length: 30 }, (_, nth) => `s${nth}@elsewhere.test`);

async function withHeld(): Promise<{ readonly rig: FlowRig; readonly id: string }> {
  const rig = openRig();
  const { id } = rig.send({ account: joe, to: many, subject: 'Offer' });
  await rig.time.settle();
  return { rig, id };
}

test('the status counts what is', async () => {
  const { rig } = await withHeld();
  await rig.mail({ account: 'ann@here.test', to: ['friend@elsewhere.test'] });
  await rig.hijack('bob@here.test');
  await rig.time.pass(5_000);
  const { accounts, held, ledger, verdicts } = rig.admin.status();
  assert.deepEqual([accounts.known, accounts.suspended], [3, 1]);
  assert.equal(held, rig.journal.live.held({ state: 'held', limit: 99 }).length);
  assert.equal(ledger.state, 'ok');
  assert.ok(verdicts.pass > 1 && verdicts.hold > 1);
  rig.breakDisk(true);
  await rig.mail({ account: 'ann@here.test', to: ['friend@elsewhere.test'] });
  await rig.time.pass(1_000);
  assert.equal(rig.admin.status().ledger.state, 'failing');
});

test('a held message: shown with its story, released once, written down', async () => {
  const { rig, id } = await withHeld();
  const shown = rig.admin.heldOne(id);
  assert.deepEqual([shown?.held.state, shown?.story?.subject], ['held', 'Offer']);
  assert.ok(rig.admin.explain(id)?.story !== undefined);
  const done = await rig.admin.releaseHeld({ ids: [id] }, 'op');
  assert.deepEqual([done.ok, done.text], [true, '1 message released']);
  assert.equal(rig.queue.messages.get(id), 'deferred');
  assert.equal(rig.admin.heldOne(id)?.held.by, 'op');
  const again = await rig.admin.releaseHeld({ ids: [id] }, 'op');
  assert.deepEqual([again.ok, again.text], [false, 'no such message is held']);
  const [row] = rig.journal.live.audit({ account: joe, limit: 1 });
  assert.deepEqual([row?.action, row?.by], ['release-held', 'op']);
  assert.match(row?.detail ?? '', new RegExp(id));
});

test('all of an account at once, delivered: what comes next waits no longer', async () => {
  const rig = openRig();
  const to = (from: number, count: number): string[] =>
    Array.from({ length: count }, (_, nth) => `reader${from + nth}@elsewhere.test`);
  assert.equal((await rig.mail({ account: joe, to: to(0, 300) })).kind, 'hold');
  rig.time.jump(10 * dayMs);
  const waits = rig.send({ account: joe, to: to(900, 1) });
  await rig.time.settle();
  assert.equal(waits.answers[0]?.kind, 'hold');
  const [{ queueId = '' } = {}] = rig.journal.live.held({ state: 'held', limit: 9 });
  await rig.admin.releaseHeld({ ids: [queueId] }, 'op');
  assert.equal((await rig.mail({ account: joe, to: to(901, 1) })).kind, 'hold', 'one message only');
  const done = await rig.admin.releaseHeld({ account: joe }, 'op');
  assert.ok(done.ok, done.text);
  assert.equal((await rig.mail({ account: joe, to: to(902, 1) })).kind, 'pass');
  assert.equal((await rig.mail({ account: joe, to: to(1_000, 300) })).kind, 'hold');
});

test('mail waits for a person: account, notice and a release of its mail say so', async () => {
  const rig = openRig();
  const more = Array.from({ length: 90 }, (_, nth) => `w${nth}@elsewhere.test`);
  const { id } = rig.send({ account: joe, to: more });
  await rig.time.pass(minuteMs);
  assert.ok(rig.admin.account(joe)?.account.waitsSince !== undefined);
  const undo = `postern accounts release ${joe} --false-alarm`;
  const told = rig.taken.filter(({ notice }) => notice.event === 'account.holding');
  assert.ok(told.length > 0 && told.every(({ notice }) => notice.falseAlarm === undo));
  const done = await rig.admin.releaseHeld({ ids: [id] }, 'op');
  assert.match(done.text, /^1 message released; further mail of joe@here\.test waits for you/);
  assert.ok(done.text.endsWith(undo));
  await rig.admin.release(joe, { ...released, falseAlarm: true });
  assert.equal(rig.admin.account(joe)?.account.waitsSince, undefined);
});

test('all of an account at once, dropped; another account is not touched', async () => {
  const { rig, id } = await withHeld();
  const more = rig.send({ account: joe, to: many });
  const other = rig.send({
    account: 'ann@here.test',
    to: many.map((address) => `ann-${address}`),
  });
  await rig.time.settle();
  const done = await rig.admin.dropHeld({ account: joe }, 'op');
  assert.deepEqual([done.ok, done.ok && done.count], [true, 2]);
  assert.equal(rig.queue.messages.has(id) || rig.queue.messages.has(more.id), false);
  assert.equal(rig.queue.messages.get(other.id), 'hold');
});

test('a message that left the queue otherwise is said, and not counted as released', async () => {
  const { rig, id } = await withHeld();
  rig.queue.leave(id);
  const done = await rig.admin.releaseHeld({ ids: [id] }, 'op');
  assert.equal(done.ok, false, 'the command ends with 1');
  assert.match(done.text, /0 messages released; 1 is no longer in the hold queue/);
  assert.equal(rig.admin.heldOne(id)?.held.state, 'held', 'the review closes it');
});

test('entries whose message left long ago are marked gone; a drop is done', async () => {
  const { rig, id } = await withHeld();
  rig.queue.leave(id);
  rig.time.jump(6 * minuteMs);
  const done = await rig.admin.dropHeld({ ids: [id] }, 'op');
  const text = '0 messages dropped; 1 is no longer in the hold queue (1 entry is marked gone)';
  assert.deepEqual([done.ok, done.text], [true, text]);
  const { state, by } = rig.admin.heldOne(id)?.held ?? {};
  assert.deepEqual([state, by], ['gone', 'queue']);
});

test('a queue that cannot be read: the entries stay, for nobody knows', async () => {
  const { rig, id } = await withHeld();
  rig.queue.leave(id);
  rig.time.jump(6 * minuteMs);
  rig.queue.unlisted = true;
  const done = await rig.admin.releaseHeld({ ids: [id] }, 'op');
  assert.equal(done.ok, false);
  assert.equal(rig.admin.heldOne(id)?.held.state, 'held');
});

test('queue tools that fail: nothing is said to be done', async () => {
  const { rig, id } = await withHeld();
  rig.queue.broken = true;
  const done = await rig.admin.releaseHeld({ ids: [id] }, 'op');
  assert.deepEqual([done.ok, done.text], [false, 'postsuper: no']);
  assert.equal(rig.admin.heldOne(id)?.held.state, 'held');
});

test('queue tools that fail half-way: what was done is written, the rest is reported', async () => {
  const { rig, id } = await withHeld();
  const more = rig.send({ account: joe, to: many });
  await rig.time.settle();
  rig.queue.breaksAfter = 1;
  const done = await rig.admin.dropHeld({ ids: [id, more.id] }, 'op');
  assert.deepEqual(
    [done.ok, done.text],
    [false, '1 message dropped, 1 are not: postsuper: no more'],
  );
  assert.equal(rig.admin.heldOne(id)?.held.state, 'dropped');
  assert.equal(rig.admin.heldOne(more.id)?.held.state, 'held');
  assert.match(rig.journal.live.audit({ account: joe, limit: 1 })[0]?.detail ?? '', /^1 messages/);
});

test('what was done but could not be written is said so', async () => {
  const { rig, id } = await withHeld();
  rig.breakDisk(true);
  const releasing = rig.admin.releaseHeld({ ids: [id] }, 'op');
  await rig.time.pass(6_000);
  const done = await releasing;
  assert.equal(done.ok, false);
  assert.match(done.text, /1 message released; done, but the ledger could not be written/);
});

test('an account is shown as it is now: state, counts, incidents, stories, record', async () => {
  const rig = openRig();
  await rig.hijack(joe);
  await rig.time.pass(minuteMs);
  for (let nth = 0; nth < 5; nth++) await rig.mail({ account: joe, to: ['a@elsewhere.test'] });
  const shown = rig.admin.account('JOE@here.test ');
  assert.equal(shown?.account.state, 'suspended');
  assert.ok(shown.account.reasons.length > 0 && shown.account.evidence >= 1);
  const [incident] = shown.incidents;
  assert.ok((incident?.stoppedMessages ?? 0) >= 5, 'what was stopped since is counted');
  assert.ok(shown.stories.length > 0 && shown.audit.length > 0);
  const list = rig.admin.accounts({ state: 'suspended', limit: 9 });
  assert.deepEqual(
    list.map(({ account }) => account),
    [joe],
  );
});

test('names of hosts and local senders are taken as they stand', async () => {
  const rig = openRig();
  for (const account of ['client:192.0.2.7', 'local:www@here.test', 'script:/var/www/a.php']) {
    await rig.mail({ account, to: ['friend@elsewhere.test'], by: 'local' });
    assert.equal(rig.admin.account(account)?.account.account, account);
    assert.ok((await rig.admin.suspend(account, 'op', '')).ok);
  }
  assert.ok(!rig.order.some((what) => what.startsWith('login')), 'none of them has a login');
  assert.equal((await rig.admin.release('nobody@here.test', released)).ok, false);
});

const released = { by: 'op', note: '', falseAlarm: false, keepHeld: false };
