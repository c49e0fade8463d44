/**
 * `postern connect bounces` on a real Postfix: the guard sees Postfix's own notices. Notices that
 * are held or refused cause no notice, no double bounce and no loop. Undone byte for byte.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectBounces } from '../../src/commands/connect/bounces/bounces.ts';
import { OperatorError } from '../../src/lib/operator-error.ts';
import { fixedDoors } from './guard-instance.ts';
import { type GuardedServer, startGuardedServer } from './guarded-server.ts';
import { eventually } from './leash.ts';
import { startPostfix } from './postfix-instance.ts';
import { reloaded } from './postfix-reload.ts';
import { connectSmtp } from './smtp-client.ts';

const quiet = (): void => undefined;
const isVictim = (address: string): boolean => address.endsWith('@forged.test');

async function server(): Promise<GuardedServer> {
  return startGuardedServer({
    guard: { words: await fixedDoors() },
    people: [{ account: 'ann@mail.test', friends: ['joe@world.test'] }],
    settings: (sink) => ({
      virtual_mailbox_domains: 'virtual.test',
      virtual_transport: `maildrop:[127.0.0.1]:${sink}`,
    }),
    refuse: (to) => (to.endsWith('@virtual.test') ? '550 5.1.1 no such user' : undefined),
  });
}

/** Mail of forged senders to addresses that do not exist. */
async function spam({ postfix }: GuardedServer, from: number, count: number): Promise<void> {
  await using client = await connectSmtp(postfix.ports.smtp);
  for (let nth = from; nth < from + count; nth++) {
    const sent = await client.send({
      from: `victim${nth}@forged.test`,
      to: [`nobody${nth}@virtual.test`],
      id: `spam${nth}`,
    });
    assert.equal(sent.stage, 'done');
  }
}

/** Nothing moves any more: all that is left in the queue is held or waits. */
function settled({ postfix }: GuardedServer, wrote: number): Promise<readonly string[]> {
  return eventually('the queue settles', async () => {
    const made = (await postfix.log()).match(/sender non-delivery notification/g) ?? [];
    const queue = await postfix.queue();
    const isStill = queue.every(({ queue_name }) => ['hold', 'deferred'].includes(queue_name));
    return made.length >= wrote && isStill ? queue.map((one) => one.queue_name) : undefined;
  });
}

const delivered = ({ sink }: GuardedServer): number =>
  sink.deliveries.filter(({ to }) => to.some(isVictim)).length;

test('notices are judged: what is held causes no notice; undone byte for byte', async () => {
  await using all = await server();
  const { configDirectory: configDir } = all.postfix;
  await spam(all, 0, 3);
  await settled(all, 3);
  assert.equal(delivered(all), 3, 'before');
  const was = await readFile(join(configDir, 'main.cf'));
  let shown = '';
  await connectBounces({ configDir, dryRun: true }, (text) => {
    shown += text;
  });
  assert.match(shown, /^\+internal_mail_filter_classes = bounce$/m);
  assert.match(shown, /generally not safe to enable content inspection/);
  assert.deepEqual(await readFile(join(configDir, 'main.cf')), was, 'a dry run changes nothing');
  // A proof that fails changes nothing.
  await all.postfix.set({ authorized_submit_users: '!root' });
  const refusing = await readFile(join(configDir, 'main.cf'));
  await assert.rejects(
    connectBounces({ configDir, yes: true, state: all.state }, quiet),
    (error) => error instanceof OperatorError && /Postfix wrote no report/.test(error.message),
  );
  assert.deepEqual(await readFile(join(configDir, 'main.cf')), refusing);
  await writeFile(join(configDir, 'main.cf'), was);
  const made = await connectBounces({ configDir, yes: true, state: all.state }, quiet);
  assert.deepEqual([made.changed, made.proved], [true, true]);
  const again = await connectBounces({ configDir, yes: true, state: all.state }, quiet);
  assert.equal(again.changed, false);

  await spam(all, 100, 150);
  const left = await settled(all, 153);
  const log = await all.postfix.log();
  assert.equal(left.filter((name) => name === 'hold').length + delivered(all), 153);
  assert.ok(left.length > 0 && left.every((name) => name === 'hold'), left.join());
  assert.equal(log.match(/sender non-delivery notification/g)?.length, 153);
  assert.doesNotMatch(log, /from=<double-bounce@/);
  await connectBounces({ configDir, yes: true, undo: true }, quiet);
  assert.deepEqual(await readFile(join(configDir, 'main.cf')), was);
});

test('notices that a rule of Postfix refuses cause no notice and no double bounce', async () => {
  await using all = await server();
  const { configDirectory: configDir } = all.postfix;
  await connectBounces({ configDir, yes: true, state: all.state }, quiet);
  await writeFile(join(configDir, 'checks'), '/^Subject: Undelivered/ REJECT no notices\n');
  await all.postfix.set({ header_checks: 'regexp:$config_directory/checks' });
  await reloaded(all.postfix);
  await spam(all, 0, 5);
  await all.postfix.logged(/status=deferred \(bounce failed\)/);
  await eventually('every notice is refused', async () => {
    const log = await all.postfix.log();
    return (
      new Set(log.match(/[0-9A-F]+: status=deferred \(bounce failed\)/g)).size === 5 || undefined
    );
  });
  const log = await all.postfix.log();
  assert.equal(delivered(all), 0);
  assert.doesNotMatch(log, /sender non-delivery notification|from=<double-bounce@/);
  await eventually(
    'the returned messages alone',
    async () => (await all.postfix.queue()).length === 5 || undefined,
  );
  await connectBounces({ configDir, yes: true, undo: true }, quiet);
  await eventually('the notices after the undo', async () => {
    await all.postfix.flush();
    return delivered(all) >= 5 || undefined;
  });
  assert.equal(delivered(all), 5, 'once each');
});

test('the guard is away: notices come later, once each', async () => {
  await using all = await server();
  const { configDirectory: configDir } = all.postfix;
  await connectBounces({ configDir, yes: true, state: all.state }, quiet);
  all.guard.kill('SIGKILL');
  await all.guard.ended;
  await spam(all, 0, 5);
  await all.postfix.logged(/status=deferred \(bounce failed\)/);
  assert.equal(delivered(all), 0);
  all.guard = await all.startGuard();
  await eventually('the notices', async () => {
    await all.postfix.flush();
    return delivered(all) >= 5 || undefined;
  });
  assert.deepEqual(await settled(all, 5), []);
  assert.equal(delivered(all), 5, 'once each');
  assert.doesNotMatch(await all.postfix.log(), /from=<double-bounce@/);
});

test('without Postern in non_smtpd_milters nothing is changed', async () => {
  await using postfix = await startPostfix({ sink: 9 });
  const { configDirectory: configDir } = postfix;
  const was = await readFile(join(configDir, 'main.cf'));
  await assert.rejects(
    connectBounces({ configDir, yes: true }, quiet),
    (error) => error instanceof OperatorError && error.code === 'not-connected-yet',
  );
  assert.deepEqual(await readFile(join(configDir, 'main.cf')), was);
});
