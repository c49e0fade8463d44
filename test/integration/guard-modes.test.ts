/**
 * Other ways to run the guard on a real Postfix: observing, where everything passes and is told;
 * and as an ordinary user behind Unix sockets, without any hand on the queue; and with a fixed
 * ceiling.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { operator } from '../../src/commands/guard/client.ts';
import type { EnforcingView } from '../../src/ports/acting/enforcing.ts';
import type { StatusView } from '../../src/ports/admin.ts';
import type { AuditRow, HeldRow, IncidentRow, StoryRow } from '../../src/ports/ledger.ts';
import { startDovecot } from './dovecot-instance.ts';
import { startGuard } from './guard-instance.ts';
import { people } from './guard-past.ts';
import {
  connectPostfix,
  type GuardedServer,
  Outgoing,
  operatorAddress,
  startGuardedServer,
} from './guarded-server.ts';
import { eventually } from './leash.ts';
import { startPostfix } from './postfix-instance.ts';
import { connectSmtp, type Sent } from './smtp-client.ts';
import { startSink } from './smtp-sink.ts';

type Shown = {
  readonly account: { readonly state: string };
  readonly incidents: readonly IncidentRow[];
  readonly stories: readonly StoryRow[];
};

async function hijack(server: GuardedServer, outgoing: Outgoing, account: string, from: string) {
  await using client = await server.login(account, from);
  const sents: Sent[] = [];
  for (let nth = 0; nth < 30; nth++) {
    const id = `spam-${from}-${nth}`;
    sents.push(await outgoing.send(client, { from: account, to: [`${id}@strangers.test`], id }));
  }
  return sents;
}

test('observing: a hijack passes whole and is told once', { timeout: 180_000 }, async () => {
  const everybody = people(3);
  const victim = everybody[2]?.account ?? '';
  await using server = await startGuardedServer({ people: everybody, mode: 'observe' });
  const outgoing = new Outgoing(server);
  const sents = await Promise.all(
    // As many networks at once are evidence beside the numbers.
    [1, 2, 3, 4, 5, 6, 7, 8].map((network) =>
      hijack(server, outgoing, victim, `127.66.${network}.1`),
    ),
  );
  assert.ok(sents.flat().every(({ stage }) => stage === 'done'));
  const places = await outgoing.settled();
  assert.equal(places.length, sents.flat().length);
  assert.ok(places.every((one) => one.places[0] === 'delivered'));
  const { webhook, sink } = server;
  const told = (): number => webhook.of('account.would-suspend', victim).length;
  const mailed = (): number =>
    sink.deliveries.filter(
      ({ to, headers }) => to.includes(operatorAddress) && headers.includes(victim),
    ).length;
  await eventually('both channels have sent notices', () => told() > 0 && mailed() > 0);
  // Well after the rows that were committed with it are due.
  const due = Date.now() + 22_000;
  await eventually('the second look', () => Date.now() > due);
  assert.deepEqual([told(), mailed()], [1, 1]);
  assert.deepEqual(
    webhook.notices.map(({ event }) => event),
    ['account.would-suspend'],
  );
  const { account, incidents, stories } = await server.guard.json<Shown>(`/api/accounts/${victim}`);
  assert.equal(account.state, 'suspended');
  assert.equal(incidents.length, 1);
  assert.equal(incidents[0]?.loginClosed, false);
  assert.ok(stories.length > 0 && stories.every(({ observed }) => observed));
  assert.deepEqual(await server.guard.json<readonly HeldRow[]>('/api/held'), []);
  await using client = await server.login(victim);
  assert.equal(client.login?.code, 235, 'his login is open');
  await toldTruly(server, victim, sents.flat().length);
  await switched(server, victim);
});

/** All that operators read says that nothing was stopped, and what would have been. */
async function toldTruly(server: GuardedServer, victim: string, sent: number): Promise<void> {
  const { guard, webhook } = server;
  const would = (await guard.json<EnforcingView>('/api/enforcing')).messages;
  assert.ok(would > 0 && would < sent);
  const status = await guard.cli('status');
  assert.match(status, /^verdicts +\d+ passed, 0 delayed, 0 held, 0 refused$/m);
  assert.match(status, /^accounts .* 0 suspended, 1 would be$/m);
  assert.match(status, new RegExp(`would have stopped ${would} messages of 1 account`));
  assert.match(status, new RegExp(`^would be suspended +${victim}$`, 'm'));
  assert.doesNotMatch(status, /--hijacked/, 'nothing is held that could stay held');
  const shown = await guard.cli('accounts', 'show', victim);
  assert.match(shown, new RegExp(`^${victim}: would be suspended$`, 'm'));
  assert.match(shown, /^Mode observe: nothing is stopped, and all its mail passes\.$/m);
  assert.match(shown, /0 stopped; mode guard would have stopped \d+ messages/);
  assert.match(await guard.cli('accounts', 'list'), /^\S+ +would be suspended /m);
  assert.match(await guard.cli('incidents', 'list'), /0 \(would: \d+\)/);
  assert.match(await guard.cli('incidents', 'show', victim), /would have been suspended/);
  const [notice] = webhook.of('account.would-suspend', victim);
  assert.deepEqual(notice?.stopped, { messages: 0, fromQueue: 0 });
  assert.ok((notice?.wouldStop?.messages ?? 0) > 0);
  const undo = new RegExp(`/postern --state \\S+ accounts release ${victim} --false-alarm$`);
  assert.match(notice?.undo ?? '', undo, 'it works as it is where this guard runs');
  // How many of the eight networks had sent when it was told depends on the machine.
  assert.ok((notice?.facts?.clientCount ?? 0) > 1);
  assert.equal(await guard.metric('postern_verdicts_total{verdict="hold"}'), 0);
  assert.ok((await guard.metric('postern_observed_verdicts_total{verdict="hold"}')) > 0);
}

