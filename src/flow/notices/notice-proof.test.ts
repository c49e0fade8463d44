/** What is remembered of the last notice: its channel, then what the mail log says of the mail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRig } from '../../../test/ledger/flow-rig.ts';
import type { LogEvent } from '../../core/event.ts';
import type { Notice } from '../../core/notice.ts';
import { minuteMs } from '../../lib/time.ts';

const notice: Notice = {
  version: 1,
  event: 'test',
  id: 'n1',
  host: 'mail.test',
  at: '2026-01-05T10:00:00.000Z',
  account: '',
  since: '2026-01-05T10:00:00.000Z',
  leaked: { messages: 0, recipients: 0 },
  stopped: { messages: 0, fromQueue: 0 },
  loginClosed: false,
  reasons: [],
  undo: '',
  explain: '',
};

function named(queueId: string, id: string): LogEvent {
  return { kind: 'named', queueId, messageId: `<postern-notice.${id}@mail.test>` } as LogEvent;
}

function delivery(queueId: string, outcome: string, more: object = {}): LogEvent {
  const reply = '550 5.1.1 <op@world.test>: no such user';
  return { kind: 'delivery', queueId, outcome, reply, requeuedAs: '', ...more } as LogEvent;
}

test('what each channel says is kept, also of notices that are tried again', async () => {
  const rig = openRig();
  assert.deepEqual(rig.notices.proofs(), []);
  rig.blocked.add('mail');
  rig.notices.send(notice);
  await rig.time.settle();
  const state = (): readonly string[] =>
    rig.notices
      .proofs()
      .map((one) => `${one.channel} ${one.state}`)
      .sort();
  assert.deepEqual(state(), ['mail failed', 'webhook taken']);
  rig.blocked.delete('mail');
  await rig.time.pass(2 * minuteMs);
  assert.deepEqual(state(), ['mail taken', 'webhook taken']);
});

test('the mail log says whether the mail arrived; a filter gives it a new queue id', async () => {
  const rig = openRig();
  const mail = () => rig.notices.proofs().find(({ channel }) => channel === 'mail');
  await rig.notices.now(notice);
  assert.equal(mail()?.state, 'taken');
  rig.notices.logged(named('A1', 'other'));
  rig.notices.logged(delivery('A1', 'bounced'));
  assert.equal(mail()?.state, 'taken', 'mail of others says nothing');
  rig.notices.logged(named('A2', 'n1'));
  rig.notices.logged(delivery('A2', 'sent', { requeuedAs: 'A3' }));
  assert.equal(mail()?.state, 'taken', 'a filter has it');
  rig.notices.logged(named('A3', 'n1'));
  rig.notices.logged(delivery('A3', 'deferred'));
  assert.equal(mail()?.state, 'waiting');
  rig.notices.logged(delivery('A3', 'sent'));
  assert.equal(mail()?.state, 'delivered');
});

test('a log that is faster than the answer of the mail server counts', async () => {
  const rig = openRig();
  const answered = Promise.withResolvers<void>();
  rig.wait.set('mail', answered.promise);
  const sending = rig.notices.now(notice);
  rig.notices.logged(named('C1', 'n1'));
  rig.notices.logged(delivery('C1', 'sent'));
  answered.resolve();
  await sending;
  const mail = rig.notices.proofs().find(({ channel }) => channel === 'mail');
  assert.equal(mail?.state, 'delivered');
});

test('of two recipients one refuses it: that counts; addresses are not kept', async () => {
  const rig = openRig();
  await rig.notices.now(notice);
  rig.notices.logged(named('B1', 'n1'));
  rig.notices.logged(delivery('B1', 'bounced'));
  rig.notices.logged(delivery('B1', 'sent'));
  const mail = rig.notices.proofs().find(({ channel }) => channel === 'mail');
  assert.deepEqual([mail?.state, mail?.said], ['failed', '550 5.1.1 (address): no such user']);
});
