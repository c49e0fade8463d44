/**
 * Held mail of one account has a limit: what is answered below it and beyond it, and what counts.
 * Each test counts to the message.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlowRig, openRig } from '../../../test/ledger/flow-rig.ts';
import type { Account } from '../../core/account-name.ts';
import { dayMs, hourMs, type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import type { Answer } from '../../ports/message.ts';
import type { Journal } from '../journal/journal.ts';
import { openHeldCount } from './held-count.ts';

const joe = 'joe@here.test' as Account;
const limit = { messages: 100, bytes: 50_000_000 };
const strangers = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, nth) => `s${from + nth}@elsewhere.test`);
const limited = (more: Parameters<typeof openRig>[0] = {}): FlowRig =>
  openRig({ policy: { heldMax: limit }, ...more });
const code = (answer: Answer | undefined): number | string | undefined =>
  answer?.kind === 'reply' ? answer.code : answer?.kind;
const text = (answer: Answer): string => (answer.kind === 'reply' ? answer.text : '');

/** As a client does: RCPT, and the message if that was not refused. */
async function mail(rig: FlowRig, id: string, more: object = {}): Promise<Answer> {
  const begun = rig.gate.mayBegin({ account: joe, by: 'login' });
  return begun.kind === 'pass' ? rig.mail({ account: joe, to: strangers(1), id, ...more }) : begun;
}

/** Sends until one is put off. Answers with how many were held before it. */
async function fill(rig: FlowRig, name: string): Promise<number> {
  for (let nth = 0; nth < 300; nth++) {
    const answer = await mail(rig, `${name}${1_000 + nth}`);
    if (answer.kind !== 'hold') {
      assert.equal(code(answer), 451, name);
      return nth;
    }
  }
  return Number.NaN;
}

const heldInLedger = (rig: FlowRig): number =>
  rig.journal.live.held({ account: joe, state: 'held', limit: 1_000 }).length;

test('a suspended account: 100 messages are held, then 451, over a restart too', async () => {
  const rig = limited();
  await rig.admin.suspend(joe, 'op', '');
  for (let nth = 1; nth <= 60; nth++) assert.equal(code(await mail(rig, `FIRST${nth}`)), 'hold');
  await rig.time.pass(1_000);
  rig.journal.close();
  const again = limited({ ledger: rig.ledger, at: rig.time.now() });
  assert.equal(await fill(again, 'AGAIN'), 40);
  const refused = again.gate.mayBegin({ account: joe, by: 'login' });
  assert.equal(code(refused), 451);
  assert.match(text(refused), /being checked .* contact postmaster@mail\.test/);
  // Sessions that began before hear the same at their end, and nothing of theirs is held.
  const late = await again.mail({ account: joe, to: strangers(1), id: 'LATE1' });
  assert.equal(code(late), 451);
  assert.match(text(late), /being checked .* contact postmaster@mail\.test/);
  assert.deepEqual([heldInLedger(again), again.queue.messages.has('LATE1')], [100, false]);
  assert.equal(again.admin.account(joe)?.account.held.messages, 100);
  assert.deepEqual(again.admin.status().heldMost, [{ account: joe, messages: 100, bytes: 0 }]);
});

test('what is released, dropped or gone makes room for as many; nothing twice', async () => {
  const rig = limited();
  await rig.admin.suspend(joe, 'op', '');
  assert.equal(await fill(rig, 'ONE'), 100);
  await rig.admin.releaseHeld({ ids: ['ONE1000', 'ONE1001', 'ONE1000'] }, 'op');
  assert.equal(await fill(rig, 'TWO'), 2);
  await rig.admin.dropHeld({ ids: ['ONE1002'] }, 'op');
  assert.equal(await fill(rig, 'THREE'), 1);
  for (const id of ['ONE1003', 'ONE1004', 'ONE1005']) rig.queue.leave(id);
  assert.equal(await fill(rig, 'FOUR'), 0, 'not noticed yet');
  rig.time.jump(6 * minuteMs);
  await rig.time.pass(minuteMs);
  assert.equal(await fill(rig, 'FIVE'), 3);
  const how = { by: 'op', note: '', falseAlarm: true, keepHeld: false };
  const said = await rig.admin.release(joe, how);
  assert.deepEqual([said.ok, said.ok && said.count], [true, 100]);
  assert.deepEqual([heldInLedger(rig), rig.queue.inQueue('hold').length], [0, 0]);
  assert.equal(rig.queue.inQueue('deferred').length, 102, 'two were released before');
  assert.equal(code(await mail(rig, 'AFTER1')), 'pass');
});

