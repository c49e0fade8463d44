/** Mail that a filter may have handed back is on the disk before the place in the log is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openMessageFates } from '../../../src/flow/fate/message-fates.ts';
import { findInDays } from '../../../src/ledger/fates/find.ts';
import {
  byLogin,
  delivered,
  entered,
  named,
  queued,
  removed,
  second,
  toFilter,
} from '../../doubles/log-facts.ts';
import { freshFolder } from './folder.ts';
import { openRig } from './rig.ts';

const to = 'friend@world.test';
const name = 'one@example.test';
const local = { client: '127.0.0.1' };

test('what waits for a filter is not lost with the process, and is joined later', async (t) => {
  const folder = freshFolder(t);
  const rig = openRig(folder, { now: () => second(60) });
  t.after(() => rig.store.close());
  const fates = openMessageFates({
    store: rig.store,
    lanes: { attempted: () => {} },
    stateOf: () => undefined,
  });
  const found = () => findInDays(folder, { recipient: to, limit: 9 }).found;
  const facts = [
    ...[byLogin('4A', 0), named('4A', 0, name), queued('4A', 0)],
    ...[entered('4B', 1, local), named('4B', 1, name), queued('4B', 1)],
    ...[delivered('4B', 2, to), removed('4B', 2)],
  ];
  for (const fact of facts) fates.seen(fact);
  fates.tellUnsure();
  await rig.written();
  // If the process dies now, the log is read from here on.
  assert.deepEqual(
    found().map(({ logged, recipients }) => [logged?.queueId, recipients[0]?.attempts.length]),
    [['4B', 1]],
  );
  for (const fact of [toFilter('4A', 3, to, { nextId: '4B' }), removed('4A', 3)]) fates.seen(fact);
  await rig.written();
  assert.deepEqual(
    found().map(({ logged, recipients }) => [
      logged?.queueId,
      logged?.otherIds,
      recipients[0]?.attempts.map(({ outcome }) => outcome),
    ]),
    [['4A', ['4B'], ['sent', 'handed-on']]],
  );
});
