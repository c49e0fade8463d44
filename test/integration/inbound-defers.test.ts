/**
 * Incoming mail that is put off with a 451, by the milter and by the policy door: a real Postfix
 * sends it, tries again, and each message arrives once. When the guard is away, the policy door
 * holds nothing up.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { DeferredRow } from '../../src/ports/inbound/inbound.ts';
import { type DeferringReceiver, startDeferringReceiver } from './deferring-receiver.ts';
import { mustBeRoot } from './dovecot-instance.ts';
import { eventually } from './leash.ts';
import { startPostfix } from './postfix-instance.ts';
import { connectSmtp, type Reply } from './smtp-client.ts';

/** It has no name, and SPF forbids it to send: so it waits, for the least time. */
const stranger = '127.0.3.6';

const scope = new AsyncDisposableStack();
let receiver: DeferringReceiver;

before(async () => {
  mustBeRoot();
  receiver = scope.use(await startDeferringReceiver('data'));
});
after(() => scope.disposeAsync());

test('a real Postfix tries again, and its message arrives once', { timeout: 400_000 }, async () => {
  const { guard, postfix, sink } = receiver;
  await using sender = await startPostfix({
    sink: postfix.ports.smtp,
    settings: { smtp_bind_address: stranger, myhostname: 'mail.far.test' },
  });
  await sender.sendmail({ from: 'a@far.test', to: ['ann@mail.test'], id: 'again' });
  const putOff = /451 4\.7\.1 Not known here yet; please try again in (\d+)/;
  const [, minutes] = await sender.logged(putOff);
  const times = (id: string): number => sink.deliveries.filter((one) => one.id === id).length;
  assert.equal(times('again'), 0);
  assert.ok(Number(minutes) >= 1);
  const rows = await eventually('the row', async () => {
    const found = await guard.json<readonly DeferredRow[]>('/api/inbound/at-risk?all=true');
    return found.length > 0 ? found : undefined;
  });
  assert.deepEqual(await guard.json('/api/inbound/at-risk'), [], 'it may still come in time');
  assert.deepEqual(
    rows.map(({ sender: from, recipient }) => [from, recipient]),
    [['a@far.test', 'ann@mail.test']],
  );
  // It tries each few seconds, which does not make the time longer.
  await eventually('the message', async () => times('again') > 0 || undefined, {
    timeoutMs: (Number(minutes) + 1) * 60_000,
  });
  await sender.logged(/status=sent/);
  assert.equal(times('again'), 1);
  await sender.sendmail({ from: 'b@far.test', to: ['joe@mail.test'], id: 'next' });
  await sink.until(() => times('next') > 0, 'at once');
  // It is written within seconds.
  await eventually('nothing is at risk', async () => {
    const left = await guard.json<readonly DeferredRow[]>('/api/inbound/at-risk?all=true');
    return left.length === 0 || undefined;
  });
});

test('the policy door says the same at RCPT; without the guard nothing is held up', async () => {
  await using other = await startDeferringReceiver('rcpt');
  const rcpt = async (): Promise<Reply> => {
    await using smtp = await connectSmtp(other.postfix.ports.smtp, { localAddress: stranger });
    await smtp.command('MAIL FROM:<a@far.test>');
    return await smtp.command('RCPT TO:<ann@mail.test>');
  };
  const first = await rcpt();
  assert.deepEqual([first.code, /4\.7\.1 .*Not known here yet/.test(first.text)], [451, true]);
  assert.equal((await rcpt()).code, 451);
  other.guard.kill('SIGKILL');
  await other.guard.ended;
  assert.equal((await rcpt()).code, 250);
});
