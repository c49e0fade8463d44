/**
 * `postern connect recipients` on a real Postfix: before it, mail to an address that does not exist
 * is accepted and returned to a sender who may be forged; after it, the address is refused. Undone
 * byte for byte.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectRecipients } from '../../src/commands/connect/recipients/recipients.ts';
import { reflection } from '../../src/commands/doctor/reflection.ts';
import { parseConfig } from '../../src/config/load.ts';
import { OperatorError } from '../../src/lib/operator-error.ts';
import { openScriptedDns } from '../doubles/dns-server.ts';
import { startDovecot } from './dovecot-instance.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { reloaded } from './postfix-reload.ts';
import { connectSmtp } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const quiet = (): void => undefined;
const victim = 'victim@forged.test';
const noSuchUser = '550 5.1.1 no such user';

function backend(known: readonly string[]): Promise<Sink> {
  return startSink({
    refuse: (to) => (to.endsWith('@forged.test') || known.includes(to) ? undefined : noSuchUser),
  });
}

/** Answers with the reply to RCPT, and sends the message if it was taken. */
async function send(postfix: PostfixInstance, to: string, id: string): Promise<number> {
  await using client = await connectSmtp(postfix.ports.smtp);
  const sent = await client.send({ from: victim, to: [to], id });
  return sent.stage === 'done' ? 250 : sent.reply.code;
}

async function reflected(configDir: string): Promise<readonly string[]> {
  await using dns = await openScriptedDns([]);
  const servers = `[dns]\nservers = ["127.0.0.1:${dns.server.port}"]\n`;
  const findings = await reflection(parseConfig(servers, 'test').config, configDir);
  return findings.filter(({ kind }) => kind !== 'ok').map(({ id, kind }) => `${kind} ${id}`);
}

test('a backend that rejects: it is asked at RCPT, and nothing is returned any more', async () => {
  await using sink = await backend(['joe@virtual.test']);
  await using postfix = await startPostfix({
    sink: sink.port,
    settings: {
      mydestination: '',
      virtual_mailbox_domains: 'virtual.test',
      virtual_transport: `maildrop:[127.0.0.1]:${sink.port}`,
    },
  });
  const configDir = postfix.configDirectory;
  assert.equal(await send(postfix, 'joe@virtual.test', 'known'), 250);
  assert.equal(await send(postfix, 'nobody@virtual.test', 'unknown'), 250, 'accepted before');
  await sink.until(() => sink.deliveries.some(({ to }) => to.includes(victim)), 'the bounce');
  assert.ok((await reflected(configDir)).includes('fail reflection.virtual'));
  const was = await readFile(join(configDir, 'main.cf'));
  const ways = { configDir, yes: true };

  let shown = '';
  const dry = await connectRecipients({ ...ways, dryRun: true }, (text) => {
    shown += text;
  });
  assert.match(shown, /^\+smtpd_recipient_restrictions = check_recipient_access inline:/m);
  assert.match(shown, /nobody@virtual\.test {2}got no mail; mail was returned: .*no such user/);
  assert.deepEqual(
    dry.refused.map(({ address }) => address),
    ['nobody@virtual.test'],
  );
  assert.deepEqual(await readFile(join(configDir, 'main.cf')), was, 'a dry run changes nothing');

  const done = await connectRecipients(ways, quiet);
  assert.deepEqual(
    done.proofs.map(({ ok }) => ok),
    [true, true],
  );
  assert.equal(done.proofs[0]?.address, 'joe@virtual.test');
  const before = sink.deliveries.filter(({ to }) => to.includes(victim)).length;
  assert.equal(await send(postfix, 'nobody@virtual.test', 'after'), 550, 'refused after');
  assert.equal(await send(postfix, 'joe@virtual.test', 'still'), 250);
  await sink.until(() => sink.recipients('still').length === 1, 'mail to Joe');
  assert.equal(sink.deliveries.filter(({ to }) => to.includes(victim)).length, before);
  assert.deepEqual(await reflected(configDir), []);
  const again = await connectRecipients(ways, quiet);
  assert.equal(again.changed, false);

  await reloaded(postfix, () => connectRecipients({ ...ways, undo: true }, quiet));
  assert.deepEqual(await readFile(join(configDir, 'main.cf')), was);
  assert.equal(await send(postfix, 'nobody2@virtual.test', 'undone'), 250);
});

