/**
 * The gate: who is answered what and when, what is written before the answer, and what a wrong
 * clock does.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptedScan } from '../../../test/doubles/scan.ts';
import { openRig } from '../../../test/ledger/flow-rig.ts';
import type { Account } from '../../core/account-name.ts';
import { reasonText } from '../../core/explain.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { Answer } from '../../ports/message.ts';

const joe = 'joe@here.test';
const strangers = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, nth) => `s${from + nth}@elsewhere.test`);

test('a pass is answered at once and written within a second', async () => {
  const rig = openRig();
  const { id, answers } = rig.send({ account: joe, to: strangers(1), client: '192.0.2.1' });
  assert.deepEqual(answers, [{ kind: 'pass' }], 'before anything was written');
  assert.equal(rig.ledger.message(id), undefined);
  await rig.time.pass(500);
  assert.equal(rig.ledger.message(id)?.verdict, 'pass');
  await rig.time.pass(500);
  assert.equal(rig.ledger.loadAccount(joe as Account)?.recipients.length, 1);
  assert.deepEqual(rig.order, ['answer pass'], 'nothing had to be on the disk');
});

test('a held message is answered after one commit with everything', async () => {
  const rig = openRig();
  const { id, answers } = rig.send({ account: joe, to: strangers(30), subject: 'Hello' });
  assert.deepEqual(answers, []);
  await rig.time.settle();
  assert.deepEqual(
    answers.map(({ kind }) => kind),
    ['hold'],
  );
  assert.match(rig.order[0] ?? '', /^commit meta meta account story message held notice notice$/);
  assert.equal(rig.order[1], 'answer hold');
  assert.equal(rig.ledger.heldOne(id)?.state, 'held');
  const story = rig.ledger.story(id);
  assert.equal(story?.recipients, 30);
  assert.equal(story.sample.length, 5, 'never the whole list');
  assert.ok(story.reasons.every((reason) => /\d/.test(reasonText(reason))));
});

test('a suspension is in the commit that comes before the answer', async () => {
  const rig = openRig();
  const passed = await rig.hijack(joe);
  assert.ok(passed > 0 && passed <= 20, `${passed} passed`);
  const commit = rig.order.findIndex((what) => what.includes('incident'));
  assert.match(
    rig.order[commit] ?? '',
    /^commit account story message held incident audit notice notice$/,
  );
  assert.equal(rig.order.indexOf('answer hold', commit) > commit, true);
  assert.equal(rig.ledger.loadAccount(joe as Account)?.state, 'suspended');
});

test('a hijacked account is refused at once, with the contact; local mail is held', async () => {
  const rig = openRig();
  await rig.hijack(joe);
  const account = joe as Account;
  assert.deepEqual(rig.gate.mayBegin({ account, by: 'login' }), { kind: 'pass' }, 'held so far');
  assert.equal((await rig.mail({ account: joe, to: strangers(1) })).kind, 'hold');
  await rig.admin.suspend(joe, 'op', '', true);
  const answer = rig.gate.mayBegin({ account, by: 'login' });
  assert.ok(answer.kind === 'reply' && answer.code === 550);
  assert.match(answer.text, /postmaster@mail\.test/);
  assert.deepEqual(rig.gate.mayBegin({ account, by: 'local' }), { kind: 'pass' });
  assert.equal((await rig.mail({ account: joe, to: strangers(1), by: 'local' })).kind, 'hold');
  assert.equal((await rig.mail({ account: joe, to: strangers(1) })).kind, 'reply');
  Object.assign(rig.accounts.context.policy, { hijackedMail: 'hold' });
  assert.deepEqual(rig.gate.mayBegin({ account, by: 'login' }), { kind: 'pass' });
  assert.equal((await rig.mail({ account: joe, to: strangers(1) })).kind, 'hold');
});

test('scripts and local mail never hear no', async () => {
  const rig = openRig({ policy: { messageRecipientsMax: 3, accountRecipientsPerHour: 4 } });
  for (const account of ['script:/var/www/form.php', 'local:www@here.test']) {
    const by = 'local' as const;
    assert.equal((await rig.mail({ account, by, to: strangers(3) })).kind, 'pass');
    // Too many in this hour is a delay for a login, too many in one message a refusal.
    assert.equal((await rig.mail({ account, by, to: strangers(2) })).kind, 'hold');
    assert.equal((await rig.mail({ account, by, to: strangers(9) })).kind, 'hold');
  }
  const login = { account: joe, to: strangers(3) };
  assert.equal((await rig.mail(login)).kind, 'pass');
  const late = await rig.mail({ account: joe, to: strangers(2) });
  assert.ok(late.kind === 'reply' && late.code === 451, 'would fit later');
  const never = await rig.mail({ account: joe, to: strangers(9) });
  assert.ok(never.kind === 'reply' && never.code === 550 && /\b3\b/.test(never.text));
});

test('the ledger cannot be written: a verdict in five seconds, or the client waits', async () => {
  for (const whenFailing of ['answer', 'tempfail'] as const) {
    const rig = openRig({ settings: { whenFailing } });
    rig.breakDisk(true);
    const plain = rig.send({ account: joe, to: strangers(1) });
    assert.deepEqual(plain.answers, [{ kind: 'pass' }], 'a pass needs no disk');
    const { answers } = rig.send({ account: 'ann@here.test', to: strangers(30) });
    await rig.time.pass(3_000);
    assert.equal(answers.length, 0);
    await rig.time.pass(2_000);
    const [answer] = answers as readonly Answer[];
    if (whenFailing === 'answer') assert.equal(answer?.kind, 'hold');
    else assert.ok(answer?.kind === 'reply' && answer.code === 451);
    rig.breakDisk(false);
    await rig.time.pass(2_000);
    assert.equal(rig.ledger.stories({ limit: 9 }).length, 1, 'written when there is room again');
  }
});

test('a suspension while the disk is full stands, and is told', async () => {
  const rig = openRig();
  rig.breakDisk(true);
  rig.send({ account: joe, to: strangers(400), scan: scriptedScan(9) });
  await rig.time.pass(10_000);
  assert.equal(rig.accounts.known(joe as Account)?.state, 'suspended');
  const events = rig.taken.map(({ channel, notice }) => `${channel} ${notice.event}`);
  assert.ok(
    events.includes('webhook account.suspended') && events.includes('mail account.suspended'),
  );
  rig.breakDisk(false);
  await rig.time.pass(5_000);
  assert.equal(rig.ledger.loadAccount(joe as Account)?.state, 'suspended');
  assert.equal(rig.ledger.incidents({ limit: 9 }).length, 1);
});

test('observing: everything passes, and what would have been done is written', async () => {
  const rig = openRig({ settings: { mode: 'observe' } });
  for (let nth = 0; nth < 40; nth++) {
    const sent = { account: joe, to: strangers(5, nth * 5), scan: scriptedScan(9) };
    assert.equal((await rig.mail(sent)).kind, 'pass');
    await rig.time.pass(1_000);
  }
  assert.deepEqual(rig.gate.mayBegin({ account: joe as Account, by: 'login' }), { kind: 'pass' });
  const stories = rig.ledger.stories({ limit: 99 });
  assert.ok(stories.length > 0 && stories.every(({ observed }) => observed));
  assert.equal(rig.ledger.countHeld(), 0);
  await rig.time.pass(minuteMs);
  const told = rig.taken.map(({ channel, notice }) => `${channel} ${notice.event}`);
  assert.deepEqual(told.sort(), ['mail account.would-suspend', 'webhook account.would-suspend']);
  assert.ok(!rig.order.some((what) => what.startsWith('queue') || what.startsWith('login')));
});

test('what was only observed waits for nobody, also once Postern acts', async () => {
  const rig = openRig({ settings: { mode: 'observe' } });
  assert.equal((await rig.mail({ account: joe, to: strangers(300) })).kind, 'pass');
  const [story] = rig.ledger.stories({ limit: 9 });
  assert.equal(story?.verdict, 'hold');
  rig.settings.mode = 'guard';
  rig.time.jump(20 * dayMs);
  assert.equal((await rig.mail({ account: joe, to: strangers(1, 900) })).kind, 'pass');
  assert.equal((await rig.mail({ account: joe, to: strangers(300, 1_000) })).kind, 'hold');
  rig.time.jump(20 * dayMs);
  assert.equal((await rig.mail({ account: joe, to: strangers(1, 2_000) })).kind, 'hold', 'waits');
  rig.settings.mode = 'observe';
  rig.time.jump(dayMs);
  await rig.mail({ account: joe, to: strangers(1, 3_000) });
  assert.equal(rig.accounts.known(joe as Account)?.lockedAt, 0);
});

test('notices of our own pass and count for nobody; a forged one does not', async () => {
  const rig = openRig();
  await rig.hijack(joe);
  await rig.time.pass(minuteMs);
  const { host, id } = rig.taken[0]?.notice ?? {};
  const client = 'client:127.0.0.1';
  const notice = { account: client, to: ['op@world.test'], by: 'client' as const };
  const messageId = `<postern-notice.${id}@${host}>`;
  assert.equal((await rig.mail({ ...notice, messageId })).kind, 'pass');
  assert.equal(rig.accounts.known(client as Account), undefined);
  const thief = await rig.mail({ account: joe, to: ['op@world.test'], messageId });
  assert.equal(thief.kind, 'hold', 'whoever read a notice cannot send with its id');
  await rig.mail({ ...notice, messageId: '<postern-notice.made-up@mail.test>' });
  assert.notEqual(rig.accounts.known(client as Account), undefined);
});

test('exempt until then, and not a moment longer', async () => {
  const rig = openRig();
  const until = (rig.time.now() + hourMs) as Millis;
  assert.ok((await rig.admin.allow(joe, until, 'op', 'newsletter')).ok);
  assert.equal((await rig.mail({ account: joe, to: strangers(500) })).kind, 'pass');
  rig.time.jump(2 * hourMs);
  assert.equal((await rig.mail({ account: joe, to: strangers(500, 500) })).kind, 'hold');
});

for (const [what, jumpMs] of [
  ['an hour back', -hourMs],
  ['a day forward', dayMs],
  ['a day back', -dayMs],
] as const) {
  test(`the clock is set ${what}: no free pass, no endless block`, async () => {
    const rig = openRig();
    const ann = { account: 'ann@here.test', to: ['friend@elsewhere.test'], client: '192.0.2.1' };
    for (let day = 0; day < 4; day++) {
      assert.equal((await rig.mail(ann)).kind, 'pass');
      rig.time.jump(dayMs);
    }
    let passed = await rig.hijack(joe, 4);
    rig.time.jump(jumpMs);
    passed += await rig.hijack(joe);
    assert.ok(passed <= 24, `${passed} strangers got mail`);
    assert.equal((await rig.mail({ account: joe, to: strangers(1) })).kind, 'hold');
    // The others go on as ever, then and when the clock is right again.
    for (const back of [0, -jumpMs, hourMs, dayMs]) {
      rig.time.jump(back);
      assert.equal((await rig.mail(ann)).kind, 'pass', `after ${back} ms`);
    }
    const how = { by: 'op', note: '', falseAlarm: false, keepHeld: false };
    await rig.admin.release(joe, how);
    assert.equal((await rig.mail({ account: joe, to: strangers(1) })).kind, 'pass');
  });
}
