/**
 * Two hundred forms of three users, while the guard is away, comes back, and is killed with kill -9
 * at moments from a printed seed (SEED=n plays them again): every form is delivered, once, and
 * those of one user are met by the guard in the order in which they were sent.
 */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Dice, dice, seedOfThisRun } from '../ledger/dice.ts';
import { eventually } from './leash.ts';
import { type SendmailServer, startSendmailServer, users } from './sendmail-server.ts';

const writers = [users.daemon, users.games, users.www] as const;
const formsAway = 120;
const formsMeanwhile = 80;
const kills = 8;
const seed = seedOfThisRun();
const chance: Dice = dice(seed);

let server: SendmailServer;
before(async () => {
  console.log(`# SEED=${seed}`);
  server = await startSendmailServer();
});
after(() => server?.[Symbol.asyncDispose]());

const sent: { readonly id: string; readonly uid: number }[] = [];

/** Each user sends one form after the other. */
async function sendForms(count: number, pauseMs: number): Promise<void> {
  await Promise.all(
    writers.map(async (uid, nth) => {
      const share = Math.floor(count / writers.length) + (nth < count % writers.length ? 1 : 0);
      for (let form = 0; form < share; form++) {
        const id =
          `form-${uid}-` +
          `${String(sent.filter((one) => one.uid === uid).length).padStart(3, '0')}`;
        const input = `To: owner@world.test\nSubject: ${id}\nX-Test-Id: ${id}\n\nA form.\n`;
        const ran = await server.send({ uid, args: ['-t', '-i'], input });
        assert.deepEqual(ran, { exit: 0, stdout: '', stderr: '' }, id);
        sent.push({ id, uid });
        await sleep(pauseMs === 0 ? 0 : chance.below(pauseMs));
      }
    }),
  );
}

const times = (id: string): number =>
  server.sink.deliveries.filter((one) => one.headers.includes(`X-Test-Id: ${id}\r\n`)).length;

test('two hundred forms, none lost, none twice, in order', { timeout: 600_000 }, async () => {
  server.guard.kill('SIGKILL');
  await server.guard.ended;
  await sendForms(formsAway, 0);
  const left = await Promise.all(writers.map((uid) => readdir(join(server.spool, String(uid)))));
  assert.equal(left.flat().length, formsAway);
  assert.equal(server.sink.deliveries.filter(({ id }) => id.startsWith('form')).length, 0);

  const more = sendForms(formsMeanwhile, 400);
  for (let kill = 0; kill < kills; kill++) {
    server.guard = await server.startGuard();
    await sleep(chance.below(700));
    server.guard.kill('SIGKILL');
    await server.guard.ended;
  }
  server.guard = await server.startGuard();
  await more;
  assert.equal(sent.length, formsAway + formsMeanwhile);
  await eventually('every form is delivered', () => sent.every(({ id }) => times(id) > 0), {
    timeoutMs: 240_000,
    detail: async () =>
      `missing: ${sent.filter(({ id }) => times(id) === 0).map(({ id }) => id)}\n` +
      `${JSON.stringify((await server.guard.log()).slice(-40))}\n${await server.postfix.log()}`,
  });
  // What comes twice comes now.
  await eventually('nothing waits any more', async () =>
    (await readdir(join(server.state, 'submissions', 'going'))).length === 0 &&
    (await readdir(join(server.state, 'submissions', 'sent'))).length === 0
      ? true
      : undefined,
  );
  await sleep(2_000);
  const twice = sent.filter(({ id }) => times(id) !== 1).map(({ id }) => `${id}: ${times(id)}`);
  assert.deepEqual(twice, []);
  assert.deepEqual((await server.postfix.queue()).length, 0);
  const copies = await server.guard.metric('postern_sendmail_copies_total');
  await assertInOrder();
  console.log(
    `# ${sent.length} forms, ${kills + 1} kills, ${copies} copies vanished in the last run`,
  );
});

/** By the guard's own record of what the mail server showed it. */
async function assertInOrder(): Promise<void> {
  await server.guard[Symbol.asyncDispose]();
  const ledger = new DatabaseSync(join(server.state, 'ledger.db'), { readOnly: true });
  const rows = ledger.prepare('SELECT token, at FROM submission ORDER BY at').all();
  ledger.close();
  assert.equal(rows.length, sent.length);
  for (const uid of writers) {
    const tokens = rows
      .map(({ token }) => String(token))
      .filter((one) => one.startsWith(`${uid}-`));
    assert.deepEqual(tokens, [...tokens].sort(), `user ${uid}`);
  }
}
