/**
 * The owner of an account gets mail, through a real Postfix, about a message from a client that is
 * new to the account. The message passes, and Postern's own mail counts for nobody.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { people } from './guard-past.ts';
import { startGuardedServer } from './guarded-server.ts';

const [owner = { account: '', friends: [] }] = people(1);
const { account, friends } = owner;

test('a new client is told to the owner once, and the mail comes without a sender', async () => {
  await using server = await startGuardedServer({
    people: [{ ...owner, traits: { auth: 'PLAIN', helo: 'laptop', mailer: 'Thunderbird 140.1' } }],
    notices: 'owners = true',
    keepMessages: true,
    settings: (sink) => ({
      virtual_mailbox_domains: 'example.test',
      virtual_transport: `maildrop:[127.0.0.1]:${sink}`,
    }),
  });
  const send = async (from: string, mailer: string, id: string): Promise<void> => {
    await using client = await server.login(account, from);
    const to = friends.slice(0, 1);
    const sent = await client.send({ from: account, to, id, headers: [`X-Mailer: ${mailer}`] });
    assert.equal(sent.stage, 'done', sent.reply.text);
  };
  const toOwner = () => server.sink.deliveries.filter(({ to }) => to.includes(account));
  await send('127.77.1.1', 'Mass Mailer 3', 'thief-1');
  await send('127.77.1.1', 'Mass Mailer 3', 'thief-2');
  await server.sink.until(() => toOwner().length > 0, 'the mail to the owner', 60_000);
  const [mail] = toOwner();
  assert.equal(mail?.from, '');
  assert.match(mail.headers, /^Subject: Was this you\? user0@example\.test/m);
  assert.match(mail.headers, /^Auto-Submitted: auto-generated$/m);
  assert.match(mail.message, /127\.77\.1\.0\/24/);
  assert.doesNotMatch(mail.message, /Mass Mailer/);
  for (const id of ['thief-1', 'thief-2']) {
    await server.sink.until(() => server.sink.recipients(id).length === 1, id);
  }
  assert.equal(toOwner().length, 1, 'once');
  assert.deepEqual(server.webhook.notices, [], 'the operator has other work');
  const shown = await server.guard.cli('accounts', 'show', account);
  assert.match(shown, /its mail passed: a network and a program that are new to it/);
  const accounts = await server.guard.cli('accounts', 'list');
  assert.doesNotMatch(accounts, /client:|local:<>/, 'the mail to the owner counts for no account');
});
