/** The canary's mail: what a drill takes, what is refused, and what counts as real mail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../core/account-name.ts';
import type { LogEvent } from '../../core/event.ts';
import type { Millis } from '../../lib/time.ts';
import type { Answer, PolicyRequest } from '../../ports/message.ts';
import { DrillLog, drillPolicy, drillVerdict, sinkAddress, sinkDomain } from './drill-mail.ts';

const account = 'canary@here.test' as Account;
const canary = { account, sender: 'canary@here.test' };
const token = 'k3';
const at = 1 as Millis;

test('a drill takes only its own two messages', () => {
  const to = (outside: readonly string[], sender = canary.sender) =>
    drillVerdict({ local: [], outside, sender }, { canary, token });
  assert.equal(to([`pass-k3@${sinkDomain}`]), 'pass');
  assert.equal(to([`hold-k3@${sinkDomain}`]), 'hold');
  for (const others of [
    [`pass-other@${sinkDomain}`],
    [`x@${sinkDomain}`],
    [`pass-k3@${sinkDomain}`, 'friend@world.test'],
    [`pass-k3@${sinkDomain}`, `hold-k3@${sinkDomain}`],
    ['pass-k3@world.test'],
    [],
  ]) {
    assert.equal(to(others), undefined, others.join());
  }
  // It would bounce to that address when its time in the queue is over.
  assert.equal(to([`pass-k3@${sinkDomain}`], 'victim@world.test'), undefined);
  assert.equal(to([`pass-k3@${sinkDomain}`], ''), undefined);
});

test('where Postfix asks no milter, the canary cannot send either', () => {
  let runs = false;
  const real = { ask: () => assert.fail('it is not counted'), gone: () => undefined };
  const policy = drillPolicy(real, { canary, runs: () => runs });
  const asked = (recipient: string): string => {
    const said: Answer[] = [];
    const request = { account, recipient, stage: 'RCPT' } as PolicyRequest;
    policy.ask(1, request, (answer) => said.push(answer));
    return said.map((one) => (one.kind === 'reply' ? String(one.code) : one.kind)).join();
  };
  assert.equal(asked('friend@world.test'), '550');
  assert.equal(asked(sinkAddress('pass', token)), '550');
  runs = true;
  assert.equal(asked(sinkAddress('pass', token)), 'pass');
  assert.equal(asked(''), 'pass');
  assert.equal(asked('friend@world.test'), '550');
});

const entered = (queueId: string): LogEvent => ({
  kind: 'entered',
  at,
  queueId,
  service: 'postfix/smtpd',
  client: '203.0.113.9',
  firstClient: '',
  login: account,
  uid: undefined,
  previousId: '',
});
const removed = (queueId: string): LogEvent => ({ kind: 'removed', at, queueId, how: 'removed' });

test('mail of the canary’s login while no drill runs is real mail', () => {
  let runs = false;
  const log = new DrillLog({ canary, runs: () => runs });
  assert.equal(log.isOurs(entered('A1B2C3')), false);
  assert.equal(log.isOurs(removed('A1B2C3')), false);
  runs = true;
  assert.equal(log.isOurs(entered('B1B2C3')), true);
  runs = false;
  // Lines of the drill may come after its end; then the id is free again.
  assert.equal(log.isOurs(removed('B1B2C3')), true);
  assert.equal(log.isOurs(entered('B1B2C3')), false);
  log.judged('C1B2C3');
  assert.equal(log.isOurs(entered('C1B2C3')), true, 'the guard saw it in a drill');
});
