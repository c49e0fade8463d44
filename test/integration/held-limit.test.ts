/**
 * Held mail of a suspended account on a real Postfix, counted to the message: 100 are held and the
 * next is 451, over a restart of the guard; a size limit; a release delivers each once; and once a
 * person says that it was a hijack, the answer is 550.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AccountView, StatusView } from '../../src/ports/admin.ts';
import type { HeldRow } from '../../src/ports/ledger.ts';
import { type DovecotInstance, startDovecot } from './dovecot-instance.ts';
import { fixedDoors, type GuardInstance, startGuard } from './guard-instance.ts';
import { connectPostfix } from './guarded-server.ts';
import { eventually } from './leash.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { connectSmtp, type Reply, type SmtpClient } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const joe = 'joe@example.test';
const ann = 'ann@example.test';
const password = 'secret';
/** No login is closed here: what the mail itself is answered is what counts. */
const config = `
mode = "guard"
host = "mail.test"
contact = "the help desk, phone 123"
[suspension]
held_messages_max = 100
held_megabytes_max = 1
`;

const scope = new AsyncDisposableStack();
let state: string;
let sink: Sink;
let dovecot: DovecotInstance;
let postfix: PostfixInstance;
let guard: GuardInstance;
/** The doors stay where they are over a restart. */
let words: readonly string[];

before(async () => {
  state = mkdtempSync(join(tmpdir(), 'phl-'));
  scope.defer(() => rmSync(state, { recursive: true, force: true }));
  sink = scope.use(await startSink());
  dovecot = scope.use(await startDovecot({ users: { [joe]: password, [ann]: password } }));
  const saslSocket = dovecot.authSocket;
  postfix = scope.use(await startPostfix({ sink: sink.port, saslSocket }));
  words = await fixedDoors();
  guard = await startGuard({ state, config, words });
  scope.defer(() => guard[Symbol.asyncDispose]());
  await connectPostfix({ guard, postfix });
});
after(() => scope.disposeAsync());

const login = (user: string): Promise<SmtpClient> =>
  connectSmtp(postfix.ports.submission, { user, password });
const held = (account: string): Promise<readonly HeldRow[]> =>
  guard.json(`/api/held?state=held&limit=1000&account=${account}`);

/** Sends messages `from` to `to`; answers with the reply to each. */
async function sent(user: string, from: number, to: number): Promise<readonly Reply[]> {
  await using client = await login(user);
  const replies: Reply[] = [];
  for (let nth = from; nth <= to; nth++) {
    const id = `${user}-${nth}`;
    const { reply } = await client.send({ from: user, to: [`friend${nth}@world.test`], id });
    replies.push(reply);
  }
  return replies;
}

/** All that was delivered, but for the message by which `connect` proves itself. */
const delivered = (): readonly unknown[] =>
  sink.deliveries.filter(({ headers }) => !headers.includes('<postern-verify.'));

async function restartGuard(): Promise<void> {
  guard.kill('SIGKILL');
  await guard.ended;
  guard = await startGuard({ state, config, words });
}

test('1 to 100 are held, the 101st is 451, before and after a kill', {
  timeout: 180_000,
}, async () => {
  await guard.cli('accounts', 'suspend', '--unknown', joe);
  const first = await sent(joe, 1, 60);
  assert.deepEqual([...new Set(first.map(({ code }) => code))], [250]);
  await restartGuard();
  const rest = await sent(joe, 61, 103);
  assert.deepEqual(
    rest.map(({ code }) => code),
    [...Array.from({ length: 40 }, () => 250), 451, 451, 451],
  );
  for (const { text } of rest.slice(40)) {
    assert.match(text, /^4\.7\.1 .*being checked.*contact the help desk, phone 123/);
  }
  const rows = await held(joe);
  assert.equal(rows.length, 100);
  assert.deepEqual(await postfix.onHold(), rows.map(({ queueId }) => queueId).sort());
  await restartGuard();
  assert.deepEqual(
    (await sent(joe, 104, 104)).map(({ code }) => code),
    [451],
  );
  const status = await guard.json<StatusView>('/api/status');
  assert.deepEqual(
    status.heldMost.map(({ account, messages }) => [account, messages]),
    [[joe, 100]],
  );
  assert.match(await guard.cli('status'), /joe@example\.test: 100 of at most 100 .*full/);
  const shown = await guard.cli('accounts', 'show', joe);
  assert.match(shown, /100 of at most 100 messages held .*answered with 451/);
  assert.match(shown, /accounts suspend joe@example\.test --hijacked/);
  assert.deepEqual(delivered(), [], 'nothing left, and nobody was sent a report');
});

test('released: each of the 100 arrives, none twice, and there is room again', async () => {
  await guard.cli('accounts', 'release', joe, '--false-alarm');
  await eventually('all are delivered', () => delivered().length >= 100, {
    timeoutMs: 60_000,
  });
  const ids = Array.from({ length: 100 }, (_, nth) => `${joe}-${nth + 1}`);
  for (const [nth, id] of ids.entries()) {
    assert.deepEqual(sink.recipients(id), [`friend${nth + 1}@world.test`], id);
  }
  assert.equal(delivered().length, 100);
  assert.deepEqual([await postfix.onHold(), await held(joe)], [[], []]);
  assert.deepEqual(
    (await sent(joe, 201, 201)).map(({ code }) => code),
    [250],
  );
  await sink.until(() => sink.recipients(`${joe}-201`).length === 1, 'the last one');
});

test('the size counts too, as Postfix counts it; what is dropped makes room', async () => {
  await guard.cli('accounts', 'suspend', '--unknown', ann);
  await using client = await login(ann);
  const text = `Subject: large\r\n\r\n${'All work and no play.\r\n'.repeat(13_000)}`;
  const send = async (): Promise<number> => {
    const mailArguments = `SIZE=${text.length}`;
    return (await client.sendOctets({ from: ann, to: 'x@world.test', mailArguments, text })).code;
  };
  assert.deepEqual([await send(), await send(), await send()], [250, 250, 250]);
  assert.equal(await send(), 451, 'four times 300 KB are more than 1 MB');
  const rows = await held(ann);
  assert.equal(rows.length, 3);
  const queued = new Map((await postfix.queue()).map((one) => [one.queue_id, one]));
  assert.deepEqual([...queued.keys()].sort(), rows.map(({ queueId }) => queueId).sort());
  await guard.cli('held', 'drop', rows[0]?.queueId ?? '', '--yes');
  assert.equal(await send(), 250);
  assert.equal((await held(ann)).length, 3);
});

test('called hijacked: 550 at once, what is held stays, and a release undoes it', async () => {
  const said = await guard.cli(
    'accounts',
    'suspend',
    '--unknown',
    ann,
    '--hijacked',
    '--note',
    'she called',
  );
  assert.match(said, /was hijacked: its mail is refused from now on; 3 of its messages are held/);
  const [refused] = await sent(ann, 1, 1);
  assert.equal(refused?.code, 550);
  assert.match(refused?.text ?? '', /contact the help desk, phone 123/);
  assert.equal((await held(ann)).length, 3);
  const { account } = await guard.json<{ account: AccountView }>(`/api/accounts/${ann}`);
  assert.notEqual(account.hijackedAt, undefined);
  await guard.cli('accounts', 'release', ann, '--keep-held');
  assert.equal((await sent(ann, 2, 2))[0]?.code, 250);
  assert.equal((await held(ann)).length, 3);
});
