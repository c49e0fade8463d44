/**
 * The policy door of a real Postfix puts strangers off with a 451 at RCPT. When the guard is away,
 * it holds nothing up. What senders then do: inbound-senders.test.ts
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDeferringReceiver } from './deferring-receiver.ts';
import { eventually } from './leash.ts';
import { connectSmtp, type Reply } from './smtp-client.ts';

/** It has no name, and SPF forbids it to send: so it waits, for the least time. */
const stranger = '127.0.3.6';

test('the policy door says the same at RCPT; without the guard nothing is held up', async () => {
  await using other = await startDeferringReceiver('rcpt');
  const rcpt = async (): Promise<Reply> => {
    await using smtp = await connectSmtp(other.postfix.ports.smtp, { localAddress: stranger });
    await smtp.command('MAIL FROM:<a@far.test>');
    return await smtp.command('RCPT TO:<ann@mail.test>');
  };
  // At RCPT nobody waits longer than 3 s: where the answer takes longer, the recipient is taken.
  const putOff = async (): Promise<Reply | undefined> => {
    const began = performance.now();
    const said = await rcpt();
    assert.ok(said.code === 451 || performance.now() - began >= 3_000, 'taken without need');
    return said.code === 451 ? said : undefined;
  };
  const first = await eventually('it is put off', putOff);
  assert.match(first.text, /4\.7\.1 .*Not known here yet/);
  await eventually('the second time, too', putOff);
  other.guard.kill('SIGKILL');
  await other.guard.ended;
  assert.equal((await rcpt()).code, 250);
});