/** One command lets Postern act, and shows that the running guard does. */
async function switched({ guard }: GuardedServer, victim: string): Promise<void> {
  const mode = async (): Promise<string> => (await guard.json<StatusView>('/api/status')).mode;
  const text = (): string => readFileSync(guard.configFile, 'utf8');
  writeFileSync(guard.configFile, text().replace(/^(mode = .*)$/m, '$1  # for a week'));
  const before = text();
  const file = ['--config', guard.configFile];
  assert.match(await guard.cli('mode'), new RegExp(`^${victim} +\\d+ .* would have been$`, 'm'));
  await assert.rejects(guard.cli('mode', '--undo', ...file), /this command has not changed/);
  const shown = await guard.cli('mode', 'guard', '--dry-run', ...file);
  assert.match(shown, /^\+mode = "guard" {2}# for a week$/m);
  const other = join(dirname(guard.configFile), 'other.toml');
  writeFileSync(other, before);
  await assert.rejects(
    guard.cli('mode', 'guard', '--config', other),
    (error: { readonly stderr: string }) =>
      error.stderr.includes(`${other} is not changed: the running guard uses ${guard.configFile}`),
  );
  assert.equal(readFileSync(other, 'utf8'), before);
  assert.deepEqual([await mode(), text()], ['observe', before]);
  assert.match(await guard.cli('mode', 'guard', ...file), /^The guard acts now: /m);
  assert.equal(await mode(), 'guard');
  const changes = (await guard.json<readonly AuditRow[]>('/api/audit')).filter(
    ({ action }) => action === 'mode',
  );
  assert.deepEqual(
    changes.map(({ by, detail }) => [by, detail]),
    [[operator(), 'observe became guard']],
  );
  assert.match(await guard.cli('mode', 'guard', ...file), /has mode = "guard" already/);
  const { account } = await guard.json<Shown>(`/api/accounts/${victim}`);
  assert.equal(account.state, 'clear', 'what was only observed is no suspension');
  const switchedText = text();
  writeFileSync(guard.configFile, `${switchedText}# mine\n`);
  await assert.rejects(guard.cli('mode', '--undo', ...file), /was changed after the switch/);
  assert.equal(text(), `${switchedText}# mine\n`, 'what was changed since is not lost');
  writeFileSync(guard.configFile, switchedText);
  assert.match(await guard.cli('mode', '--undo', ...file), /^The guard only observes now: /m);
  assert.deepEqual([await mode(), text()], ['observe', before]);
  const trail = JSON.parse(await guard.cli('audit', '--json')) as readonly AuditRow[];
  const switches = trail.filter(({ action }) => action === 'mode');
  assert.deepEqual(
    switches.map(({ by, detail }) => `${by}: ${detail}`),
    ['guard became observe', 'observe became guard'].map((one) => `${operator()}: ${one}`),
  );
}

test('a switch to guard finds queued mail that was only observed', {
  timeout: 180_000,
}, async () => {
  const everybody = people(3);
  const victim = everybody[1]?.account ?? '';
  await using server = await startGuardedServer({ people: everybody, mode: 'observe' });
  const { guard, postfix, slow } = server;
  slow.on = true;
  const outgoing = new Outgoing(server);
  {
    await using client = await server.login(victim, '127.67.1.1');
    for (let nth = 0; nth < 16; nth++) {
      const id = `queued-${nth}`;
      await outgoing.send(client, { from: victim, to: [`${id}@slow.test`], id });
    }
  }
  await outgoing.settled();
  const { stories } = await guard.json<Shown>(`/api/accounts/${victim}`);
  const noted = stories.filter(({ verdict, observed }) => observed && verdict === 'hold');
  assert.ok(noted.length > 0 && noted.length < 16, `${noted.length} would have been held`);
  await guard.cli('mode', 'guard', '--config', guard.configFile);
  await guard.cli('accounts', 'suspend', victim, '--hijacked');
  const onHold = async (): Promise<readonly string[]> =>
    (await postfix.queue())
      .filter(({ queue_name }) => queue_name === 'hold')
      .map(({ queue_id }) => queue_id)
      .sort();
  await eventually('all 16 are on hold', async () => (await onHold()).length === 16);
  const held = await guard.json<readonly HeldRow[]>('/api/held');
  assert.deepEqual(held.map(({ queueId }) => queueId).sort(), await onHold());
  const { incidents } = await guard.json<Shown>(`/api/accounts/${victim}`);
  const [incident] = incidents.filter(({ endedAt }) => endedAt === undefined);
  assert.equal(incident?.queuedHeld, 16);
  slow.on = false;
  await guard.cli('held', 'release', '--account', victim);
  await postfix.flush();
  assert.ok((await outgoing.settled()).every(({ places }) => places[0] === 'delivered'));
});

test('the mode changes while the guard hangs, and is used once it goes on', {
  timeout: 180_000,
}, async () => {
  await using guard = await startGuard({ config: 'mode = "guard"\n' });
  const mode = async (): Promise<string> => (await guard.json<StatusView>('/api/status')).mode;
  assert.equal(await mode(), 'guard');
  guard.kill('SIGSTOP');
  try {
    await assert.rejects(
      guard.cli('mode', 'observe', '--config', guard.configFile),
      (error: { readonly code: number; readonly stderr: string }) =>
        error.code === 70 &&
        error.stderr.includes(`${guard.configFile} is changed, but the guard does not answer`),
    );
    assert.match(readFileSync(guard.configFile, 'utf8'), /^mode = "observe"$/m);
  } finally {
    guard.kill('SIGCONT');
  }
  await eventually('it observes', async () => (await mode()) === 'observe');
});

test('an ordinary user behind Unix sockets', { timeout: 180_000 }, async () => {
  await using scope = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'pun-'));
  scope.defer(() => rmSync(dir, { recursive: true, force: true }));
  chmodSync(dir, 0o755);
  const state = join(dir, 'state');
  execFileSync('install', ['-d', '-o', 'nobody', '-g', 'nogroup', '-m', '0700', state]);
  execFileSync('install', ['-d', '-o', 'nobody', '-g', 'nogroup', '-m', '0755', join(dir, 'run')]);
  const users = { 'joe@example.test': 'secret' };
  const sink = scope.use(await startSink());
  const dovecot = scope.use(await startDovecot({ users }));
  const postfix = scope.use(
    await startPostfix({ sink: sink.port, saslSocket: dovecot.authSocket }),
  );
  const milter = `unix:${dir}/run/milter`;
  const doors = [
    '--milter',
    milter,
    '--policy',
    `unix:${dir}/run/policy`,
    '--http',
    'inet:127.0.0.1:0',
  ];
  const guard = scope.use(
    await startGuard({
      state,
      config: '[doors]\nsocket_mode = "0666"\n',
      words: doors,
      through: ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups'],
    }),
  );
  assert.equal(guard.doors.milter, milter);
  const uid = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }));
  assert.equal(statSync(`/proc/${guard.pid}`).uid, uid);
  assert.equal(statSync(join(state, 'ledger.db')).mode & 0o077, 0, 'nobody else reads the ledger');
  await connectPostfix({ guard, postfix });
  await using client = await connectSmtp(postfix.ports.submission, {
    user: 'joe@example.test',
    password: 'secret',
  });
  const sents: Sent[] = [];
  for (let nth = 0; nth < 250 && (sents.at(-1)?.stage ?? 'done') === 'done'; nth++) {
    const to = [`s${nth}@strangers.test`];
    sents.push(await client.send({ from: 'joe@example.test', to, id: `spam-${nth}` }));
  }
  assert.equal(sents.at(-1)?.reply.code, 452, 'numbers alone: stopped when 100 are held');
  const held = await guard.json<readonly HeldRow[]>('/api/held');
  const onHold = (await postfix.queue()).filter(({ queue_name }) => queue_name === 'hold');
  assert.deepEqual(held.map(({ queueId }) => queueId).sort(), onHold.map((m) => m.queue_id).sort());
  assert.ok(held.length > 0);
  // He cannot move mail in the queue, and is told so with what to do.
  await assert.rejects(guard.cli('held', 'release', held[0]?.queueId ?? ''), /postsuper/);
});

