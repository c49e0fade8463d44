/**
 * A suspension, step by step, and its undoing: also when they meet, when a step fails, and after a
 * crash.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlowRig, openRig } from '../../../test/ledger/flow-rig.ts';
import type { Account } from '../../core/account-name.ts';
import { firstReasonText } from '../../core/explain.ts';
import { minuteMs } from '../../lib/time.ts';
import type { AdminResult } from '../../ports/admin.ts';

const joe = 'joe@here.test' as Account;
const released = { by: 'op', note: '', falseAlarm: false, keepHeld: false };

/** What it did from the commit of the suspension on. */
function since(rig: FlowRig): readonly string[] {
  return rig.order.slice(rig.order.findIndex((what) => what.includes('incident')));
}
const incident = (rig: FlowRig) => rig.journal.live.incidents({ account: joe, limit: 1 })[0];
async function suspendByHand(rig: FlowRig): Promise<AdminResult> {
  const done = await rig.admin.suspend(joe, 'op', 'called');
  await rig.time.settle();
  return done;
}
const release = (rig: FlowRig) => rig.admin.release(joe, released);

test('in this order: committed, queue held, login closed, operator told', async () => {
  const rig = openRig();
  // Two that the owner wrote before, of which one is delivered already.
  const friend = { account: joe, to: ['friend@elsewhere.test'] };
  const delivered = rig.send(friend);
  const waiting = rig.send({ account: joe, local: ['mum@here.test'] });
  rig.queue.leave(delivered.id);
  const passed = await rig.hijack(joe);
  await rig.time.settle();
  const steps = since(rig).map((what) => what.split(' ').slice(0, 2).join(' '));
  const wanted = ['commit account', 'queue hold', `login close`, 'mail account.suspended'];
  const at = wanted.map((step) => steps.indexOf(step));
  assert.ok(!at.includes(-1), steps.join(', '));
  assert.deepEqual(
    at,
    at.toSorted((one, other) => one - other),
    steps.join(', '),
  );
  assert.equal(rig.queue.messages.get(waiting.id), 'hold');
  assert.deepEqual(rig.queue.inQueue('deferred'), []);
  assert.ok(rig.logins.closed.has(joe));
  assert.deepEqual(
    rig.taken.filter(({ notice }) => notice.event === 'account.suspended').length,
    2,
  );
  const notice = rig.taken.find(({ notice: { event } }) => event === 'account.suspended')?.notice;
  assert.equal(notice?.loginClosed, true);
  assert.equal(notice.stopped.fromQueue, passed + 1, 'all that passed was still queued');
  assert.equal(notice.leaked.messages, 0, 'so nothing got out');
  const row = incident(rig);
  assert.deepEqual([row?.queuedHeld, row?.loginClosed], [passed + 1, true]);
});

test('a step that fails costs none of the others', async () => {
  for (const broken of ['queue', 'ledger'] as const) {
    const rig = openRig();
    rig.send({ account: joe, to: ['friend@elsewhere.test'] });
    const fails = (): never => {
      throw new Error('cannot be read');
    };
    if (broken === 'queue') rig.queue.hold = async () => fails();
    else Object.assign(rig.journal.live, { incidents: fails, messagesOf: fails, heldOne: fails });
    await suspendByHand(rig);
    assert.ok(rig.logins.closed.has(joe), broken);
    const told = rig.taken.filter(({ notice }) => notice.event === 'account.suspended');
    assert.equal(told.length, 2, broken);
    assert.equal(told[0]?.notice.loginClosed, true);
    assert.ok(rig.logged.includes('error suspension.step-failed'));
  }
});

test('what sessions of that moment still handed over is held at the second look', async () => {
  const rig = openRig();
  const late = rig.send({ account: joe, to: ['friend@elsewhere.test'] });
  rig.queue.leave(late.id); // not in the queue yet
  await suspendByHand(rig);
  rig.queue.arrive(late.id, false);
  await rig.time.pass(20_000);
  assert.equal(rig.queue.messages.get(late.id), 'hold');
  assert.equal(rig.journal.live.heldOne(late.id)?.state, 'held');
  assert.equal(incident(rig)?.queuedHeld, 1, 'and it is counted');
});

