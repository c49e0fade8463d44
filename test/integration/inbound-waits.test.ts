/**
 * Mail that comes in through a real Postfix, with a real SpamAssassin: unknown and suspicious mail
 * waits in the hold queue and leaves once, also when the guard is killed meanwhile; what turns out
 * to be spam is kept in quarantine; what content alone shows to be spam gets the field for Junk at
 * once; and honest mail is not touched.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { DnsRecord } from '../../src/formats/dns/record.ts';
import type { InboundRow } from '../../src/ports/inbound/inbound.ts';
import { openScriptedDns, type ScriptedDns } from '../doubles/dns-server.ts';
import { mustBeRoot } from './dovecot-instance.ts';
import { fixedDoors, type GuardInstance, startGuard } from './guard-instance.ts';
import { connectPostfix } from './guarded-server.ts';
import {
  friend,
  friendZone,
  type InboundMessage,
  inboundSettings,
  sendAs,
  stranger,
} from './inbound-mail.ts';
import { eventually } from './leash.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { startSpamd } from './scanner-instances.ts';
import type { Sent } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const other = '127.0.3.7';
/** What SpamAssassin is told to call spam, and what to call nearly spam. */
const rules = [
  'body TEST_SPAM /buy-this-now/',
  'score TEST_SPAM 20',
  'body TEST_HALF /have-a-look/',
  'score TEST_HALF 1.5',
];

/** The address of another stranger gets onto a list of spam senders. */
const listed: DnsRecord = {
  name: '7.3.0.127.bl.test',
  ttlSeconds: 0,
  type: 'A',
  address: '127.0.0.2',
};

const scope = new AsyncDisposableStack();
let dns: ScriptedDns;
let sink: Sink;
let postfix: PostfixInstance;
let guard: GuardInstance;
let restart: () => Promise<void>;

before(async () => {
  mustBeRoot();
  dns = scope.use(await openScriptedDns(friendZone));
  sink = scope.use(await startSink({ keepBodies: true }));
  const spamd = scope.use(await startSpamd(2, rules));
  postfix = scope.use(await startPostfix({ sink: sink.port }));
  const state = mkdtempSync(join(tmpdir(), 'piw-'));
  scope.defer(() => rmSync(state, { recursive: true, force: true }));
  const words = await fixedDoors();
  const config = inboundSettings(dns, {
    scan: `spamassassin = "${spamd.address}"`,
    inbound: 'stance = "auto"\nwait = "3s"\ndnsbl = ["bl.test"]',
  });
  const start = async (): Promise<void> => {
    guard = await startGuard({ state, config, words });
  };
  restart = start;
  await start();
  scope.defer(() => guard[Symbol.asyncDispose]());
  await connectPostfix({ guard, postfix });
});
after(() => scope.disposeAsync());

const sent = (client: string, message: InboundMessage): Promise<Sent> =>
  sendAs(client, postfix, message);

const headersOf = (id: string): string =>
  sink.deliveries.find((one) => one.id === id)?.headers ?? '';
const times = (id: string): number => sink.deliveries.filter((one) => one.id === id).length;
const arrived = (id: string): Promise<void> => sink.until(() => times(id) > 0, id);
const rows = (state: string): Promise<readonly InboundRow[]> =>
  guard.json(`/api/inbound?state=${state}&limit=100`);
/** It came into the hold queue; it may have left again since. */
const wasHeld = (queueId: string): Promise<unknown> =>
  postfix.logged(new RegExp(`${queueId}: milter-hold`));

test('unknown and suspicious mail waits in the hold queue, then leaves once', async () => {
  const { queueId, reply } = await sent(stranger, { id: 'waits' });
  assert.equal(reply.code, 250);
  await wasHeld(queueId);
  const { recipients } = await guard.json<InboundRow>(`/api/inbound/message/${queueId}`);
  assert.deepEqual(recipients, ['ann@mail.test']);
  await arrived('waits');
  assert.match(headersOf('waits'), /^X-Postern-Inbound: wait; points=/m);
  await eventually('the row', async () => (await rows('released'))[0]);
  assert.deepEqual([await postfix.onHold(), times('waits')], [[], 1]);
});

test('honest mail of a first-seen domain is delivered at once', async () => {
  await sent(friend, { id: 'honest' });
  await arrived('honest');
  assert.deepEqual(await rows('waiting'), []);
});

test('what content alone shows to be spam gets the field for Junk at once', async () => {
  await sent(stranger, { id: 'junk', body: 'You must buy-this-now.\r\n' });
  await arrived('junk');
  assert.match(headersOf('junk'), /^X-Spam: Yes\r$/m);
  assert.match(headersOf('junk'), /^X-Spam-Flag: YES\r$/m);
  await eventually('the row', async () => (await rows('junk'))[0]);
});

test('killed while mail waits: each message leaves exactly once', async () => {
  const ids = ['k1', 'k2', 'k3'];
  const queueIds: string[] = [];
  for (const id of ids) {
    queueIds.push((await sent(stranger, { id, from: `${id}@shop${id}.example` })).queueId);
  }
  guard.kill('SIGKILL');
  await guard.ended;
  await restart();
  for (const id of queueIds) await wasHeld(id);
  for (const id of ids) await arrived(id);
  await eventually('three rows', async () =>
    (await rows('released')).length >= 4 ? true : undefined,
  );
  assert.deepEqual([await postfix.onHold(), ids.map(times)], [[], [1, 1, 1]]);
});

test('what is spam by then stays in quarantine; a release delivers it once', async () => {
  const { queueId } = await sent(other, {
    id: 'late',
    from: 'a@other.example',
    body: 'Please have-a-look.\r\n',
  });
  dns.records = [...friendZone, listed];
  const detail = async (): Promise<string> => JSON.stringify(await guard.json('/api/inbound'));
  const found = async (): Promise<readonly InboundRow[] | undefined> => {
    const all = await rows('quarantined');
    return all.length > 0 ? all : undefined;
  };
  const [row] = await eventually('a quarantine', found, { detail });
  assert.deepEqual([row?.queueId, await postfix.onHold()], [queueId, [queueId]]);
  assert.match(await guard.cli('held', 'list'), new RegExp(queueId));
  guard.kill('SIGKILL');
  await guard.ended;
  await restart();
  assert.deepEqual(await postfix.onHold(), [queueId], 'it stays over a restart');
  await postfix.tool('postqueue', '-f');
  assert.equal(times('late'), 0);
  await release([queueId]);
  await arrived('late');
  assert.deepEqual([await postfix.onHold(), times('late')], [[], 1]);
  dns.records = friendZone;
});

async function release(ids: readonly string[]): Promise<void> {
  const answer = await fetch(new URL('/api/inbound/release', guard.doors.http), {
    method: 'POST',
    headers: { authorization: `Bearer ${guard.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ids }),
  });
  assert.equal(answer.status, 200, await answer.text());
}
