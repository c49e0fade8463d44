/**
 * What leaves is told by the recipient's domain, not by the name of the transport: Postfix may send
 * everybody's mail by `relay`. What a stranger sends for relay_domains is incoming mail all the
 * same, and domains that are added while the guard runs are known soon after.
 */
import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { people } from './guard-past.ts';
import { type GuardedServer, startGuardedServer } from './guarded-server.ts';
import { eventually } from './leash.ts';
import { connectSmtp } from './smtp-client.ts';

const all = people(1);
const [joe = { account: '', friends: [] }] = all;
const strangers = 100;

/** Sends single messages to strangers; answers how many arrived. */
async function spam(server: GuardedServer): Promise<number> {
  const { sink } = server;
  await using smtp = await server.login(joe.account);
  for (let n = 0; n < strangers; n++) {
    const id = `spam-${n}`;
    const { stage } = await smtp.send({ from: joe.account, to: [`s${n}@w${n}.test`], id });
    if (stage !== 'done') break; // refused from here on
  }
  // What was taken is delivered or on hold.
  await eventually('the queue rests', async () =>
    (await server.postfix.queue()).every(({ queue_name: name }) => name === 'hold')
      ? true
      : undefined,
  );
  return sink.deliveries.filter(({ id }) => id.startsWith('spam-')).length;
}

const settings: readonly (readonly [string, (next: string) => Readonly<Record<string, string>>])[] =
  [
    ['* in transport_maps', (next) => ({ transport_maps: `inline:{{*=relay:${next}}}` })],
    ['default_transport', (next) => ({ default_transport: `relay:${next}` })],
    [
      'sender_dependent_default_transport_maps',
      (next) => ({
        sender_dependent_default_transport_maps: `inline:{{@example.test=relay:${next}}}`,
      }),
    ],
    [
      'relay_domains that contain everybody',
      (next) => ({
        relay_domains: 'regexp:{{/./ ok}}',
        relay_transport: `relay:${next}`,
      }),
    ],
  ];

for (const [name, main] of settings) {
  test(`everybody's mail by relay, from ${name}: judged with its recipients`, async () => {
    await using server = await startGuardedServer({
      people: all,
      settings: (sink) => main(`[127.0.0.1]:${sink}`),
    });
    const arrived = await spam(server);
    assert.ok(arrived < 20, `${arrived} of ${strangers} got out`);
  });
}

test('inbound mail for relay_domains and for a table of patterns is nobody’s', async () => {
  await using server = await startGuardedServer({
    people: all,
    settings: (sink) => ({
      relay_domains: 'backup.test regexp:{{/^p[0-9]+[.]test/ ok}}',
      relay_transport: `relay:[127.0.0.1]:${sink}`,
    }),
  });
  const { guard, postfix, sink } = server;
  const before = await guard.metric('postern_verdicts_total{verdict="pass"}');
  await using smtp = await connectSmtp(postfix.ports.smtp, { localAddress: '127.0.0.6' });
  for (const to of ['ann@backup.test', 'ann@p7.test']) {
    const { stage, reply } = await smtp.send({ from: 'x@world.test', to: [to], id: to });
    assert.equal(stage, 'done', reply.text);
    await sink.until(() => sink.recipients(to).length === 1, to);
  }
  assert.equal(await guard.metric('postern_verdicts_total{verdict="pass"}'), before);
});

test('a domain that a panel adds and removes is followed without connecting again', async () => {
  await using server = await startGuardedServer({
    people: all,
    settings: (sink) => ({
      relay_domains: 'texthash:$config_directory/domains',
      relay_transport: `smtp:[127.0.0.1]:${sink}`,
    }),
    connect: false,
  });
  const { guard, postfix, sink } = server;
  const write = async (text: string): Promise<void> => {
    const path = join(postfix.configDirectory, 'domains');
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  };
  await write('first.test ok\n');
  await guard.cli('connect', 'postfix', '--config-dir', postfix.configDirectory, '--yes');
  await guard.logged('postfix.asked');
  const known = async (): Promise<unknown> =>
    (await guard.log()).findLast(({ event }) => event === 'postfix.asked')?.['localDomains'];
  const base = await known();
  const judged = async (id: string): Promise<number> => {
    const before = await guard.metric('postern_verdicts_total{verdict="pass"}');
    await using smtp = await connectSmtp(postfix.ports.smtp);
    const { reply, stage } = await smtp.send({ from: 'x@evil.test', to: ['a@later.test'], id });
    assert.equal(stage, 'done', reply.text);
    await sink.until(() => sink.recipients(id).length === 1, id);
    return (await guard.metric('postern_verdicts_total{verdict="pass"}')) - before;
  };
  assert.equal(await judged('before'), 1, 'mail to others, of a client of mynetworks');
  for (const [text, wanted] of [
    ['first.test ok\nlater.test ok\n', 0],
    ['first.test ok\n', 1],
  ] as const) {
    await write(text);
    const knows = wanted === 0;
    await eventually('the guard knows it', async () => ((await known()) !== base) === knows);
    assert.equal(await judged(`then-${wanted}`), wanted, text);
  }
});
