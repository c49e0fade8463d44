/**
 * Filters around the guard: a message that a filter takes out of Postfix and returns is judged
 * once, under the login that sent it, however Postfix was told about the filter.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FindAnswer } from '../../src/ports/asking.ts';
import { startAmavis } from './amavis-instance.ts';
import { people } from './guard-past.ts';
import { connectPostfix, type GuardedServer, startGuardedServer } from './guarded-server.ts';
import { eventually, freePort, leash } from './leash.ts';

const all = people(3);

/** Each person sends some messages to friends; answers with the accounts that were judged. */
async function judged(
  server: GuardedServer,
  id: string,
  counts: (recipient: string) => boolean = () => true,
): Promise<Record<string, number>> {
  const sent: string[] = [];
  for (const { account, friends } of all) {
    await using smtp = await server.login(account);
    for (const [n, friend] of friends.slice(0, 4).entries()) {
      const message = { from: account, to: [friend], id: `${id}-${account}-${n}` };
      const { stage, reply } = await smtp.send(message);
      assert.equal(stage, 'done', reply.text);
      sent.push(message.id);
    }
  }
  const { sink } = server;
  await sink.until(
    () => sent.every((one) => sink.recipients(one).filter(counts).length === 1),
    'all arrive',
  );
  const counted: Record<string, number> = {};
  for (const { account } of await recent(server)) counted[account] = (counted[account] ?? 0) + 1;
  return counted;
}

async function recent({ guard }: GuardedServer): Promise<readonly { account: string }[]> {
  const found = (await guard.json('/api/recent?limit=200')) as { id?: string; account: string }[];
  // The proof of `connect` is not meant.
  return found.filter(({ account, id }) => id !== undefined && !/^local:postmaster@/.test(account));
}

const once = Object.fromEntries(all.map(({ account }) => [account, 4]));

type SetUp = {
  readonly name: string;
  readonly main: (filter: string) => Readonly<Record<string, string>>;
  /** The service to which the filter returns mail. */
  readonly back: (port: number) => readonly [name: string, options: string];
};

const setUps: readonly SetUp[] = [
  {
    name: 'FILTER in an access table, back on loopback',
    main: (filter) => ({
      smtpd_sender_restrictions: `check_sender_access inline:{{${all[0]?.account}=FILTER ${filter}},
        {${all[1]?.account}=FILTER ${filter}}, {${all[2]?.account}=FILTER ${filter}}}`,
    }),
    back: (port) => [
      `127.0.0.1:${port}`,
      `-o content_filter=
  -o smtpd_sender_restrictions=
  -o smtpd_recipient_restrictions=permit_mynetworks,reject
  -o mynetworks=127.0.0.0/8
  -o receive_override_options=no_unknown_recipient_checks,no_header_body_checks`,
    ],
  },
  {
    name: 'FILTER in header_checks, back on every address',
    main: (filter) => ({ header_checks: `regexp:{{/^Subject:/ FILTER ${filter}}}` }),
    back: (port) => [
      `${port}`,
      `-o receive_override_options=no_header_body_checks
  -o content_filter=
  -o mynetworks=172.16.0.0/12,127.0.0.0/8`,
    ],
  },
  {
    name: 'content_filter, back on every address',
    main: (filter) => ({ content_filter: filter }),
    back: (port) => [`${port}`, '-o content_filter=\n  -o mynetworks=127.0.0.1'],
  },
];

for (const { name, main, back } of setUps) {
  test(`amavisd by ${name}: judged once, under the login`, async () => {
    const port = await freePort();
    await using amavis = await startAmavis(port);
    const [service, options] = back(port);
    await using server = await startGuardedServer({
      people: all,
      settings: () => main(`amavis:[127.0.0.1]:${amavis.port}`),
      postfix: {
        services: `amavis unix - - n - 2 smtp\n${service} inet n - n - - smtpd\n  ${options}\n`,
      },
      connect: false,
    });
    const said = await connectPostfix(server);
    assert.match(said, new RegExp(`note: ${service}: a filter returns mail here`));
    assert.deepEqual(await judged(server, 'filtered'), once);
    for (const { account } of all) {
      await eventually('what became of each message is told', async () => {
        const answer = await server.guard.cli('find', '--account', account, '--json');
        const became = (JSON.parse(answer) as FindAnswer).found.map((one) => one.became);
        return became.length === 4 && became.every((one) => one === 'delivered') ? true : undefined;
      });
    }
  });
}

test('postsrsd and always_bcc: judged once, under the login, without the copy', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'psr-'));
  const secret = join(dir, 'secret');
  await writeFile(secret, 'not a secret\n');
  const [forward, reverse] = [await freePort(), await freePort()];
  const words = [`-s${secret}`, '-dmail.test', `-f${forward}`, `-r${reverse}`];
  const postsrsd = leash('/usr/sbin/postsrsd', words, { detaches: false, graceMs: 1_000 });
  try {
    await using server = await startGuardedServer({
      people: all,
      settings: () => ({
        sender_canonical_maps: `tcp:127.0.0.1:${forward}`,
        sender_canonical_classes: 'envelope_sender',
        recipient_canonical_maps: `tcp:127.0.0.1:${reverse}`,
        recipient_canonical_classes: 'envelope_recipient,header_recipient',
        always_bcc: 'archive@mail.test',
      }),
    });
    const { postfix } = server;
    assert.deepEqual(await judged(server, 'srs', (to) => to !== 'archive@mail.test'), once);
    await postfix.logged(/from=<SRS0=/);
  } finally {
    await postsrsd.stop();
    await rm(dir, { recursive: true });
  }
});

test('smtpd_proxy_filter where users log in: refused, nothing changed', async () => {
  await using server = await startGuardedServer({
    people: all,
    postfix: { submission: { smtpd_proxy_filter: '127.0.0.1:1' } },
    connect: false,
  });
  const { configDirectory, ports } = server.postfix;
  const read = (): Promise<string[]> =>
    Promise.all(
      ['main.cf', 'master.cf'].map((name) => readFile(join(configDirectory, name), 'utf8')),
    );
  const was = await read();
  const refused = new RegExp(
    `smtpd_proxy_filter is set for 127.0.0.1:${ports.submission}, so Postfix`,
  );
  for (const words of [['--dry-run'], []]) {
    await assert.rejects(connectPostfix(server, ...words), refused);
  }
  assert.deepEqual(await read(), was);
});
