/**
 * A guard whose ledger has noise in its pages, in front of a real Postfix and Dovecot: a hijack is
 * stopped with all its steps, /health and the operator's notices say what is wrong, and no message
 * that was taken is missing.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { damagePages, firstPages } from '../ledger/noise.ts';
import { fixedDoors } from './guard-instance.ts';
import { people } from './guard-past.ts';
import {
  type GuardedServer,
  Outgoing,
  operatorAddress,
  startGuardedServer,
} from './guarded-server.ts';
import { eventually } from './leash.ts';

type Pages = readonly (readonly [first: number, count: number])[];
/** The first pages of tables and indexes with these names. */
const of =
  (names: RegExp) =>
  (ledger: string): Pages =>
    firstPages(ledger).flatMap(([name, page]) => (names.test(name) ? [[page, 1]] : []));

/** What is damaged, each on top of the last; and the person whose account is hijacked then. */
const regions: readonly (readonly [what: string, pages: (ledger: string) => Pages])[] = [
  ['four pages from page 8 on', () => [[8, 4]]],
  ['held mail and incidents', of(/^(?:held|incident)$/)],
  ['notices, stories and the audit trail', of(/^(?:notice|story|audit)$/)],
  ['all indexes', of(/_by_|_open$|_passed$|_waiting$|autoindex/)],
  ['accounts and their recipients', of(/^(?:account|known)$/)],
];
const everybody = people(regions.length + 1);
const friendly = everybody.at(-1) ?? { account: '', friends: [] };
let server: GuardedServer;
let outgoing: Outgoing;

before(async () => {
  server = await startGuardedServer({ people: everybody, guard: { words: await fixedDoors() } });
  outgoing = new Outgoing(server);
  server.slow.on = true;
});
after(() => server?.[Symbol.asyncDispose]());

/** Ends the guard, damages its ledger, and starts it again. */
async function restartDamaged(pages: (ledger: string) => Pages): Promise<void> {
  const ledger = join(server.state, 'ledger.db');
  server.guard.kill('SIGTERM');
  await server.guard.ended;
  for (const [first, count] of pages(ledger)) damagePages(ledger, first, count);
  server.guard = await server.startGuard();
}

/**
 * Spam to strangers from eight networks until the account is refused; every second message waits in
 * the queue.
 */
async function hijack(account: string): Promise<void> {
  for (let nth = 0; nth < 80; nth++) {
    await using client = await server.login(account, `127.66.${nth % 8}.1`);
    if (client.login?.code === 535) return;
    const sent = await outgoing.send(client, {
      from: account,
      to: [`${account.split('@')[0]}.${nth}@${nth % 2 === 0 ? 'slow' : 'strangers'}.test`],
      id: `spam-${account}-${nth}`,
      body: `Buy ${nth} now!\nhttp://spam.test/${nth}\n`,
    });
    if (sent.stage === 'rcpt' && sent.reply.text.includes('being checked')) return;
  }
  assert.fail('the hijack was never stopped');
}

test('damage that nobody reads is found by the check of all pages', {
  timeout: 180_000,
}, async () => {
  await restartDamaged(of(/^rollup$/));
  // It has the lowest priority of all.
  const { why } = await eventually(
    'the check of all pages',
    async () =>
      (await server.guard.log()).find(
        ({ event, part }) => event === 'trouble.begun' && part === 'ledger pages',
      ),
    { timeoutMs: 150_000 },
  );
  assert.match(String(why), /ledger\.db is damaged .*: mail is judged/);
  assert.equal((await server.guard.health()).status, 503);
});

for (const [nth, [what, pages]] of regions.entries()) {
  const { account, friends } = everybody[nth] ?? friendly;
  test(`noise: ${what}`, { timeout: 180_000 }, async () => {
    await restartDamaged(pages);
    await using client = await server.login(account);
    const own = { from: account, to: [friends[0] ?? '', `${nth}.mum@slow.test`], id: `own-${nth}` };
    assert.equal((await outgoing.send(client, own)).stage, 'done');
    await hijack(account);
    await eventually('the login is closed', async () =>
      (await readFile(server.dovecot.denyFile, 'utf8')).includes(account),
    );
    await eventually('queued mail is on hold', async () => {
      const queue = await server.postfix.queue();
      const waits = queue.filter(({ sender }) => sender === account);
      return waits.length > 1 && waits.every(({ queue_name }) => queue_name === 'hold');
    });
    await eventually(
      'the webhook',
      () => server.webhook.of('account.suspended', account).length > 0,
    );
    await server.sink.until(
      () =>
        server.sink.deliveries.some(
          ({ to, headers }) =>
            to.includes(operatorAddress) && headers.includes(`${account} suspended`),
        ),
      'the mail of the notice',
    );
    const { status, why } = await server.guard.health();
    assert.equal(status, 503);
    assert.match(why.join('\n'), /ledger\.db is damaged .*mail is judged/);
    const log = await server.guard.log();
    assert.deepEqual(
      log.filter(({ event }) => event === 'suspension.step-failed'),
      [],
    );
  });
}

test('others write as always, and no message is missing or doubled', async () => {
  await using client = await server.login(friendly.account);
  for (const [nth, friend] of friendly.friends.slice(0, 3).entries()) {
    const message = { from: friendly.account, to: [friend], id: `friendly-${nth}` };
    assert.equal((await outgoing.send(client, message)).stage, 'done');
  }
  const everything = await outgoing.settled();
  assert.ok(everything.length > 20);
  assert.equal(
    everything.filter(({ id, places }) => id.startsWith('friendly') && places[0] === 'delivered')
      .length,
    3,
  );
});

test('the operator is told of the damage', () => {
  const told = server.webhook.of('guard.trouble', '');
  assert.match(told[0]?.reasons[0]?.text ?? '', /is damaged/);
});
