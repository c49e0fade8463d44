/**
 * The policy door of a running guard is asked for recipients without an end, in the name of a login
 * and from a network of a thief. From there the login gets 451 at once, through a real Postfix too.
 * Its owner, from another network, sends as always.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { inet } from './guard-instance.ts';
import { people } from './guard-past.ts';
import { type GuardedServer, startGuardedServer } from './guarded-server.ts';

const everybody = people(1);
const [owner = { account: '', friends: [] }] = everybody;
const budget = 10_000;
const inMessage = 1_000;
const thief = '127.66.1.1';
let server: GuardedServer;

before(async () => {
  const config = '[ceilings]\naccount_recipients_per_hour = 20000\n';
  server = await startGuardedServer({ people: everybody, config });
});
after(() => server?.[Symbol.asyncDispose]());

/** Asks about this many recipients, in messages that never come to DATA; the answers. */
async function ask(recipients: number): Promise<readonly string[]> {
  const socket = connect(inet(server.guard.doors.policy));
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  const closed = once(socket, 'close');
  for (let nth = 0; nth < recipients; nth++) {
    socket.write(
      'request=smtpd_access_policy\nprotocol_state=RCPT\nqueue_id=\nsender=\n' +
        `instance=asked.${Math.floor(nth / inMessage)}\nsasl_username=${owner.account}\n` +
        `client_address=${thief}\nrecipient=nobody${nth}@strangers.test\n\n`,
    );
    if (nth % 100 === 99) while (text.split('\n\n').length <= nth) await once(socket, 'data');
  }
  socket.end();
  await closed;
  return text.split('\n\n').slice(0, -1);
}

test('recipients asked for without a message have a budget for login and network', async () => {
  const answers = await ask(2 * budget);
  assert.equal(answers.length, 2 * budget);
  // What was asked for fades as time passes, and a message that is begun may go on.
  const passed = answers.filter((one) => one === 'action=DUNNO').length;
  assert.ok(passed >= budget && passed <= 1.5 * budget, `${passed}`);
  assert.match(answers.at(-1) ?? '', /^action=451 4\.7\.1 Too many recipients without a message/);
  const line = await server.guard.logged('recipients.budget');
  assert.deepEqual([line['account'], line['network']], [owner.account, '127.66.1.0/24']);
  assert.ok((await server.guard.metric('postern_policy_waits_total{reason="budget"}')) > 0);
  assert.deepEqual((await server.guard.health()).why, []);

  const message = { from: owner.account, to: owner.friends.slice(0, 2), body: 'Hello.\n' };
  await using stranger = await server.login(owner.account, '127.66.1.99');
  const refused = await stranger.send({ ...message, id: 'thief' });
  assert.deepEqual([refused.stage, refused.refused[0]?.reply.code], ['rcpt', 451]);
  await using client = await server.login(owner.account);
  assert.equal((await client.send({ ...message, id: 'owner' })).stage, 'done');
});
