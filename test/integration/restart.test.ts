/**
 * The guard restarted again and again under load, with sockets that stay open meanwhile as systemd
 * holds them: Postfix never has to answer 451, neither where users log in nor on port 25, and every
 * message that was taken with 250 is delivered or held. RESTARTS=n restarts it n times.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Dice, dice, seedOfThisRun } from '../ledger/dice.ts';
import { type DovecotInstance, startDovecot } from './dovecot-instance.ts';
import { type GuardInstance, startGuard } from './guard-instance.ts';
import { people, writePast } from './guard-past.ts';
import { type HeldSockets, holdSockets } from './held-sockets.ts';
import { eventually, freePort } from './leash.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { connectSmtp, type Reply } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const restarts = Number(process.env['RESTARTS'] ?? 20);
const password = 'secret';
const writers = people(6);
const seed = seedOfThisRun();
const chance: Dice = dice(seed);
let sink: Sink;
let dovecot: DovecotInstance;
let postfix: PostfixInstance;
let held: HeldSockets;
let guard: GuardInstance;
let state: string;
let http: string;

const toMilter = (name: string, more: string): string =>
  `{ unix:postern/${name}, ${more}, connect_timeout=60s, content_timeout=60s }`;

before(async () => {
  console.log(`# SEED=${seed}`);
  state = await mkdtemp(join(tmpdir(), 'prs-'));
  await writePast(state, writers);
  sink = await startSink();
  const users = Object.fromEntries(writers.map(({ account }) => [account, password]));
  dovecot = await startDovecot({ users });
  const milter = toMilter('milter', 'default_action=tempfail');
  const policy =
    'check_policy_service { unix:postern/policy, timeout=10s, try_limit=1, default_action=DUNNO }';
  postfix = await startPostfix({
    sink: sink.port,
    saslSocket: dovecot.authSocket,
    settings: { smtpd_milters: milter, non_smtpd_milters: milter },
    submission: { smtpd_recipient_restrictions: `${policy}, permit` },
    smtp: { smtpd_milters: toMilter('inbound', 'default_action=tempfail') },
  });
  const group = Number(execFileSync('id', ['-g', 'postfix'], { encoding: 'utf8' }));
  const paths = ['milter', 'inbound', 'policy'].map((name) =>
    join(postfix.dir, 'spool/postern', name),
  );
  held = holdSockets(paths, group);
  http = `inet:127.0.0.1:${await freePort()}`;
  guard = await start();
  // Nobody writes as much as these will; this test is not about how much is too much.
  for (const { account } of writers)
    await guard.cli('accounts', 'allow', '--unknown', account, '--until', '2d');
});
after(async () => {
  await guard?.[Symbol.asyncDispose]();
  held?.[Symbol.dispose]();
  await postfix?.[Symbol.asyncDispose]();
  await dovecot?.[Symbol.asyncDispose]();
  await sink?.[Symbol.asyncDispose]();
  await rm(state, { recursive: true, force: true });
});

function start(): Promise<GuardInstance> {
  const config = `mode = "guard"\n[doors]\nhttp = "${http}"\n[mail_log]\nsource = "off"\n`;
  return startGuard({
    state,
    config: `${config}[postfix]\nqueue = "off"\n`,
    words: [],
    sockets: held.fds,
  });
}

type Load = {
  readonly taken: string[];
  readonly bad: string[];
  stopped: boolean;
};

/** Sends session after session until the load is stopped; each with one to three messages. */
async function keepSending(load: Load, nth: number): Promise<void> {
  const account = writers[nth % writers.length]?.account ?? '';
  const isLogin = nth % 2 === 0;
  const port = isLogin ? postfix.ports.submission : postfix.ports.smtp;
  const note = (what: string, { code, text }: Reply): void => {
    if (code !== 250) load.bad.push(`${isLogin ? 'login' : 'port 25'} ${what}: ${code} ${text}`);
  };
  for (let session = 0; !load.stopped; session++) {
    await using client = await connectSmtp(port, isLogin ? { user: account, password } : {});
    for (let message = chance.below(3); message >= 0; message--) {
      const id = `r${nth}-${session}-${message}`;
      // Inbound mail is of anybody, for a recipient of this server.
      const from = isLogin ? account : 'somebody@world.test';
      const to = [isLogin ? 'friend@world.test' : `${account.split('@')[0]}@mail.test`];
      const sent = await client.send({ from, to, id });
      note(`${id} ${sent.stage}`, sent.reply);
      for (const { reply } of sent.refused) note(`${id} rcpt`, reply);
      if (sent.stage === 'done') load.taken.push(id);
      // A person pauses between messages; the guard may end meanwhile.
      if (message > 0) await sleep(chance.below(200));
    }
  }
}

test(`no 451 in ${restarts} restarts, and nothing is lost`, { timeout: 900_000 }, async () => {
  const load: Load = { taken: [], bad: [], stopped: false };
  const senders = Array.from({ length: 8 }, (_, nth) => keepSending(load, nth));
  try {
    for (let nth = 0; nth < restarts; nth++) {
      await sleep(chance.below(400));
      const before = load.taken.length;
      guard.kill('SIGTERM');
      assert.equal(await guard.ended, 0);
      guard = await start();
      await eventually('mail goes on', () => load.taken.length > before + 8 || undefined);
    }
  } finally {
    load.stopped = true;
  }
  await Promise.all(senders);
  console.log(`# ${load.taken.length} messages taken in ${restarts} restarts`);
  assert.deepEqual(load.bad.slice(0, 20), []);
  const missing = async (): Promise<readonly string[]> => {
    const queued = (await postfix.queue()).filter(({ queue_name }) => queue_name === 'hold');
    const isGone = load.taken.filter((id) => sink.recipients(id).length !== 1);
    return isGone.slice(queued.length);
  };
  await eventually('each is delivered once, or held', async () => {
    return (await missing()).length === 0 || undefined;
  });
  // The mail went through the guard: what it never saw would be delivered too.
  assert.ok((await guard.metric('postern_milter_sessions_total')) > 0);
});