test('what was being sent as it was put on hold got out: counted so, and not held', async () => {
  const rig = openRig();
  const first = rig.send({ account: joe, to: ['friend@elsewhere.test'] });
  rig.queue.beingSent.add(first.id);
  await rig.hijack(joe);
  await rig.time.settle();
  const caught = incident(rig)?.queuedHeld ?? 0;
  assert.equal(rig.queue.messages.get(first.id), 'deferred', 'released: Postfix removes it');
  assert.equal(rig.journal.live.heldOne(first.id)?.state, 'gone');
  // Another delivery ends only after the first look.
  const [slow = assert.fail()] = rig.queue.inQueue('hold');
  const leaked = incident(rig)?.leakedMessages ?? 0;
  rig.queue.beingSent.add(slow);
  await rig.time.pass(20_000);
  assert.equal(rig.journal.live.heldOne(slow)?.state, 'gone');
  assert.equal(incident(rig)?.queuedHeld, caught - 1);
  assert.equal(incident(rig)?.leakedMessages, leaked + 1);
});

test('a release undoes everything, and is written down', async () => {
  const rig = openRig();
  const before = rig.send({ account: joe, to: ['friend@elsewhere.test'] });
  await rig.hijack(joe);
  await rig.time.pass(minuteMs);
  const heldByVerdict = rig.journal.live.held({ limit: 99 }).filter(({ why }) => why === 'verdict');
  const done = await release(rig);
  assert.ok(done.ok);
  assert.equal(rig.queue.messages.get(before.id), 'deferred');
  assert.ok(!rig.logins.closed.has(joe));
  assert.notEqual(incident(rig)?.endedAt, undefined);
  assert.equal((await rig.mail({ account: joe, to: ['friend@elsewhere.test'] })).kind, 'pass');
  const left = rig.journal.live.held({ account: joe, state: 'held', limit: 99 });
  assert.deepEqual(left, heldByVerdict, 'what was held as spam waits for a decision');
  const actions = rig.journal.live.audit({ account: joe, limit: 9 }).map(({ action }) => action);
  assert.deepEqual(actions, ['release', 'suspend']);
});

test('released while it is still being enforced: the end is open, and stays so', async () => {
  const rig = openRig();
  const friend = rig.send({ account: joe, to: ['friend@elsewhere.test'] });
  const slow = Promise.withResolvers<void>();
  rig.queue.gate = slow.promise;
  await suspendByHand(rig);
  const releasing = rig.admin.release(joe, released);
  await rig.time.settle();
  slow.resolve();
  await releasing;
  await rig.time.pass(minuteMs);
  assert.ok(!rig.logins.closed.has(joe), 'the login is open');
  assert.equal(rig.queue.messages.get(friend.id), 'deferred', 'the mail moves');
  assert.notEqual(incident(rig)?.endedAt, undefined, 'the incident is over');
});

test('released before the second look: nothing is held again', async () => {
  const rig = openRig();
  const { id } = rig.send({ account: joe, to: ['friend@elsewhere.test'] });
  await suspendByHand(rig);
  await rig.time.pass(2_000);
  await release(rig);
  await rig.time.pass(minuteMs);
  assert.equal(rig.queue.messages.get(id), 'deferred');
});

test('queue tools and login door that fail are said, and keep nobody from being told', async () => {
  const rig = openRig();
  rig.queue.broken = true;
  rig.logins.broken = true;
  rig.send({ account: joe, to: ['friend@elsewhere.test'] });
  await suspendByHand(rig);
  await rig.time.settle();
  assert.deepEqual(
    rig.logged.filter((line) => line.startsWith('error')),
    ['error queue.not-held', 'error login.not-closed'],
  );
  assert.equal(rig.taken.length, 2);
  assert.equal(rig.taken[0]?.notice.loginClosed, false);
  const done = await release(rig);
  assert.ok(done.ok);
});