test('a table that Postfix reads becomes the list; one that misses people does not', async () => {
  await using sink = await backend(['ann@relayed.test', 'bob@relayed.test']);
  await using postfix = await startPostfix({
    sink: sink.port,
    settings: {
      mydestination: '',
      relay_domains: 'relayed.test',
      smtpd_sender_login_maps: 'texthash:$config_directory/logins',
    },
  });
  const configDir = postfix.configDirectory;
  await writeFile(join(configDir, 'logins'), 'ann@relayed.test ann\n');
  for (const name of ['ann', 'bob']) {
    assert.equal(await send(postfix, `${name}@relayed.test`, name), 250);
  }
  await postfix.logged(/to=<bob@relayed\.test>.*status=sent/);
  const ways = { configDir, yes: true };
  await assert.rejects(
    connectRecipients({ ...ways, by: 'table' }, quiet),
    (error) => error instanceof OperatorError && error.code === 'no-recipients',
  );
  await writeFile(join(configDir, 'logins'), 'ann@relayed.test ann\nbob@relayed.test bob\n');
  const was = await readFile(join(configDir, 'main.cf'));
  const done = await connectRecipients(ways, quiet);
  assert.deepEqual(
    done.means.map(({ of, by }) => `${of} ${by}`),
    ['relay table'],
  );
  assert.match(done.diff, /^\+relay_recipient_maps = texthash:.*\/logins$/m);
  assert.equal(await send(postfix, 'nobody@relayed.test', 'no'), 550);
  await connectRecipients({ ...ways, undo: true }, quiet);
  assert.deepEqual(await readFile(join(configDir, 'main.cf')), was);
});

test('the users of Dovecot become a list; a user who is added is added to it', async () => {
  await using dovecot = await startDovecot({ users: { 'joe@virtual.test': 'x' } });
  await using sink = await backend([]);
  await using postfix = await startPostfix({
    sink: sink.port,
    settings: {
      mydestination: '',
      virtual_mailbox_domains: 'virtual.test',
      virtual_transport: 'deliver',
    },
    services: 'deliver unix - n n - - pipe\n  user=nobody argv=/bin/true\n',
  });
  const configDir = postfix.configDirectory;
  assert.equal(await send(postfix, 'nobody@virtual.test', 'before'), 250);
  await postfix.logged(/to=<nobody@virtual\.test>.*status=sent/);
  const ways = { configDir, yes: true, dovecotConfig: dovecot.configFile };
  const was = await readFile(join(configDir, 'main.cf'));
  await assert.rejects(
    connectRecipients(ways, quiet),
    (error) => error instanceof OperatorError && error.code === 'would-refuse',
    'somebody got mail there',
  );
  assert.deepEqual(await readFile(join(configDir, 'main.cf')), was);
  const log = join(configDir, 'empty.log');
  await writeFile(log, '');
  const done = await connectRecipients({ ...ways, log: [log] }, quiet);
  assert.deepEqual(
    done.means.map(({ by }) => by),
    ['list'],
  );
  assert.equal(await send(postfix, 'joe@virtual.test', 'joe'), 250);
  assert.equal(await send(postfix, 'ann@virtual.test', 'ann'), 550);
  await dovecot.addUsers({ 'ann@virtual.test': 'y' });
  await reloaded(postfix, async () => {
    const renewed = await connectRecipients({ ...ways, log: [log] }, quiet);
    assert.match(renewed.diff, /^\+ann@virtual\.test ok$/m);
  });
  assert.equal(await send(postfix, 'ann@virtual.test', 'ann2'), 250);
  await connectRecipients({ ...ways, undo: true }, quiet);
  assert.deepEqual(await readFile(join(configDir, 'main.cf')), was);
  await assert.rejects(readFile(join(configDir, 'postern-recipients-virtual')));
});

test('what cannot be proved is undone: a backend that takes every address', async () => {
  await using sink = await startSink();
  await using postfix = await startPostfix({
    sink: sink.port,
    settings: {
      mydestination: '',
      relay_domains: 'relayed.test',
      smtpd_reject_unlisted_recipient: 'no',
    },
  });
  const configDir = postfix.configDirectory;
  const was = await readFile(join(configDir, 'main.cf'));
  await assert.rejects(
    connectRecipients({ configDir, yes: true }, quiet),
    (error) => error instanceof OperatorError && error.code === 'not-connected',
  );
  assert.deepEqual(await readFile(join(configDir, 'main.cf')), was);
  await assert.rejects(readFile(join(configDir, 'before-postern-recipients.json')));
});

test('users of the system are a list of their own; other changes of main.cf stay', async () => {
  await using sink = await startSink();
  await using postfix = await startPostfix({
    sink: sink.port,
    settings: { local_transport: 'local', smtpd_reject_unlisted_recipient: 'no' },
  });
  const configDir = postfix.configDirectory;
  assert.equal(await send(postfix, 'nobody-of-that-name@mail.test', 'before'), 250);
  const found = await reflected(configDir);
  assert.ok(found.includes('fail reflection.local'), found.join());
  assert.ok(
    found.some((one) => one.startsWith('fail reflection.unlisted')),
    found.join(),
  );
  await connectRecipients({ configDir, yes: true, known: 'root@mail.test' }, quiet);
  assert.equal(await send(postfix, 'nobody-of-that-name@mail.test', 'after'), 550);
  await postfix.set({ message_size_limit: '20000000' });
  await connectRecipients({ configDir, yes: true, undo: true }, quiet);
  const main = await readFile(join(configDir, 'main.cf'), 'utf8');
  assert.match(main, /^message_size_limit ?= ?20000000$/m);
  assert.match(main, /^local_recipient_maps = *$/m);
  assert.match(main, /^smtpd_reject_unlisted_recipient = no$/m);
});
