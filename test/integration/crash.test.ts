/**
 * The guard killed with kill -9 in the middle of traffic, several times, at moments from a printed
 * seed (SEED=n plays them again), and started again on the same ports: nothing that was taken is
 * missing, a suspension survives, its notices arrive, and the ledger opens clean.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HeldRow, IncidentRow } from '../../src/ports/ledger.ts';
import { type Dice, dice, seedOfThisRun } from '../ledger/dice.ts';
import { fixedDoors } from './guard-instance.ts';
import { people } from './guard-past.ts';
import {
  type GuardedServer,
  Outgoing,
  operatorAddress,
  startGuardedServer,
} from './guarded-server.ts';
import { eventually } from './leash.ts';

const kills = 6;
const everybody = people(10);
const writers = everybody.slice(0, 8);
const [early, late] = everybody.slice(8);
let server: GuardedServer;
let outgoing: Outgoing;
const seed = seedOfThisRun();
const chance: Dice = dice(seed);

before(async () => {
  console.log(`# SEED=${seed}`);
  server = await startGuardedServer({ people: everybody, guard: { words: await fixedDoors() } });
  outgoing = new Outgoing(server);
});
after(() => server?.[Symbol.asyncDispose]());

/**
 * Ends it at once and starts it again in its place; answers with the milliseconds until it is
 * ready.
 */
async function killAndStart(): Promise<number> {
  const began = performance.now();
  server.guard.kill('SIGKILL');
  await server.guard.ended;
  server.guard = await server.startGuard();
  return performance.now() - began;
}

/**
 * Sends one message until it is taken or refused for good; answers with how often it was told to
 * come again.
 */
async function sendUntilTaken(account: string, to: string, id: string): Promise<number> {
  const until = performance.now() + 120_000;
  for (let tries = 0; performance.now() < until; tries++) {
    try {
      await using client = await server.login(account);
      const body = `Message ${id} of ${account}\n`;
      const sent = await outgoing.send(client, { from: account, to: [to], id, body });
      if (sent.stage === 'done') return tries;
      if (sent.reply.code >= 500) throw new Error(`refused: ${sent.reply.text}`);
    } catch (error) {
      // 421 while the guard is away; whatever else it was, the message was not taken.
      if (String(error).includes('refused')) throw error;
    }
    await sleep(100);
  }
  throw new Error(`${id} was never taken`);
}

/**
 * One stranger after the other, from eight networks, until the account is refused at RCPT;
 * answers with the reply's code.
 */
async function hijack(account: string, more: () => boolean): Promise<number | undefined> {
  for (let nth = 0; nth < 2_000 && more(); nth++) {
    try {
      await using client = await server.login(account, `127.66.${nth % 8}.1`);
      if (client.login?.code === 535) return 535;
      const id = `spam-${account}-${nth}`;
      const to = [`s${nth}.${account.slice(0, 5)}@strangers.test`];
      const sent = await outgoing.send(client, { from: account, to, id });
      const { code, text } = sent.reply;
      if (sent.stage === 'rcpt' && text.includes('being checked')) return code;
    } catch {
      // The guard is away just now.
    }
  }
  return undefined;
}

async function assertEachOnce(): Promise<void> {
  const places = await outgoing.settled();
  const lost = places.filter((one) => one.places.length === 0);
  assert.deepEqual(lost, []);
  const twice = places.filter((one) => one.places.length > 1);
  assert.deepEqual(twice, []);
}

const incidentsOf = async (account: string): Promise<readonly IncidentRow[]> =>
  (await server.guard.json<{ incidents: readonly IncidentRow[] }>(`/api/accounts/${account}`))
    .incidents;