test('queue tools that fail half-way: what they did is written down, here and back', async () => {
  const rig = openRig();
  const ids = [1, 2].map((nth) => rig.send({ account: joe, to: [`f${nth}@elsewhere.test`] }).id);
  const states = () => ids.map((id) => String(rig.journal.live.heldOne(id)?.state)).sort();
  rig.queue.breaksAfter = 1;
  await suspendByHand(rig);
  assert.ok(rig.logged.includes('error queue.not-held'));
  assert.deepEqual([states(), incident(rig)?.queuedHeld], [['held', 'undefined'], 1]);
  rig.queue.breaksAfter = 2;
  await rig.time.pass(20_000);
  assert.deepEqual([states(), incident(rig)?.queuedHeld], [['held', 'held'], 2]);
  rig.queue.breaksAfter = 1;
  const done = await release(rig);
  assert.match(done.text, /no more/);
  assert.deepEqual(states(), ['held', 'released']);
});

test('after a crash each step is done again, once, and the operator is told', async () => {
  const rig = openRig();
  const friend = rig.send({ account: joe, to: ['friend@elsewhere.test'] });
  await rig.time.pass(1_000);
  rig.queue.gate = new Promise(() => undefined); // killed while postsuper ran
  await suspendByHand(rig);
  const again = openRig({ ledger: rig.ledger, at: rig.time.now() });
  again.queue.arrive(friend.id, false);
  again.suspensions.resume();
  await again.time.pass(minuteMs);
  assert.equal(again.queue.messages.get(friend.id), 'hold');
  assert.ok(again.logins.closed.has(joe));
  assert.equal(again.taken.length, 2, 'once by each channel');
  assert.equal(again.accounts.known(joe)?.state, 'suspended');
  assert.deepEqual([incident(again)?.queuedHeld, incident(again)?.loginClosed], [1, true]);
});

test('after a start, mail that an operator released in between is not held again', async () => {
  const rig = openRig();
  const { id } = rig.send({ account: joe, to: ['friend@elsewhere.test'] });
  await suspendByHand(rig);
  await rig.time.pass(minuteMs);
  assert.ok((await rig.admin.releaseHeld({ ids: [id] }, 'op')).ok);
  await rig.time.pass(1_000);
  const again = openRig({ ledger: rig.ledger, at: rig.time.now() });
  again.queue.arrive(id, false);
  again.suspensions.resume();
  await again.time.pass(minuteMs);
  assert.equal(again.queue.messages.get(id), 'deferred');
});

test('what others put on hold gets no row, also after a restart, and stays on hold', async () => {
  const rig = openRig();
  const [theirs, ours] = [1, 2].map((nth) => rig.send({ account: joe, to: [`f${nth}@w.test`] }).id);
  rig.queue.messages.set(String(theirs), 'hold');
  await suspendByHand(rig);
  await rig.time.pass(minuteMs);
  const again = openRig({ ledger: rig.ledger, at: rig.time.now() });
  again.queue.arrive(String(theirs), true);
  again.queue.arrive(String(ours), true);
  again.suspensions.resume();
  await again.time.pass(minuteMs);
  const held = again.journal.live.held({ account: joe, limit: 9 });
  assert.deepEqual([held.map(({ queueId }) => queueId), incident(again)?.queuedHeld], [[ours], 1]);
  assert.ok((await again.admin.release(joe, { ...released, falseAlarm: true })).ok);
  assert.deepEqual(again.queue.inQueue('hold'), [theirs]);
});

test('killed between postsuper and the ledger: what was put on hold is ours', async () => {
  const rig = openRig();
  const { id } = rig.send({ account: joe, to: ['friend@elsewhere.test'] });
  const hold = rig.queue.hold.bind(rig.queue);
  rig.queue.hold = async (messages, before) => {
    await hold(messages, before);
    return new Promise(() => undefined);
  };
  await suspendByHand(rig);
  assert.equal(rig.queue.messages.get(id), 'hold');
  const again = openRig({ ledger: rig.ledger, at: rig.time.now() });
  again.queue.arrive(id, true);
  again.suspensions.resume();
  await again.time.pass(minuteMs);
  assert.equal(again.journal.live.heldOne(id)?.state, 'held');
  assert.equal(incident(again)?.queuedHeld, 1);
});

