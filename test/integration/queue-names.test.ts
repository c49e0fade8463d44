/**
 * Mail behind a content filter has another queue id. A suspension holds it all the same, a release
 * delivers it once, and what the log says about it counts for its sender. What others put on hold
 * stays on hold. To the message, with real filters.
 */
import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { HeldRow } from '../../src/ports/ledger.ts';
import { startAmavis } from './amavis-instance.ts';
import { people } from './guard-past.ts';
import { type GuardedServer, startGuardedServer } from './guarded-server.ts';
import { eventually, freePort } from './leash.ts';
import { onMachineOfItsOwn, onOwnMachine } from './own-machine.ts';
import type { QueueEntry } from './postfix-instance.ts';
import { reloaded } from './postfix-reload.ts';

const [sender = { account: '', friends: [] }] = people(1);
const { account, friends } = sender;
/** Written to before, so that nothing is unusual. */
const slow = friends.slice(0, 8).map((friend) => friend.replace('@world.test', '@slow.test'));
const known = [{ account, friends: slow }];

if (onOwnMachine) tests();
else onMachineOfItsOwn(import.meta.filename);

function tests(): void {
  test('8 messages behind amavisd: held, and delivered once after a release', async () => {
    await using scope = new AsyncDisposableStack();
    const back = await freePort();
    const amavis = scope.use(await startAmavis(back));
    const server = scope.use(
      await startGuardedServer({
        people: known,
        settings: () => ({ content_filter: `filter:[127.0.0.1]:${amavis.port}` }),
        postfix: { services: smtpFilter(back) },
        refuse: (to) => (to.startsWith('nobody') ? '550 5.1.1 no such user' : undefined),
      }),
    );
    const seen = (what: string): Promise<number> => server.guard.metric(`postern_mail_log_${what}`);
    await using client = await server.login(account);
    const to = ['nobody@world.test'];
    const sent = await client.send({ from: account, to, id: 'bounces' });
    assert.equal(sent.stage, 'done', sent.reply.text);
    await eventually(
      'the bounce behind the filter',
      async () => (await seen('events_total{event="bounced"}')) > 0 || undefined,
      { detail: () => server.postfix.log() },
    );
    assert.equal(await seen('dropped_total{why="unknown-message"}'), 0, 'it counts for its sender');
    await holdsAll(server);
  });

  test('8 messages behind a pipe filter that comes back by sendmail', async () => {
    await using scope = new AsyncDisposableStack();
    const server = scope.use(
      await startGuardedServer({
        people: known,
        connect: false,
        postfix: {
          submission: { content_filter: 'program:' },
          services: `program unix - n n - 4 pipe
  flags=Rq user=nobody argv=/usr/local/bin/filter \${sender} \${recipient}
`,
        },
      }),
    );
    const { configDirectory } = server.postfix;
    // Only with this may a user other than root name another configuration.
    await appendFile('/etc/postfix/main.cf', `alternate_config_directories = ${configDirectory}\n`);
    const filter = `#!/bin/sh\nexec /usr/sbin/sendmail -C ${configDirectory} -oi -f "$@"\n`;
    await writeFile('/usr/local/bin/filter', filter, { mode: 0o755 });
    // What the program hands in is judged already.
    await server.guard.cli('connect', 'postfix', '--config-dir', configDirectory, '--yes');
    await server.postfix.set({ non_smtpd_milters: '' });
    await reloaded(server.postfix);
    await holdsAll(server);
  });

  test('what others put on hold is never listed and never released', async () => {
    await using scope = new AsyncDisposableStack();
    const server = scope.use(
      await startGuardedServer({
        people: known,
        settings: () => ({ header_checks: 'regexp:{{/^Subject: keep/ HOLD the operator looks}}' }),
      }),
    );
    server.slow.on = true;
    await using client = await server.login(account);
    const byRule = await client.send({
      from: account,
      to: [slow[0] ?? ''],
      id: 'rule',
      subject: 'keep this',
    });
    const byHand = await client.send({ from: account, to: [slow[1] ?? ''], id: 'hand' });
    const ours = await client.send({ from: account, to: [slow[2] ?? ''], id: 'ours' });
    assert.deepEqual([byRule.stage, byHand.stage, ours.stage], ['done', 'done', 'done']);
    await inQueue(server, 'deferred', 2);
    await server.postfix.tool('postsuper', '-h', byHand.queueId);
    await server.guard.cli('accounts', 'suspend', '--unknown', account, '--note', 'a test');
    assert.deepEqual(await heldIds(server, 1), [ours.queueId]);
    server.guard.kill('SIGKILL');
    await server.guard.ended;
    server.guard = await server.startGuard();
    assert.deepEqual(await heldIds(server, 1), [ours.queueId]);
    server.slow.on = false;
    await server.guard.cli('accounts', 'release', account, '--false-alarm');
    await server.sink.until(() => server.sink.recipients('ours').length === 1, 'the one of ours');
    assert.deepEqual(
      (await inQueue(server, 'hold', 2)).map(({ queue_id }) => queue_id).sort(),
      [byHand.queueId, byRule.queueId].sort(),
    );
  });

  test('a held message that is requeued is held again under its new id', async () => {
    await using server = await startGuardedServer({ people: known });
    server.slow.on = true;
    await using client = await server.login(account);
    const sent = await client.send({ from: account, to: [slow[0] ?? ''], id: 'again' });
    await inQueue(server, 'deferred', 1);
    await server.guard.cli('accounts', 'suspend', '--unknown', account, '--note', 'a test');
    assert.deepEqual(await heldIds(server, 1), [sent.queueId]);
    await server.postfix.tool('postsuper', '-r', sent.queueId);
    // pickup(8) looks once a minute, or when a message is handed in.
    await server.postfix.sendmail({ from: 'root@mail.test', to: ['x@mail.test'], id: 'wakes' });
    const { again, queueId } = await server.guard.logged('held.requeued');
    assert.equal(again, true);
    assert.deepEqual(await heldIds(server, 1), [queueId]);
    const [only] = await inQueue(server, 'hold', 1);
    assert.equal(only?.queue_id, queueId);
    assert.match(await server.guard.cli('held', 'list', '--was', 'gone'), new RegExp(sent.queueId));
    server.slow.on = false;
    await server.guard.cli('held', 'release', String(queueId));
    await server.sink.until(() => server.sink.recipients('again').length === 1, 'delivery');
  });

  test('a copy by always_bcc has the same queue id, and is judged once', async () => {
    await using server = await startGuardedServer({
      people: known,
      settings: () => ({ always_bcc: 'archive@world.test' }),
    });
    const judged = (): Promise<number> =>
      server.guard.metric('postern_verdicts_total{verdict="pass"}');
    const before = await judged();
    await using client = await server.login(account);
    await client.send({ from: account, to: [slow[0] ?? ''], id: 'copied' });
    await server.sink.until(() => server.sink.recipients('copied').length === 2, 'both');
    assert.equal((await judged()) - before, 1);
  });
}

