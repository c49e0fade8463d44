/**
 * 2,000 odd messages through a real Postfix that asks us to sign them (RSA and Ed25519): what
 * smtp(8) then sends is verified by programs of others. What they would see of a mistake of ours is
 * what a receiver sees.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { messageFolder } from './dkim-verifiers.ts';
import { openDkimVerify } from './opendkim-verify.ts';
import { type PostedMessage, postedMessage } from './posted-messages.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { openSigningDoor, type SigningDoor } from './signing-door.ts';
import { connectSmtp } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const domains = ['one.test', 'two.test'];
const messages = 2_000;
const connections = 10;

const scope = new AsyncDisposableStack();
let sink: Sink;
let door: SigningDoor;
let postfix: PostfixInstance;

before(async () => {
  sink = scope.use(await startSink({ keepMessages: true }));
  door = scope.use(await openSigningDoor(domains));
  postfix = scope.use(
    await startPostfix({
      sink: sink.port,
      settings: { smtpd_milters: door.address, message_size_limit: '0', mailbox_size_limit: '0' },
    }),
  );
});
after(() => scope.disposeAsync());

async function sendAll(list: readonly PostedMessage[]): Promise<void> {
  let next = 0;
  const line = async (): Promise<void> => {
    await using client = await connectSmtp(postfix.ports.smtp);
    for (let one = list[next++]; one !== undefined; one = list[next++]) {
      const reply = await client.sendOctets({
        ...one,
        from: `joe@${one.domain}`,
        to: 'ann@world.test',
        mailArguments: one.utf8 ? 'BODY=8BITMIME SMTPUTF8' : 'BODY=8BITMIME',
      });
      assert.equal(reply.code, 250, `${one.name}: ${reply.text}`);
    }
  };
  await Promise.all(Array.from({ length: connections }, line));
}

/**
 * Without one of its signatures, which the others do not cover: OpenDKIM tells of the first only.
 */
function withoutSignature(message: string, selector: string): string {
  const pattern = /^DKIM-Signature:[^\r]*(?:\r\n[ \t][^\r]*)*\r\n/gm;
  return message.replace(pattern, (field) => (field.includes(` s=${selector};`) ? '' : field));
}

type Received = ReadonlyMap<string, Buffer>;

/** Every opinion that is not what it must be, in words. */
async function faults(received: Received): Promise<readonly string[]> {
  await using folder = await messageFolder();
  for (const [name, message] of received) await folder.put(`${name}.eml`, message);
  const edOnly = new Map<string, Buffer>();
  for (const [name, message] of received) {
    const text = withoutSignature(message.toString('latin1'), 'rsa1');
    edOnly.set(name, Buffer.from(text, 'latin1'));
  }
  const [perl, python, opendkim] = await Promise.all([
    folder.verify('Mail::DKIM', door.records),
    folder.verify('dkimpy', door.records),
    openDkimVerify(edOnly, door.records),
  ]);
  return [...received.keys()].flatMap((name) => {
    const file = `${name}.eml`;
    // Signatures that were there before are none of ours.
    const ours = <Found extends { readonly domain: string }>(found: readonly Found[] = []) =>
      found.filter(({ domain }) => domains.includes(domain));
    const third = opendkim.get(name);
    const said = [
      // Mail::DKIM knows no Ed25519.
      ...ours(perl.get(file)).filter(({ selector }) => selector === 'rsa1'),
      ...ours(python.get(file)),
      ...ours(third === undefined ? [] : [third]),
    ].map(({ selector, result }) => `${selector} ${result}`);
    const wanted = ['rsa1 pass', 'ed1 pass', 'rsa1 pass', 'ed1 pass'];
    const right = said.toSorted().join() === wanted.toSorted().join();
    return right ? [] : [`${name}: ${said.join(', ')}`];
  });
}

function came(): Received {
  return new Map(sink.deliveries.map(({ id, message }) => [id, Buffer.from(message, 'latin1')]));
}

test(`${messages} messages, each verified as it was sent`, async () => {
  const list = Array.from({ length: messages }, (_, number) => postedMessage(number, domains));
  await sendAll(list);
  await sink.until(() => sink.deliveries.length >= messages, `${messages} messages`);
  const received = came();
  assert.deepEqual([...received.keys()].sort(), list.map(({ name }) => name).sort());
  const found = await faults(received);
  assert.deepEqual(found.slice(0, 40), [], `${found.length} faults`);
  assert.equal(door.counted.get('postern_signing_total signed'), messages);
  assert.deepEqual(door.logged, []);
});

test('10 MB on one line', async () => {
  const name = 'ten-megabytes';
  const line = 'all on one line, with spaces  and \u00e4 '.repeat(300_000).slice(0, 10_000_000);
  const text = `From: joe@one.test\r\nX-Test-Id: ${name}\r\n\r\n${line}\r\n`;
  const [domain = ''] = domains;
  await sendAll([{ name, domain, text, utf8: false, chunked: false }]);
  await sink.until(() => sink.recipients(name).length > 0, name, 60_000);
  const found = await faults(new Map([...came()].filter(([id]) => id === name)));
  assert.deepEqual(found, []);
});
