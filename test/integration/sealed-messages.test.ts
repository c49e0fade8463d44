/**
 * Odd messages that come in through a real Postfix, are checked and sealed (ARC), and forwarded by
 * an alias: what smtp(8) then sends carries a chain that programs of others find good.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openMilter } from '../../src/doors/milter/server.ts';
import { openVerification } from '../../src/flow/inbound/message-verified.ts';
import { makeKeyPair, openPrivateKey } from '../../src/lib/private-key.ts';
import type { Millis } from '../../src/lib/time.ts';
import { acceptAll, plainPath } from '../doubles/path.ts';
import { quietWorld } from '../doubles/world.ts';
import { realTimers } from '../ledger/timers.ts';
import { others, verifyArcBy } from './arc-others.ts';
import { postedMessage } from './posted-messages.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { connectSmtp } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const messages = 200;
const scope = new AsyncDisposableStack();
const records: Record<string, string> = {};
const logged: string[] = [];
let sealed = 0;
let sink: Sink;
let postfix: PostfixInstance;

before(async () => {
  const opened = openPrivateKey(await makeKeyPair('rsa'));
  assert.ok(opened.ok);
  const { sign, publicKey } = opened.value;
  const domain = 'mx.test';
  records[`seal._domainkey.${domain}`] = `v=DKIM1; k=rsa; p=${publicKey}`;
  const common = {
    clock: { now: () => Date.now() as Millis },
    count: (name: string, by = 1, label = '') => {
      if (name === 'postern_inbound_sealed_total' && label === 'sealed') sealed += by;
    },
    log: (level: string, event: string, fields: unknown) => {
      if (level !== 'debug') logged.push(`${event} ${JSON.stringify(fields)}`);
    },
  };
  const reading = openVerification({
    world: quietWorld({ ...common, timers: realTimers }),
    resolve: async () => ({ kind: 'none', exists: false, secure: false }),
    isPublicSuffix: () => false,
    options: { authservId: domain, deadlineMs: 8_000, trusted: [] },
    observe: () => undefined,
    sealing: {
      domain,
      form: { lineLengthLimit: 998 },
      key: () => ({ domain, selector: 'seal', algorithm: 'rsa-sha256', sign }),
    },
  });
  const door = await openMilter(
    { host: '127.0.0.1', port: 0 },
    { ...common, path: plainPath(acceptAll, [reading]) },
  );
  scope.defer(() => door.close());
  sink = scope.use(await startSink({ keepMessages: true }));
  postfix = scope.use(
    await startPostfix({
      sink: sink.port,
      settings: {
        smtpd_milters: door.address,
        virtual_alias_maps: 'inline:{{ann@mail.test=ann@world.test}}',
      },
    }),
  );
});
after(() => scope.disposeAsync());

test(`${messages} messages, forwarded, each with a good chain`, async () => {
  const list = Array.from({ length: messages }, (_, number) => postedMessage(number, ['one.test']));
  await using client = await connectSmtp(postfix.ports.smtp, { localAddress: '127.0.0.5' });
  for (const one of list) {
    const reply = await client.sendOctets({
      ...one,
      from: 'joe@one.test',
      to: 'ann@mail.test',
      mailArguments: one.utf8 ? 'BODY=8BITMIME SMTPUTF8' : 'BODY=8BITMIME',
    });
    assert.equal(reply.code, 250, `${one.name}: ${reply.text}`);
  }
  await sink.until(() => sink.deliveries.length >= messages, `${messages} messages`);
  assert.deepEqual([...new Set(sink.deliveries.flatMap(({ to }) => to))], ['ann@world.test']);
  const received = new Map(
    sink.deliveries.map(({ id, message }) => [id, Buffer.from(message, 'latin1')]),
  );
  assert.equal(received.size, messages);
  for (const other of others) {
    const found = await verifyArcBy(other, received, records);
    const faults = [...found].filter(([, [result]]) => result !== 'pass');
    assert.deepEqual(faults.slice(0, 20), [], `${other}: ${faults.length} faults`);
    assert.equal(found.size, messages);
  }
  assert.equal(sealed, messages);
  assert.deepEqual(logged, []);
});
