/**
 * What became of a message, asked of a guard with a real Postfix: a server defers one
 * twice and then takes it; `find` and `explain` tell it, with the guard and without.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ExplainAnswer, FindAnswer } from '../../src/ports/asking.ts';
import { fixedDoors, launcher } from './guard-instance.ts';
import { people } from './guard-past.ts';
import { type GuardedServer, startGuardedServer } from './guarded-server.ts';
import { eventually } from './leash.ts';

const run = promisify(execFile);
const [writer] = people(1);
const late = 'late@slow.test';
const wrong = 'wrong@world.test';

let tries = 0;
let server: GuardedServer;
before(async () => {
  server = await startGuardedServer({
    people: writer === undefined ? [] : [writer],
    refuse(recipient) {
      if (recipient === wrong) return `550 5.1.1 <${recipient}>: no such user`;
      if (recipient !== late) return undefined;
      return ++tries <= 2 ? '450 4.7.28 come back in a while' : undefined;
    },
    // Only the test says when Postfix tries again.
    settings: () => ({
      queue_run_delay: '1h',
      minimal_backoff_time: '1h',
      maximal_backoff_time: '1h',
    }),
    guard: { words: await fixedDoors() },
  });
});
after(() => server?.[Symbol.asyncDispose]());

async function sent(to: string, id: string): Promise<void> {
  const account = writer?.account ?? '';
  await using client = await server.login(account);
  const answer = await client.send({ from: account, to: [to], id, body: `About ${id}.\n` });
  assert.equal(answer.reply.code, 250, answer.reply.text);
}

const found = async (...words: readonly string[]): Promise<FindAnswer> =>
  JSON.parse(await server.guard.cli('find', ...words, '--json')) as FindAnswer;

/** The message to this address, once its outcome is this. */
const became = (to: string, outcome: string): Promise<FindAnswer['found'][number]> =>
  eventually(`${to} ${outcome}`, async () => {
    const { found: all } = await found('--to', to).catch(() => ({ found: [] }));
    return all.find(({ became: said }) => said === outcome);
  });

test('deferred twice, then delivered; and a recipient that does not exist', async () => {
  await sent(late, 'late-1');
  await became(late, 'waiting');
  await sent(wrong, 'wrong-1');
  await became(wrong, 'bounced');
  await eventually('three tries', async () => {
    // The log has whole seconds, and an attempt is known by its second.
    await setTimeout(1_100);
    await server.postfix.flush();
    return tries >= 3 || undefined;
  });
  const { id } = await became(late, 'delivered');

  const told = await server.guard.cli('explain', id);
  assert.match(told, /\nTo {7}late@slow\.test\n\nPostern found/);
  assert.match(told, /Outcome\n {2}accepted .*Z, 127\.0\.0\.1 deferred twice, delivered .*Z\n/);
  const { fate } = JSON.parse(await server.guard.cli('explain', id, '--json')) as ExplainAnswer;
  assert.equal(fate?.told.groups.length, 1);
  assert.match(
    await server.guard.cli('explain', (await became(wrong, 'bounced')).id),
    /550 5\.1\.1/,
  );
  for (const words of [[late], [id], ['--account', writer?.account ?? '', '--to', late]]) {
    assert.deepEqual(
      (await found(...words)).found.map((one) => one.id),
      [id],
      words.join(' '),
    );
  }
});

test('another user of the machine is told who may ask', async () => {
  await chmod(server.state, 0o711);
  const as = ['--reuid', '64123', '--regid', '64123', '--clear-groups'];
  await assert.rejects(
    run('setpriv', [...as, launcher, 'find', late, '--state', server.state], { cwd: '/' }),
    /run this as root, or as the user that Postern runs as/,
  );
});

test('without the guard, the same is read from the files', async () => {
  const { id } = await became(late, 'delivered');
  await server.guard[Symbol.asyncDispose]();
  const told = await server.guard.cli('explain', id);
  assert.match(told, /deferred twice, delivered/);
  assert.deepEqual(
    (await found(late)).found.map((one) => one.id),
    [id],
  );
});