test('killed in the middle of traffic: whatever was taken is there, once', {
  timeout: 300_000,
}, async () => {
  let running = true;
  let again = 0;
  let messages = 0;
  const honest = Promise.all(
    writers.map(async ({ account, friends }, writer) => {
      for (let nth = 0; running || nth === 0; nth++) {
        const to = friends[nth % friends.length] ?? '';
        again += await sendUntilTaken(account, to, `honest-${writer}-${nth}`);
        messages++;
        // An ordinary pace, so that it is the kills that are tested.
        await sleep(150 + chance.below(200));
      }
    }),
  );
  const thief = hijack(early?.account ?? '', () => running);
  let slowest = 0;
  for (let kill = 0; kill < kills; kill++) {
    await sleep(200 + chance.below(1_500));
    slowest = Math.max(slowest, await killAndStart());
  }
  await sleep(500);
  running = false;
  await Promise.all([honest, thief]);
  await assertEachOnce();
  const places = await outgoing.whereabouts();
  const stopped = places.filter(
    ({ id, places: [place] }) => /^honest/.test(id) && place === 'hold',
  );
  assert.deepEqual(stopped, [], 'a restart makes no suspect of anybody');
  console.log(
    `# ${kills} kills: ${messages} honest messages, ${again} of them had to come again, ` +
      `each delivered once; ready again after ${Math.round(slowest)} ms at most`,
  );
  await eventually('whatever is on hold is known to the guard', async () => {
    const queue = await server.postfix.queue();
    const held = await server.guard.json<readonly HeldRow[]>('/api/held?state=held&limit=1000');
    const known = new Set(held.map(({ queueId }) => queueId));
    return queue.every((one) => one.queue_name !== 'hold' || known.has(one.queue_id));
  });
});

test('a suspension that a client was told of survives kill -9', { timeout: 180_000 }, async () => {
  const account = late?.account ?? '';
  const code = await hijack(account, () => true);
  assert.ok(code === 451 || code === 535, `refused with ${code}`);
  await killAndStart();
  const [incident] = await incidentsOf(account);
  assert.equal(incident?.account, account);
  assert.equal(incident.endedAt, undefined);
  await eventually('the login is closed', async () => (await incidentsOf(account))[0]?.loginClosed);
  await using client = await server.login(account);
  assert.equal(client.login?.code, 535);
  const { webhook, sink } = server;
  // One that was sent right before the kill, and not yet written down as sent, comes again.
  const comes = 2;
  const told = (): readonly string[] =>
    webhook.of('account.suspended', account).map(({ id }) => id);
  const mailed = (): readonly (string | undefined)[] =>
    sink.deliveries
      .filter(({ to, headers }) => {
        return to.includes(operatorAddress) && headers.includes(`${account} suspended`);
      })
      .map(({ headers }) => /^Message-ID: <postern-notice\.([^@>]+)@/im.exec(headers)?.[1]);
  await eventually('both channels send notices', () => told().length > 0 && mailed().length > 0, {
    timeoutMs: 60_000,
  });
  const due = Date.now() + 3_000;
  await eventually('more of them', () => Date.now() > due);
  for (const ids of [told(), mailed()]) {
    assert.ok(ids.length <= comes, `${ids.length} times`);
    assert.deepEqual([...new Set(ids)], [told()[0]]);
  }
  await assertEachOnce();
});

test('every incident of the run was told, and the ledger is sound', async () => {
  const { webhook } = server;
  const incidents = await incidentsOf(early?.account ?? '');
  for (const { id } of incidents) {
    await eventually(`notice ${id}`, () => webhook.notices.some((notice) => notice.id === id));
  }
  const ids = webhook.notices.map(({ id }) => id);
  console.log(`# ${ids.length} notices by webhook, ${new Set(ids).size} different`);
  server.guard.kill('SIGKILL');
  await server.guard.ended;
  const ledger = new DatabaseSync(join(server.state, 'ledger.db'));
  assert.deepEqual(
    { ...ledger.prepare('PRAGMA integrity_check').get() },
    { integrity_check: 'ok' },
  );
  ledger.close();
  server.guard = await server.startGuard();
  const log = await server.guard.log();
  const faults = log.filter(({ level, event }) => level === 'error' && event.startsWith('ledger.'));
  assert.deepEqual(faults, []);
});
