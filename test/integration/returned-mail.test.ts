/**
 * Real Postfix, Exim and OpenSMTPD return mail that we signed: our signature is found in each of
 * their notices, without any memory. Mail that somebody else signed is returned too, and proves
 * nothing.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SigningKey } from '../../src/formats/dkim/signing-key.ts';
import { newKey, returnsTo, returnsWith, signedHeader } from '../doubles/returns.ts';
import { eventually, freePort } from './leash.ts';
import {
  eximRelay,
  type OtherServers,
  onMachineWithOthers,
  otherServers,
} from './other-servers.ts';
import { onOwnMachine } from './own-machine.ts';
import { startPostfix } from './postfix-instance.ts';
import { connectSmtp } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const ours = newKey('ours.example', 's1');
const thief = newKey('ours.example', 's1');
const author = 'ann@ours.example';

/** Takes notices, and no other mail. */
const world = (): Promise<Sink> =>
  startSink({
    keepMessages: true,
    refuse: (to) => (to === author ? undefined : '550 5.1.1 no mailbox of that name'),
  });

const bodies = {
  short: 'Hello.\r\n',
  long: `${'A line of an ordinary message.\r\n'.repeat(4_000)}`,
};

/** Hands a signed message to a mail server, and answers with the notice. */
async function returned(
  port: number,
  sink: Sink,
  given: { readonly key: SigningKey; readonly id: string; readonly body: string },
): Promise<string> {
  const { body, id, key } = given;
  const header = await signedHeader(
    key,
    [
      ['From', `Ann <${author}>`],
      ['To', `${id}@there.example`],
      ['Subject', 'the figures  of\n\tthis month,\n =?utf-8?q?gr=C3=BC=C3=9Fe?='],
      ['Date', 'Mon, 02 Mar 2026 10:00:00 +0000'],
      ['Message-ID', `<${id}@ours.example>`],
      ['X-Test-Id', id],
    ],
    body,
  );
  await using client = await connectSmtp(port);
  const reply = await client.sendOctets({
    from: author,
    to: `${id}@there.example`,
    text: `${header.replaceAll('\n', '\r\n')}\r\n\r\n${body}`,
  });
  assert.equal(reply.code, 250, reply.text);
  const notice = () => sink.deliveries.find(({ message }) => message.includes(`<${id}@ours`));
  return (await eventually(`the notice about ${id}`, notice)).message;
}

async function proves(name: string, port: number, sink: Sink): Promise<void> {
  const returns = returnsWith(ours);
  for (const [size, body] of Object.entries(bodies)) {
    const mine = await returned(port, sink, { key: ours, id: `mine-${size}`, body });
    assert.deepEqual(
      await returns.proofOf(mine, [returnsTo]),
      { kind: 'report', proof: 'signature' },
      `${name}, ${size}`,
    );
    const forged = await returned(port, sink, { key: thief, id: `forged-${size}`, body });
    const { proof } = await returns.proofOf(forged, [returnsTo]);
    assert.equal(proof, 'unproven', `${name}, ${size}`);
  }
}

function outside(): void {
  test('Postfix returns mail that we signed', async () => {
    await using sink = await world();
    await using postfix = await startPostfix({ sink: sink.port });
    await proves('Postfix', postfix.ports.smtp, sink);
  });
  onMachineWithOthers(import.meta.filename);
}

function inside(servers: OtherServers): void {
  const skip = servers.missing === '' ? false : servers.missing;
  test('Exim returns mail that we signed', { skip }, async () => {
    await using sink = await world();
    const port = await freePort();
    const relay = { name: 'returns', port, words: ['-q10s'], ...eximRelay(sink.port) };
    using _ = await servers.exim(relay);
    await proves('Exim', port, sink);
  });
  test('OpenSMTPD returns mail that we signed', { skip }, async () => {
    await using sink = await world();
    const port = await freePort();
    const config = `listen on 127.0.0.1 port ${port} hostname mail.test
action "out" relay host smtp://127.0.0.1:${sink.port}
match from any for any action "out"
`;
    using _ = await servers.openSmtpd(config, { port });
    await proves('OpenSMTPD', port, sink);
  });
}

if (onOwnMachine) inside(otherServers());
else outside();
