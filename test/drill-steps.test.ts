/** The guard's steps of a drill: none is lost when the drill ends meanwhile; the canary's doors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noCeilings } from '../src/core/account/policy.ts';
import type { Account } from '../src/core/account-name.ts';
import { enforcementOf } from '../src/core/enforcement/enforcement.ts';
import { openWorld } from '../src/daemon/base/timers.ts';
import { Drill } from '../src/flow/drill/drill.ts';
import { drillPolicy } from '../src/flow/drill/drill-mail.ts';
import { inMemory, openLedger } from '../src/ledger/sqlite/open.ts';
import type { Answer, PolicyRequest } from '../src/ports/message.ts';
import { ScriptedLogins, ScriptedQueue } from './ledger/scripted-hands.ts';

const account = 'canary@here.test' as Account;

function rig() {
  const order: string[] = [];
  const logins = new ScriptedLogins(order);
  const queue = new ScriptedQueue(order);
  const drill = new Drill({
    openLedger: () => openLedger(inMemory),
    world: openWorld({ log: () => undefined, count: () => undefined }),
    policy: noCeilings,
    settings: {
      mode: 'observe',
      enforce: [],
      enforced: enforcementOf([]),
      seed: 0,
      contact: 'the operator',
      whenFailing: 'answer',
      calmAfterMs: 0,
      releaseAfterMs: 0,
      automaticReleasesMax: 0,
    },
    mta: queue,
    logins,
    host: 'mail.test',
    iso: (at) => new Date(at).toISOString(),
    canary: { account, sender: account },
    notices: { now: async () => [], channels: [] },
    journal: { add: () => undefined },
  });
  return { drill, logins, order };
}

test('a suspension that is under way when the drill ends is undone', async () => {
  const { drill, logins, order } = rig();
  assert.ok((await drill.begin('op')).ok);
  const [suspended, ended] = await Promise.all([drill.suspend(), drill.end()]);
  assert.ok(suspended.ok, suspended.text);
  assert.ok(ended.ok, ended.text);
  await drill.stop();
  assert.ok(order.includes(`login open ${account}`), order.join(', '));
  assert.deepEqual([...logins.closed], []);
  assert.equal(drill.view().suspended, false);
});

test('two that begin at once: one gets the drill', async () => {
  const { drill } = rig();
  const [first, second] = await Promise.all([drill.begin('ann'), drill.begin('bob')]);
  assert.deepEqual([first.ok, second.ok], [true, false]);
  assert.match(second.text, /another drill runs, begun by ann/);
  await drill.stop();
});

test('at the policy door the canary may write only to the sink, and only in a drill', () => {
  let runs = false;
  const deps = { canary: { account, sender: account }, runs: () => runs, judge: () => undefined };
  const others: string[] = [];
  const real = { ask: () => void others.push('asked'), gone: () => undefined };
  const door = drillPolicy(real, deps);
  const asked = (recipient: string, of: string = account): Answer['kind'] | undefined => {
    const request = { stage: 'RCPT', account: of, recipient } as unknown as PolicyRequest;
    let said: Answer['kind'] | undefined;
    door.ask(1, request, ({ kind }) => {
      said = kind;
    });
    return said;
  };
  const sink = 'pass-1@postern-drill.invalid';
  assert.equal(asked(sink), 'reply');
  assert.equal(asked('victim@world.test'), 'reply');
  runs = true;
  assert.equal(asked(sink), 'pass');
  assert.equal(asked(''), 'pass', 'the end of a message to several');
  assert.equal(asked('victim@world.test'), 'reply');
  assert.equal(asked('victim@not-postern-drill.invalid'), 'reply');
  assert.deepEqual(others, [], 'nothing of the canary is counted');
  asked('victim@world.test', 'joe@here.test');
  assert.deepEqual(others, ['asked']);
});
