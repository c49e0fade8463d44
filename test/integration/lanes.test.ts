/**
 * How providers treat us, end to end: a real Postfix delivers through a test DNS to receiving
 * servers that answer in the words of their providers. A hijacked account makes one slow us.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { people } from './guard-past.ts';
import { type GuardedServer, startGuardedServer } from './guarded-server.ts';
import { eventually } from './leash.ts';
import { onMachineOfItsOwn, onOwnMachine } from './own-machine.ts';
import {
  type ReceivingServers,
  startReceivingServers,
  throughDns,
  words,
} from './receiving-servers.ts';

const [writer = { account: '', friends: [] }, victim = { account: '', friends: [] }] = people(2);
let world: ReceivingServers;
let server: GuardedServer;

async function send(account: string, ...to: readonly string[]): Promise<void> {
  await using client = await server.login(account);
  const sent = await client.send({
    from: account,
    to,
    id: `id-${Math.random()}`,
    body: 'Hello.\n',
  });
  assert.equal(sent.stage, 'done', sent.reply.text);
}

function tests(): void {
  before(async () => {
    world = await startReceivingServers();
    server = await startGuardedServer({ people: [writer, victim], settings: throughDns });
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  test('the servers take mail, and refuse it in their own words', async () => {
    await send(writer.account, 'ann@gmail.com', 'bob@hotmail.com');
    await eventually('both take it', () => world.google.taken.length === 1 || undefined);
    world.microsoft.says = ({ stage }) => (stage === 'mail' ? words.microsoft.blocked : undefined);
    world.google.says = ({ stage }) => (stage === 'end' ? words.google.slowed : undefined);
    world.gmx.says = ({ stage }) => (stage === 'greeting' ? words.gmx.blocked : undefined);
    await send(writer.account, 'ann@gmail.com', 'bob@hotmail.com', 'eve@web.de');
    await server.postfix.logged(/relay=\S+outlook\.com\[.*status=bounced.*S3150/);
    await server.postfix.logged(/relay=\S+google\.com\[.*status=deferred.*gsmtp/);
    await server.postfix.logged(/emig\.gmx\.net\[.*refused to talk to me: 554-gmx\.net/);
  });
}

if (onOwnMachine) tests();
else onMachineOfItsOwn(import.meta.filename);