test('bytes count as well; a message larger than the limit is held alone', async () => {
  const rig = limited();
  await rig.admin.suspend(joe, 'op', '');
  assert.equal(code(await mail(rig, 'LARGE1', { sizeBytes: 60_000_000 })), 'hold');
  assert.equal(code(await mail(rig, 'SMALL1', { sizeBytes: 1_000 })), 451);
  await rig.admin.dropHeld({ ids: ['LARGE1'] }, 'op');
  for (const id of ['A1', 'A2', 'A3', 'A4']) {
    assert.equal(code(await mail(rig, id, { sizeBytes: 12_000_000 })), 'hold');
  }
  assert.equal(code(await mail(rig, 'A5', { sizeBytes: 2_000_001 })), 451);
  assert.equal(code(await mail(rig, 'A6', { sizeBytes: 2_000_000 })), 'hold');
  assert.equal(code(await mail(rig, 'A7', { sizeBytes: 1 })), 451);
  // The queue knows better than the door, which may have seen only the start.
  rig.queue.sizes.set('A1', 1_000_000);
  await rig.time.pass(minuteMs);
  assert.equal(code(await mail(rig, 'A8', { sizeBytes: 11_000_000 })), 'hold');
  assert.equal(rig.journal.live.heldSum(joe).bytes, 50_000_000);
});

test('an account that is only watched: 452, and its ordinary mail passes', async () => {
  const rig = openRig({ policy: { heldMax: { messages: 1, bytes: 50_000_000 } } });
  const friend = { account: joe, to: ['friend@elsewhere.test'] };
  assert.equal((await rig.mail(friend)).kind, 'pass');
  const codes: (number | string | undefined)[] = [];
  for (const [nth, many] of [30, 4, 4, 4].entries()) {
    const to = strangers(many, nth * 30);
    codes.push(code(await rig.mail({ account: joe, to, id: `N${nth}` })));
    rig.time.jump(minuteMs);
  }
  assert.deepEqual(codes, ['hold', 452, 452, 452]);
  assert.equal(rig.accounts.known(joe)?.state, 'watched');
  rig.time.jump(3 * dayMs);
  assert.equal((await rig.mail(friend)).kind, 'pass');
  assert.equal(heldInLedger(rig), 1);
});

test('a message that was put off and comes again counts once, and is not learned', async () => {
  const rig = openRig({ policy: { heldMax: { messages: 1, bytes: 50_000_000 } } });
  await rig.mail({ account: joe, to: strangers(30), id: 'HELD1' });
  const again = { account: joe, to: strangers(4, 100), messageId: '<one@here.test>' };
  assert.equal(code(await rig.mail({ ...again, id: 'TRY1' })), 452);
  const profile = rig.accounts.known(joe);
  const { sums = [], book } = profile ?? {};
  const before = [...sums];
  for (let nth = 2; nth < 9; nth++) await rig.mail({ ...again, id: `TRY${nth}` });
  assert.deepEqual(profile?.sums, before);
  assert.equal(book?.size, 30);
  assert.equal(code(await rig.mail({ ...again, to: strangers(1, 200), id: 'OTHER' })), 452);
  assert.notDeepEqual(profile?.sums, before);
});

test('a person says that it was a hijack: 550 from then on, also after a restart', async () => {
  const rig = limited();
  await rig.hijack(joe);
  assert.equal(code(rig.gate.mayBegin({ account: joe, by: 'login' })), 'pass');
  const already = await rig.admin.suspend(joe, 'op', '');
  assert.match(already.ok ? '' : (already.hint ?? ''), /suspend joe@here\.test --hijacked/);
  const said = await rig.admin.suspend(joe, 'op', 'owner called', true);
  assert.match(said.text, /was hijacked: its mail is refused from now on/);
  assert.equal((await rig.admin.suspend(joe, 'op', '', true)).ok, false);
  assert.deepEqual(rig.journal.live.audit({ account: joe, limit: 1 })[0]?.action, 'hijacked');
  const refused = rig.gate.mayBegin({ account: joe, by: 'login' });
  assert.equal(code(refused), 550);
  rig.journal.close();
  const again = limited({ ledger: rig.ledger, at: rig.time.now() });
  assert.equal(code(await mail(again, 'LATER1')), 550);
  assert.equal(code(await again.mail({ account: joe, to: strangers(1), id: 'LATER2' })), 550);
  await again.admin.release(joe, { by: 'op', note: '', falseAlarm: false, keepHeld: true });
  await again.admin.suspend(joe, 'op', '');
  assert.equal(code(await mail(again, 'LATER3')), 'hold', 'the next suspension begins anew');
});

test('the operator is told once a day that it is full, with how much is held', async () => {
  const rig = limited();
  await rig.admin.suspend(joe, 'op', '');
  assert.equal(await fill(rig, 'ONE'), 100);
  await rig.time.pass(minuteMs);
  const full = rig.taken.filter(({ notice }) => notice.event === 'account.full');
  assert.deepEqual(full.map(({ channel }) => channel).sort(), ['mail', 'webhook']);
  assert.match(full[0]?.notice.reasons[0]?.text ?? '', /^100 messages are held/);
  assert.equal(full[0]?.notice.undo, `postern accounts release ${joe} --false-alarm`);
  const watched = limited();
  await watched.mail({ account: joe, to: strangers(300), id: 'MANY' });
  for (let nth = 0; nth < 100; nth++) {
    await watched.mail({ account: joe, to: strangers(300, nth * 300), id: `W${nth}` });
  }
  await watched.time.pass(minuteMs);
  const notice = watched.taken.find(({ notice: { event } }) => event === 'account.full')?.notice;
  assert.equal(notice?.undo, `postern held release --account ${joe}`);
});

