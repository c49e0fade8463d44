/**
 * Two instances of Postfix, both connected: a suspension holds what is queued in each, a release
 * delivers it from each, and the log of each is read.
 */
import assert from 'node:assert/strict';
import { chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Millis } from '../../src/lib/time.ts';
import { postfix as queueOf } from '../../src/partners/postfix/queue.ts';
import { helperTools } from '../../src/partners/privileged-tools.ts';
import type { HeldRow } from '../../src/ports/ledger.ts';
import { people } from './guard-past.ts';
import { password, startGuardedServer } from './guarded-server.ts';
import { eventually } from './leash.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { listenForHelper } from './root-helper.ts';
import { connectSmtp } from './smtp-client.ts';
import { startSink } from './smtp-sink.ts';

const [person = { account: '', friends: [] }] = people(1);
const { account } = person;
const friends = person.friends.map((friend) => friend.replace('@world.test', '@slow.test'));

test('hold, release, drop and log work in both instances', { timeout: 600_000 }, async () => {
  await using scope = new AsyncDisposableStack();
  const refuse = (to: string): string | undefined =>
    to.startsWith('nobody@') ? '550 5.1.1 no such user' : undefined;
  const server = scope.use(await startGuardedServer({ people: [{ account, friends }], refuse }));
  const { dovecot, postfix: first, sink, slow } = server;
  const second = scope.use(
    await startPostfix({
      sink: sink.port,
      saslSocket: dovecot.authSocket,
      settings: { syslog_name: 'postfix-out' },
    }),
  );
  await server.guard.cli('connect', 'postfix', '--config-dir', second.configDirectory, '--yes');
  slow.on = true;
  const send = async (postfix: PostfixInstance, recipients: readonly string[]): Promise<void> => {
    await using client = await connectSmtp(postfix.ports.submission, { user: account, password });
    for (const to of recipients) {
      const sent = await client.send({ from: account, to: [to], id: to });
      assert.equal(sent.stage, 'done', sent.reply.text);
    }
  };
  await send(first, friends.slice(0, 3));
  await send(second, friends.slice(3, 8));
  const inFirst = await queued(first, 'deferred', 3);
  const inSecond = await queued(second, 'deferred', 5);

  const delivered = (): readonly string[] =>
    friends.slice(0, 8).flatMap((friend) => sink.recipients(friend));
  await server.guard.cli('accounts', 'suspend', '--unknown', account, '--note', 'a test');
  const rows = await eventually('8 held messages', async () => {
    const held = await server.guard.json<readonly HeldRow[]>('/api/held');
    return held.length === 8 ? held : undefined;
  });
  assert.deepEqual(rows.map(({ queueId }) => queueId).sort(), [...inFirst, ...inSecond].sort());
  await queued(first, 'hold', 3);
  await queued(second, 'hold', 5);

  const [released = '', dropped = ''] = inSecond;
  slow.on = false;
  await server.guard.cli('held', 'release', released);
  await sink.until(() => delivered().length === 1, 'the released message');
  await server.guard.cli('held', 'drop', dropped, '--yes');
  await queued(second, 'hold', 3);
  const place = await eventually(
    'the review notes the instance',
    async () =>
      (await server.guard.json<readonly HeldRow[]>('/api/held')).find(
        ({ queueId, instance }) => queueId === inSecond[2] && instance !== undefined,
      ),
    { timeoutMs: 240_000 },
  );
  assert.equal(place.instance, second.configDirectory);
  assert.match(await server.guard.cli('held', 'show', place.queueId), /postcat -c .* -q /);
  await server.guard.cli('accounts', 'release', account, '--false-alarm');
  await sink.until(() => delivered().length >= 7, 'all but the dropped one');
  await queued(first, 'hold', 0);
  await queued(second, 'hold', 0);
  assert.equal(delivered().length, 7);
  assert.equal(new Set(delivered()).size, 7);

  const log = join(second.dir, 'log', 'mail.log');
  const bounced = () => server.guard.metric('postern_mail_log_events_total{event="bounced"}');
  await eventually(
    'the log of the second is read',
    async () => (await server.guard.cli('status')).includes(log) || undefined,
  );
  const before = await bounced();
  await send(second, ['nobody@world.test']);
  await eventually('its bounce counts', async () => (await bounced()) > before || undefined);
});

const noted = async (): Promise<void> => undefined;
/** As one that was answered for just now. */
const row = (queueId: string) => ({ queueId, at: Date.now() as Millis });

test('the helper works on another instance only if root wrote it down', async () => {
  await using scope = new AsyncDisposableStack();
  const sink = scope.use(await startSink());
  const mail = scope.use(await startPostfix({ sink: sink.port }));
  const helperSocket = await listenForHelper({ mail });
  scope.defer(() => helperSocket.close());
  await using other = await startPostfix({
    sink: sink.port,
    settings: { defer_transports: 'smtp' },
  });
  await other.sendmail({ from: account, to: ['x@world.test'], id: 'other' });
  const [queued] = await eventually('a message in the other', async () => {
    const queue = await other.queue();
    return queue[0]?.queue_name === 'deferred' ? queue : undefined;
  });
  const id = queued?.queue_id ?? '';
  const tools = helperTools(helperSocket.path, other.configDirectory);
  const mta = queueOf({ tools, instance: other.configDirectory });
  const refused = async (): Promise<void> => {
    await assert.rejects(mta.queue(1), /may not work on the queue/);
    assert.match(String((await mta.hold([row(id)], noted)).fault), /may not work on the queue/);
  };
  await refused();
  const { instances } = helperSocket;
  await writeFile(instances, `${other.configDirectory}x\n/${other.configDirectory}\n`);
  await refused();
  await writeFile(instances, `/etc/postfix\n${other.configDirectory}\n`);
  await chown(instances, 65_534, 65_534);
  await refused();
  await chown(instances, 0, 0);
  assert.deepEqual([...(await mta.hold([row(id)], noted)).done], [id]);
  assert.equal((await mta.onHold([id])).get(id)?.instance, other.configDirectory);
  assert.deepEqual([...(await mta.release([id])).done], [id]);
  const kick = tools.run('kick', [account], AbortSignal.timeout(5_000));
  await assert.rejects(async () => void (await kick.next()), /this verb takes no instance/);
});

/** The ids of these messages of the account. */
async function queued(
  postfix: PostfixInstance,
  name: string,
  count: number,
): Promise<readonly string[]> {
  let ids: readonly string[] = [];
  return eventually(
    `${count} in ${name}`,
    async () => {
      ids = (await postfix.queue())
        .filter(({ queue_name, sender }) => queue_name === name && sender === account)
        .map(({ queue_id }) => queue_id);
      return ids.length === count ? ids : undefined;
    },
    { detail: () => JSON.stringify(ids) },
  );
}
