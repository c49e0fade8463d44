/** A thread that does not write: what waits has a limit, and is told; nothing else waits. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findInDays } from '../../../src/ledger/fates/find.ts';
import { FateWriter } from '../../../src/ledger/fates/writer.ts';
import { freshFolder } from './folder.ts';
import { attempt, judged, noon, openRig, weekly } from './rig.ts';

const data = (script: string): URL => new URL(`data:text/javascript,${encodeURIComponent(script)}`);

test('with a disk that hangs, newer facts are dropped and counted', async (t) => {
  const hangs = data(
    "import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => {});",
  );
  const rig = openRig(freshFolder(t), { thread: hangs });
  for (let number = 0; number < 120_000; number++) rig.store.attempted(attempt());
  assert.equal(rig.counted.get('postern_fates_dropped_total waiting'), 120_000 - 104_000);
  assert.match(String(rig.troubles.at(-1)), /too many wait to be written/);
  assert.equal(rig.troubles.length, 1, 'told once');
});

test('a thread that dies is started again; a batch that kills it is given up', async (t) => {
  const dies = data(
    "import { parentPort } from 'node:worker_threads';" +
      "parentPort.on('message', () => { throw new Error('dies'); });",
  );
  const rig = openRig(freshFolder(t), { thread: dies });
  rig.store.judged(judged());
  await rig.written();
  assert.match(String(rig.troubles.at(-1)), /not recorded now: dies/);
  assert.ok(rig.logs.some(([event]) => event === 'messages.thread-ended'));
  await assert.rejects(rig.store.find({ limit: 1 }), { code: 'messages-failed' });
  await rig.store.close();
});

test('a fact that is a mistake of ours costs no other fact', async (t) => {
  const rig = openRig(freshFolder(t));
  t.after(() => rig.store.close());
  rig.store.judged(judged());
  rig.store.attempted(attempt({ recipient: 17 as unknown as string }));
  rig.store.attempted(attempt());
  const { found } = await rig.store.find({ limit: 9 });
  assert.equal(found[0]?.recipients[0]?.attempts.length, 1);
  assert.equal(rig.counted.get('postern_fates_dropped_total bug'), 1);
});

test('an answer about messages to many names each message, and says what it leaves out', (t) => {
  const folder = freshFolder(t);
  const writer = new FateWriter(folder, weekly);
  const messages = 25;
  const recipients = Array.from({ length: 1_000 }, (_, nth) => `r${nth}@example.net`);
  for (let nth = 0; nth < messages; nth++) {
    const message = judged({ queueId: `4m${nth}`, messageId: `m${nth}`, recipients });
    writer.write([{ kind: 'judged', message }], noon);
  }
  writer.close();
  const query = { recipient: 'r999@example.net', limit: 100 };
  const { found, partial } = findInDays(folder, query, () => 0);
  assert.equal(partial, '');
  assert.equal(found.length, messages);
  assert.ok(found.every((one) => one.recipients[0]?.recipient === query.recipient));
  assert.ok(found.every((one) => one.recipients.length + one.moreRecipients === 1_000));
  const shown = found.reduce((sum, one) => sum + one.recipients.length, 0);
  assert.equal(shown, 20 * 1_000 + 5);
});

const skip = process.getuid?.() === 0 ? false : 'only root can start a process of another user';

test('another user of the machine cannot read the files', { skip }, async (t) => {
  const folder = freshFolder(t);
  const rig = openRig(folder);
  t.after(() => rig.store.close());
  rig.store.judged(judged());
  await rig.written();
  chmodSync(folder, 0o755); // the state folder is 0700; the files alone are enough
  for (const name of readdirSync(folder)) {
    const other = ['--reuid', '40123', '--regid', '40123', '--clear-groups', 'cat'];
    const { status, stdout } = spawnSync('setpriv', [...other, join(folder, name)]);
    assert.notEqual(status, 0, name);
    assert.equal(stdout.length, 0);
  }
});