/** Behind the filter Postfix takes mail from 127.0.0.1, asks no milter, and is told the old id. */
function smtpFilter(port: number): string {
  return `filter unix - - n - 4 smtp
  -o smtp_send_xforward_command=yes
127.0.0.1:${port} inet n - n - - smtpd
  -o content_filter=
  -o smtpd_milters=
  -o mynetworks=127.0.0.0/8
  -o smtpd_authorized_xforward_hosts=127.0.0.0/8
`;
}

async function holdsAll(server: GuardedServer): Promise<void> {
  const { guard, sink } = server;
  server.slow.on = true;
  await using client = await server.login(account);
  const first: string[] = [];
  for (const [nth, to] of slow.entries()) {
    const sent = await client.send({ from: account, to: [to], id: `m${nth}` });
    assert.equal(sent.stage, 'done', sent.reply.text);
    first.push(sent.queueId);
  }
  const waiting = await inQueue(server, 'deferred', 8);
  const ids = waiting.map(({ queue_id }) => queue_id).sort();
  assert.ok(
    ids.every((id) => !first.includes(id)),
    `each has a new id behind the filter: ${await server.postfix.log()}`,
  );
  await eventually('the log of the last is read', async () => {
    const texts = await Promise.all(ids.map((id) => guard.cli('explain', id).catch(() => '')));
    return texts.every((text) => text.includes('Behind a filter')) || undefined;
  });
  await guard.cli('accounts', 'suspend', '--unknown', account, '--note', 'a test');
  assert.deepEqual(await heldIds(server, 8), ids);
  server.guard.kill('SIGKILL');
  await server.guard.ended;
  server.guard = await server.startGuard();
  server.slow.on = false;
  await server.postfix.flush();
  assert.equal((await inQueue(server, 'hold', 8)).length, 8);
  assert.equal(sink.deliveries.filter(({ id }) => /^m[0-9]$/.test(id)).length, 0);
  await server.guard.cli('accounts', 'release', account, '--false-alarm');
  const delivered = (): readonly string[] =>
    first.flatMap((_, nth) => sink.recipients(`m${nth}`)).sort();
  await sink.until(() => delivered().length >= 8, '8 deliveries');
  await inQueue(server, 'hold', 0);
  assert.deepEqual(delivered(), [...slow].sort());
}

async function inQueue(
  server: GuardedServer,
  name: string,
  count: number,
): Promise<readonly QueueEntry[]> {
  let last: readonly QueueEntry[] = [];
  return eventually(
    `${count} messages in ${name}`,
    async () => {
      last = (await server.postfix.queue()).filter(
        ({ queue_name, sender }) => queue_name === name && sender === account,
      );
      return last.length === count ? last : undefined;
    },
    { detail: async () => JSON.stringify(last) + (await server.postfix.log()) },
  );
}

async function heldIds(server: GuardedServer, count: number): Promise<readonly string[]> {
  let held: readonly HeldRow[] = [];
  const rows = await eventually(
    `${count} held messages`,
    async () => {
      const all = await server.guard.json<readonly HeldRow[]>('/api/held');
      held = all.filter(({ state }) => state === 'held');
      return held.length === count ? held : undefined;
    },
    { detail: async () => JSON.stringify(held) + (await server.postfix.log()) },
  );
  return rows.map(({ queueId }) => queueId).sort();
}