test('a message that leaves a filter after the suspension is held at once', async () => {
  const rig = openRig();
  const { id } = rig.send({ account: joe, to: ['friend@elsewhere.test'] });
  rig.queue.leave(id); // in the filter
  await suspendByHand(rig);
  const row = rig.journal.live.message(id) ?? assert.fail();
  const behind = { ...row, queueId: 'BEHIND', origin: id };
  rig.queue.arrive('BEHIND', false);
  rig.journal.add({ kind: 'message', row: behind });
  rig.suspensions.renamed(id, behind);
  await rig.time.settle();
  assert.equal(rig.queue.messages.get('BEHIND'), 'hold');
  assert.equal(rig.journal.live.heldOne('BEHIND')?.account, joe);
});

test('a held message that was requeued is held again; one still on hold stays', async () => {
  const rig = openRig();
  const { id } = rig.send({ account: joe, to: ['friend@elsewhere.test'] });
  await suspendByHand(rig);
  const row = { ...(rig.journal.live.message(id) ?? assert.fail()), origin: id };
  rig.suspensions.renamed(id, { ...row, queueId: 'FALSE1' });
  await rig.time.settle();
  assert.equal(rig.journal.live.heldOne(id)?.state, 'held', 'a line of the log alone');
  rig.queue.leave(id);
  rig.queue.arrive('AGAIN1', false);
  rig.suspensions.renamed(id, { ...row, queueId: 'AGAIN1' });
  await rig.time.settle();
  const states = [id, 'FALSE1', 'AGAIN1'].map((one) => rig.journal.live.heldOne(one)?.state);
  assert.deepEqual(states, ['gone', undefined, 'held']);
  assert.equal(rig.queue.messages.get('AGAIN1'), 'hold');
});

test('many suspended accounts are gone through one after the other', async () => {
  const rig = openRig();
  const names = ['a', 'b', 'c'].map((name) => `${name}@here.test`);
  for (const account of names) {
    rig.send({ account, to: ['friend@elsewhere.test'] });
    await rig.admin.suspend(account, 'op', '');
  }
  await rig.time.pass(minuteMs);
  const again = openRig({ ledger: rig.ledger, at: rig.time.now() });
  again.queue.gate = new Promise(() => undefined);
  again.suspensions.resume();
  await again.time.pass(1_000);
  assert.equal(again.order.filter((what) => what === 'queue hold').length, 1, 'one postsuper');
});

test('by hand: once, with who and why', async () => {
  const rig = openRig();
  assert.ok((await suspendByHand(rig)).ok);
  assert.equal((await suspendByHand(rig)).ok, false);
  assert.match(firstReasonText(incident(rig)?.reasons ?? []), /suspended by op: called/);
  const [row] = rig.journal.live.audit({ account: joe, limit: 9 });
  assert.deepEqual([row?.by, row?.action, row?.detail], ['op', 'suspend', 'called']);
  assert.equal(rig.counted.get('postern_suspensions_total operator'), 1);
});

test('by hand while only observing: nobody would be stopped, so that is said', async () => {
  const rig = openRig({ settings: { mode: 'observe' } });
  const done = await suspendByHand(rig);
  assert.ok(!done.ok && /mode is observe/.test(done.text));
  assert.equal(rig.accounts.known(joe as Account)?.state ?? 'clear', 'clear');
  assert.deepEqual(rig.journal.live.incidents({ limit: 9 }), []);
});

test('a release that could not be written says so', async () => {
  const rig = openRig();
  await suspendByHand(rig);
  rig.breakDisk(true);
  const releasing = rig.admin.release(joe, released);
  await rig.time.pass(6_000);
  const done = await releasing;
  assert.match(done.text, /ledger/);
  assert.equal((await rig.mail({ account: joe, to: ['friend@elsewhere.test'] })).kind, 'pass');
});
