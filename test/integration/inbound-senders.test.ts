/**
 * Postfix, Exim and OpenSMTPD send to a Postfix that puts strangers off: all try again, and each
 * message arrives once. All of them wait at the same time, because the least time is a minute.
 * Postfix and Exim try each few seconds, which makes the time no longer; OpenSMTPD has no such
 * setting, but a command.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeferredRow } from '../../src/ports/inbound/inbound.ts';
import { type DeferringReceiver, startDeferringReceiver } from './deferring-receiver.ts';
import { eventually, freePort } from './leash.ts';
import {
  eximRelay,
  type OtherServers,
  onMachineWithOthers,
  otherServers,
} from './other-servers.ts';
import { onOwnMachine } from './own-machine.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { connectSmtp } from './smtp-client.ts';

/** Each in a network of its own, because a network that came back is known. */
const addresses = { postfix: '127.0.3.6', exim: '127.0.4.6', smtpd: '127.0.5.6' };

function inside(servers: OtherServers): void {
  const others = servers.missing === '' ? (['exim', 'smtpd'] as const) : [];
  if (servers.missing !== '') {
    test('Exim and OpenSMTPD', { skip: servers.missing }, () => undefined);
  }
  test('senders try again, and each message arrives once', { timeout: 290_000 }, async () => {
    await using scope = new AsyncDisposableStack();
    const receiver = scope.use(await startDeferringReceiver('data'));
    const { guard, postfix, sink } = receiver;
    const to = postfix.ports.smtp;
    const sender = scope.use(
      await startPostfix({
        sink: to,
        settings: { smtp_bind_address: addresses.postfix, myhostname: 'mail.far.test' },
      }),
    );
    await sender.sendmail({ from: 'postfix@far.test', to: ['postfix@mail.test'], id: 'postfix' });
    for (const id of others) await sendFrom(id, servers, to, scope);
    const names: readonly string[] = [...others, 'postfix'].sort();

    const atRisk = (): Promise<readonly DeferredRow[]> =>
      guard.json('/api/inbound/at-risk?all=true');
    const rows = await eventually('all are put off', async () => {
      const found = await atRisk();
      return found.length === names.length ? found : undefined;
    });
    const who = rows.map(({ client, recipient, sender: from }) => [from, recipient, client]);
    assert.deepEqual(
      who.sort(),
      names.map((id) => [
        `${id}@far.test`,
        `${id}@mail.test`,
        addresses[id as keyof typeof addresses],
      ]),
    );
    await sender.logged(/451 4\.7\.1 Not known here yet; please try again in \d+ min/);
    // The mail by which `connect` shows that the guard is there has no id.
    const arrived = (): readonly string[] =>
      sink.deliveries
        .map(({ id }) => id)
        .filter((id) => id !== '')
        .sort();
    assert.deepEqual(arrived(), []);
    await eventually('all arrive', async () => arrived().length >= names.length || undefined, {
      timeoutMs: 200_000,
      detail: () => arrived().join(' '),
    });
    await nothingLeft(receiver, atRisk);
    await sender.logged(/status=sent/);
    assert.deepEqual(arrived(), names, 'once each');
    await knownBySuccess(sender, receiver);
  });
}

async function sendFrom(
  id: 'exim' | 'smtpd',
  servers: OtherServers,
  to: number,
  scope: AsyncDisposableStack,
): Promise<void> {
  const port = await freePort();
  const hostname = 'mail.far.test';
  const address = addresses[id];
  const more = `  interface = ${address}\nbegin retry\n* * F,1h,5s`;
  const config = `listen on 127.0.0.1 port ${port} hostname ${hostname}
action "out" relay host smtp://127.0.0.1:${to} src ${address}
match from any for any action "out"
`;
  const server = scope.use(
    id === 'exim'
      ? await servers.exim({ name: id, hostname, port, words: ['-q5s'], ...eximRelay(to, more) })
      : await servers.openSmtpd(config, { port }),
  );
  const tries = setInterval(() => server.tryAgain(), 5_000);
  scope.defer(() => clearInterval(tries));
  await using smtp = await connectSmtp(port);
  const message = { from: `${id}@far.test`, to: [`${id}@mail.test`], body: 'Hello.\r\n' };
  const { reply } = await smtp.send({ ...message, id });
  assert.equal(reply.code, 250, reply.text);
}

function nothingLeft(
  { postfix }: DeferringReceiver,
  atRisk: () => Promise<readonly DeferredRow[]>,
): Promise<true> {
  return eventually('nothing is left', async () => {
    return ((await atRisk()).length === 0 && (await postfix.queue()).length === 0) || undefined;
  });
}

/** After one success a network is known for all of its mail. */
async function knownBySuccess(
  sender: PostfixInstance,
  { guard, sink }: DeferringReceiver,
): Promise<void> {
  await sender.sendmail({ from: 'b@far.test', to: ['joe@mail.test'], id: 'next' });
  await sink.until(() => sink.deliveries.some(({ id }) => id === 'next'), 'at once');
  assert.deepEqual(await guard.json('/api/inbound/at-risk?all=true'), []);
}

if (onOwnMachine) inside(otherServers());
else onMachineWithOthers(import.meta.filename);