test('held mail of a suspended account is no news of its own', async () => {
  const rig = limited();
  await rig.admin.suspend(joe, 'op', '');
  for (let nth = 0; nth < 3; nth++) assert.equal(code(await mail(rig, `LATER${nth}`)), 'hold');
  await rig.time.pass(minuteMs);
  assert.deepEqual(
    [...new Set(rig.taken.map(({ notice }) => notice.event))],
    ['account.suspended'],
  );
});

test('called hijacked before it is suspended: the answer says what is held', async () => {
  const rig = limited();
  await rig.mail({ account: joe, to: strangers(300), id: 'MANY' });
  const said = await rig.admin.suspend(joe, 'op', '', true);
  assert.match(said.text, /is suspended; its mail is refused from now on; 1 of its messages are/);
  assert.match(said.text, /postern held drop --account joe@here\.test$/);
  assert.equal(code(await mail(rig, 'LATER')), 550);
});

test('time alone changes nothing: after a year it is held and suspended as before', async () => {
  const rig = limited({ settings: { calmAfterMs: hourMs } });
  await rig.hijack(joe);
  const held = heldInLedger(rig);
  for (let day = 0; day < 365; day++) {
    rig.time.jump(dayMs);
    if (day % 40 === 0) await rig.time.pass(minuteMs);
  }
  assert.equal(rig.accounts.known(joe)?.state, 'suspended');
  assert.equal(heldInLedger(rig) >= held, true);
  assert.equal(code(await mail(rig, 'YEAR1')), 'hold');
});

test('where the queue cannot be seen, only the last day counts', async () => {
  const rig = limited();
  const count = openHeldCount(rig.journal, { now: () => rig.time.now() }, false);
  await rig.admin.suspend(joe, 'op', '');
  for (let nth = 0; nth < 7; nth++) await mail(rig, `OLD${nth}`, { sizeBytes: 10 });
  rig.time.jump(dayMs / 2);
  for (let nth = 0; nth < 5; nth++) await mail(rig, `NEW${nth}`, { sizeBytes: 100 });
  assert.deepEqual(count(joe), { messages: 12, bytes: 570 });
  rig.time.jump(dayMs / 2 + 1_000);
  assert.deepEqual(count(joe), { messages: 5, bytes: 500 });
  await rig.time.pass(1_000);
  assert.deepEqual(count(joe), { messages: 5, bytes: 500 }, 'the same once it is written');
});

test('mail of this machine is held beyond the limit, and that is what its story says', async () => {
  const rig = openRig({ policy: { heldMax: { messages: 1, bytes: 50_000_000 } } });
  await rig.admin.suspend(joe, 'op', '');
  await mail(rig, 'ONE1');
  const local = await rig.mail({ account: joe, to: strangers(1), id: 'LOCAL1', by: 'local' });
  assert.equal(local.kind, 'hold');
  assert.equal(rig.admin.heldOne('LOCAL1')?.story?.verdict, 'hold');
});

test('an account with very much held is counted once a second', () => {
  let now = 1_000_000 as Millis;
  let asked = 0;
  let messages = 1_000;
  const heldSum = () => {
    asked++;
    return { messages, bytes: 0 };
  };
  const live = { heldSum } as Partial<Journal['live']> as Journal['live'];
  const count = openHeldCount({ live }, { now: () => now }, true);
  assert.deepEqual([count(joe).messages, count(joe).messages, asked], [1_000, 1_000, 1]);
  now = (now + secondMs) as Millis;
  messages = 999;
  assert.deepEqual([count(joe).messages, count(joe).messages, asked], [999, 999, 3]);
});

test('a message that comes again with a second kind of evidence suspends, and once', async () => {
  const rig = openRig({ policy: { heldMax: { messages: 1, bytes: 50_000_000 } } });
  assert.equal((await rig.mail({ account: joe, to: ['friend@elsewhere.test'] })).kind, 'pass');
  rig.time.jump(2 * dayMs);
  assert.equal((await rig.mail({ account: joe, to: strangers(300) })).kind, 'hold');
  const again = { account: joe, to: strangers(5, 300), messageId: '<again@x.test>' };
  assert.equal(code(await rig.mail(again)), 452);
  const state = (): string | undefined => rig.accounts.known(joe)?.state;
  assert.equal(state(), 'watched');
  for (let nth = 0; nth < 3; nth++) {
    const answer = await rig.mail({ ...again, headerFrom: `ceo${nth}@bank.test` });
    const incidents = rig.journal.live.incidents({ account: joe, limit: 9 }).length;
    assert.deepEqual([code(answer), state(), incidents], [nth === 0 ? 452 : 451, 'suspended', 1]);
  }
});