test('sessions at once cannot overshoot a ceiling, and hear the number', {
  timeout: 180_000,
}, async () => {
  const limit = 12;
  const [person] = people(1);
  const account = person?.account ?? '';
  const config = `[ceilings]\naccount_recipients_per_hour = ${limit}\n`;
  await using server = await startGuardedServer({ people: people(1), config });
  const outgoing = new Outgoing(server);
  const sents = await Promise.all(
    Array.from({ length: 6 }, async (_, nth) => {
      await using client = await server.login(account);
      const to = Array.from(
        { length: 4 },
        (__, one) => `friend${(nth * 4 + one) % 12}.of0@world.test`,
      );
      return await outgoing.send(client, { from: account, to, id: `burst-${nth}` });
    }),
  );
  const taken = sents.flatMap(({ accepted, stage }) => (stage === 'done' ? accepted : []));
  assert.ok(taken.length <= limit, `${taken.length} recipients where ${limit} are allowed`);
  const refusals = sents.flatMap(({ refused, reply, stage }) => [
    ...refused.map((one) => one.reply),
    ...(stage === 'done' ? [] : [reply]),
  ]);
  assert.ok(refusals.length > 0);
  for (const { code, text } of refusals) {
    assert.equal(code, 451, text);
    assert.match(text, new RegExp(`limit for one account is ${limit}`));
  }
  const places = await outgoing.settled();
  assert.ok(places.every((one) => one.places[0] === 'delivered'));
  assert.equal((await server.guard.json<Shown>(`/api/accounts/${account}`)).account.state, 'clear');
});
