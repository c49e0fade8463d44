/** Attempts of one message that the log tells with the same second and delay. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshFolder } from './folder.ts';
import { attempt, later, logged, openRig } from './rig.ts';

test('a filter and the server behind it may take it after the same delay', async (t) => {
  const { store } = openRig(freshFolder(t));
  t.after(() => store.close());
  const same = { at: later(5_000), delaySeconds: 0.11 };
  const reply = 'delivered via dspam '.repeat(20).trim();
  const toFilter = attempt({ ...same, mxHost: '', mxAddress: '', reply });
  store.logged(logged());
  store.attempted(toFilter);
  store.attempted(attempt(same));
  // It is known only now that the filter handed it back. Then the same lines are read again.
  store.attempted({ ...toFilter, outcome: 'handed-on' });
  store.attempted(toFilter);
  store.attempted(attempt(same));
  store.attempted({ ...toFilter, outcome: 'handed-on' });
  const { found } = await store.find({ recipient: 'anna@example.net', limit: 10 });
  assert.deepEqual(
    found[0]?.recipients[0]?.attempts.map(({ outcome, reply }) => [outcome, reply]),
    [
      ['handed-on', reply.slice(0, 240)],
      ['sent', '250 2.0.0 Ok: queued as 4XyZ12345'],
    ],
  );
});

test('two messages that turn out to be one keep the attempts of both', async (t) => {
  const { store } = openRig(freshFolder(t));
  t.after(() => store.close());
  const [one, other] = [logged(), logged({ queueId: '5B', messageId: '' })];
  const same = { at: later(5_000), delaySeconds: 0.11 };
  store.logged(one);
  store.attempted(attempt({ ...same, mxHost: '', mxAddress: '', outcome: 'handed-on' }));
  store.logged(other);
  store.attempted(attempt({ ...same, queueId: '5B' }));
  store.merged(other, one);
  const { found } = await store.find({ recipient: 'anna@example.net', limit: 10 });
  assert.deepEqual(
    found.map(({ recipients }) => recipients[0]?.attempts.map(({ outcome }) => outcome)),
    [['handed-on', 'sent']],
  );
});
