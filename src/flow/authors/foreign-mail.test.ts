/** Who is told of foreign authors, and how often; what becomes of mail that is held for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import { type FlowRig, openRig, type RigOptions } from '../../../test/ledger/flow-rig.ts';
import { explainText } from '../../commands/held/held-text.ts';
import type { Account } from '../../core/account-name.ts';
import type { AuthorsFinding } from '../../core/authors-finding.ts';
import type { Notice } from '../../core/notice.ts';
import { dayMs, hourMs, minuteMs } from '../../lib/time.ts';
import { addressesMax, openForeignMail, pairsMax } from './foreign-mail.ts';

const joe = 'joe@a.test' as Account;
const finding = (author: string, more: Partial<AuthorsFinding> = {}): AuthorsFinding => ({
  unsigned: 'foreign',
  foreign: [{ address: author, place: 'from', kind: 'foreign', source: '' }],
  author,
  holds: false,
  ...more,
});

function open(rig: FlowRig) {
  let nth = 0;
  const clock = { now: () => rig.time.now() };
  const newId = (): string => `notice-${rig.time.now()}-${nth++}`;
  return openForeignMail({
    journal: rig.journal,
    notices: rig.notices,
    settings: { foreign: 'unsigned' },
    world: quietWorld({ clock, timers: rig.time, newId }),
    host: 'mail.test',
    iso: (at) => new Date(at).toISOString(),
  });
}

const openOne = (more: RigOptions = {}): FlowRig => openRig({ channels: ['webhook'], ...more });
const told = (rig: FlowRig): readonly Notice[] =>
  rig.taken.map(({ notice }) => notice).filter(({ event }) => event === 'account.foreign');

function send(rig: FlowRig, mail: ReturnType<typeof open>, account: string, author: string): void {
  const at = rig.time.now();
  const message = { kind: 'send', id: 'QUEUE1', at, outside: [], local: [] } as const;
  mail.seen({ ...message, account: account as Account }, finding(author));
}

test('a pair is told once, with the commands that explain and allow it', async () => {
  const rig = openOne();
  const mail = open(rig);
  for (let nth = 0; nth < 50; nth++) send(rig, mail, joe, 'ceo@b.test');
  await rig.time.pass(minuteMs);
  const [notice] = told(rig);
  assert.equal(notice?.account, joe);
  assert.equal(notice?.undo, 'postern accounts may-write-as joe@a.test ceo@b.test');
  assert.equal(notice?.explain, 'postern explain QUEUE1');
  assert.match(notice?.reasons[0]?.text ?? '', /leaves without a signature; to allow it: postern/);
  rig.time.jump(3 * dayMs);
  send(rig, mail, joe, 'ceo@b.test');
  await rig.time.pass(minuteMs);
  assert.equal(told(rig).length, 1);
  assert.equal(mail.latest(5)[0]?.messages, 51);
});

test('a thief with ten thousand addresses makes one notice a day, and few rows', async () => {
  const rig = openOne();
  const mail = open(rig);
  send(rig, mail, joe, 'first@b.test');
  await rig.time.pass(minuteMs);
  for (let nth = 0; nth < 10_000; nth++) send(rig, mail, joe, `x${nth}@b.test`);
  for (let minute = 0; minute < 30; minute++) await rig.time.pass(minuteMs);
  assert.equal(told(rig).length, 1);
  const rows = mail.latest(1_000);
  assert.equal(rows.length, addressesMax + 1);
  assert.equal(rows.find(({ address }) => address === '')?.messages, 10_001 - addressesMax);
  rig.time.jump(dayMs);
  await rig.time.pass(minuteMs);
  assert.equal(told(rig).length, 2, 'the others together, a day later');
});

test('a local program with ten thousand senders makes one notice a day, and few rows', async () => {
  const rig = openOne();
  const mail = open(rig);
  send(rig, mail, joe, 'ceo@b.test');
  for (let minute = 0; minute < 30; minute++) {
    for (let nth = 0; nth < 400; nth++)
      send(rig, mail, `local:${minute}x${nth}@h.test`, 'ceo@b.test');
    await rig.time.pass(minuteMs);
  }
  assert.equal(told(rig).length, 1);
  const rows = mail.latest(1_000);
  assert.equal(rows.length, 1 + addressesMax + 1);
  assert.equal(rows.find(({ account }) => account === 'local:*')?.messages, 12_000 - addressesMax);
});

test('many accounts at once are one notice, that names some; rows have a limit', async () => {
  const rig = openOne();
  const mail = open(rig);
  for (let nth = 0; nth < pairsMax + 100; nth++) send(rig, mail, `u${nth}@a.test`, 'ceo@b.test');
  await rig.time.pass(minuteMs);
  const [notice] = told(rig);
  assert.equal(notice?.account, '');
  assert.equal(notice?.reasons.at(-1)?.text, `and ${pairsMax - 20} more`);
  assert.equal(mail.latest(10_000).length, pairsMax);
  assert.equal(mail.latest(1)[0]?.account, `u${pairsMax + 99}@a.test`);
  send(rig, mail, 'late@a.test', 'ceo@b.test');
  await rig.time.pass(minuteMs);
  assert.equal(told(rig).length, 1, 'not within ten minutes');
  rig.time.jump(hourMs);
  await rig.time.pass(minuteMs);
  assert.equal(told(rig).length, 2);
});

test('a restart forgets nothing, and what cannot be read is left out', async () => {
  const rig = openOne();
  const mail = open(rig);
  send(rig, mail, joe, 'ceo@b.test');
  await rig.time.pass(minuteMs);
  send(rig, mail, joe, 'cfo@b.test');
  mail.close();
  const again = open(rig);
  assert.deepEqual(
    again.latest(5).map(({ address }) => address),
    ['cfo@b.test', 'ceo@b.test'],
  );
  send(rig, again, joe, 'ceo@b.test');
  rig.time.jump(2 * dayMs);
  await rig.time.pass(minuteMs);
  assert.equal(told(rig).length, 2);
  assert.match(told(rig)[1]?.reasons[0]?.text ?? '', /cfo@b\.test/);
  again.close();
  for (const value of ['no JSON', '{}', '[1, null, {"account": 3}]']) {
    rig.journal.add({ kind: 'meta', key: 'foreign-mail', value });
    assert.deepEqual(open(rig).latest(5), []);
  }
});

test('what no tables could say, and what is only in a display name, is not told', async () => {
  const rig = openOne();
  const mail = open(rig);
  const message = { kind: 'send', id: '', at: rig.time.now(), outside: [], local: [] } as const;
  mail.seen({ ...message, account: joe }, finding('ceo@b.test', { unsigned: 'unknown' }));
  mail.seen({ ...message, account: joe }, finding('ceo@b.test', { unsigned: undefined }));
  await rig.time.pass(minuteMs);
  assert.deepEqual([told(rig), mail.latest(5)], [[], []]);
});

test('held for its author: only an operator releases it', async () => {
  const rig = openOne({ settings: { calmAfterMs: hourMs } });
  const authors = finding('ceo@b.test', { holds: true });
  const { id, answers } = rig.send({ account: joe, to: ['x@elsewhere.test'], authors });
  await rig.time.settle();
  assert.equal(answers[0]?.kind, 'hold');
  assert.equal(rig.journal.live.heldOne(id)?.why, 'foreign');
  rig.time.jump(2 * dayMs);
  await rig.time.pass(2 * minuteMs);
  assert.equal(rig.queue.messages.get(id), 'hold', 'calm does not release it');
  await rig.admin.suspend(joe, 'op', '');
  await rig.admin.release(joe, { by: 'op', note: '', falseAlarm: true, keepHeld: false });
  await rig.time.pass(minuteMs);
  assert.equal(rig.queue.messages.get(id), 'hold', 'nor does a false alarm');
  await rig.admin.releaseHeld({ ids: [id] }, 'op');
  assert.equal(rig.queue.messages.get(id), 'deferred');
});

test('explain says why a message that passed has no signature', async () => {
  const rig = openOne();
  const { id } = rig.send({
    account: joe,
    to: ['x@elsewhere.test'],
    authors: finding('ceo@b.test'),
  });
  await rig.time.settle();
  const found = rig.admin.explain(id);
  assert.equal(found?.unsigned?.allow, 'postern accounts may-write-as joe@a.test ceo@b.test');
  const text = explainText(JSON.parse(JSON.stringify(found)));
  assert.match(text, /It has no DKIM signature of this server: nothing on this server allows joe@/);
  assert.match(text, /\nTo allow it: {2}postern accounts may-write-as joe@a\.test ceo@b\.test\n/);
  await rig.time.pass(minuteMs);
  assert.deepEqual(rig.ledger.message(id)?.unsigned, { why: 'foreign', author: 'ceo@b.test' });
});

test('where Postern has no keys, explain says nothing of signatures', async () => {
  const rig = openOne();
  const unsigned = { unsigned: 'no-key', author: '', foreign: [] } as const;
  const authors = finding('', unsigned);
  const { id } = rig.send({ account: joe, to: ['x@elsewhere.test'], authors });
  await rig.time.settle();
  assert.equal(rig.admin.explain(id)?.unsigned, undefined);
});

test('in mode observe nothing is held for its author', async () => {
  const rig = openOne({ settings: { mode: 'observe' } });
  const authors = finding('ceo@b.test', { holds: true });
  const { answers } = rig.send({ account: joe, to: ['x@elsewhere.test'], authors });
  await rig.time.settle();
  assert.equal(answers[0]?.kind, 'pass');
});
