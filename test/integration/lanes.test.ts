/**
 * How providers treat us, end to end: a real Postfix delivers through a test DNS to receiving
 * servers that answer in the words of their providers. A hijacked account makes one slow us.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { LaneChange, LaneStanding } from '../../src/core/deliverability/lane.ts';
import type { IncidentDetail } from '../../src/ports/asking.ts';
import type { LaneDetail, LaneList } from '../../src/ports/lanes.ts';
import { fixedDoors } from './guard-instance.ts';
import { type Person, people } from './guard-past.ts';
import { type GuardedServer, startGuardedServer } from './guarded-server.ts';
import { eventually } from './leash.ts';
import { onMachineOfItsOwn, onOwnMachine } from './own-machine.ts';
import {
  type ReceivingServers,
  startReceivingServers,
  throughDns,
  words,
} from './receiving-servers.ts';

/** Each has friends at all providers, so that the guard finds their mail usual. */
const writers: readonly Person[] = ['ann', 'bob', 'cleo', 'dora', 'emil'].map((name) => ({
  account: `${name}@example.test`,
  friends: ['gmail.com', 'hotmail.com', 'web.de', 'icloud.com', 'small.example'].map(
    (domain) => `${name}@${domain}`,
  ),
}));
const [victim = { account: '', friends: [] }] = people(1);
let world: ReceivingServers;
let server: GuardedServer;
let sent = 0;

/** Each writer writes to the own friends at these domains. */
async function write(...domains: readonly string[]): Promise<void> {
  for (const { account, friends } of writers) {
    await using client = await server.login(account);
    const id = `mail-${sent++}`;
    const to = friends.filter((friend) => domains.some((domain) => friend.endsWith(`@${domain}`)));
    const answer = await client.send({ from: account, to, id, body: `About ${id}.\n` });
    assert.equal(answer.stage, 'done', answer.reply.text);
  }
}

/** Spam to strangers at Gmail, until the guard takes no more. */
async function hijack(): Promise<void> {
  for (let nth = 0; nth < 40; nth++) {
    await using client = await server.login(victim.account, `127.66.${nth % 8}.1`);
    const to = Array.from({ length: 3 }, (_, one) => `stranger${nth}x${one}@gmail.com`);
    const body = `You have won. Claim ${nth} at http://prize.example/${nth}\n`;
    const answer = await client.send({ from: victim.account, to, id: `spam-${nth}`, body });
    if (answer.stage !== 'done') return;
  }
}

const lanes = (): Promise<LaneList> => server.guard.json<LaneList>('/api/providers');

/** The lane of a provider, once it has this state. */
async function lane(
  provider: string,
  state: LaneStanding['state'],
  timeoutMs = 60_000,
): Promise<LaneStanding> {
  let last: LaneList | undefined;
  return eventually(
    `${provider} is ${state}`,
    async () => {
      last = await lanes();
      return last.lanes.find((one) => one.provider === provider && one.state === state);
    },
    {
      timeoutMs,
      detail: async () => `${JSON.stringify(last)}\n${await server.postfix.log()}`,
    },
  );
}

function tests(): void {
  before(async () => {
    world = await startReceivingServers();
    server = await startGuardedServer({
      people: [...writers, victim],
      settings: throughDns,
      guard: { words: await fixedDoors() },
    });
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  test('mail that is taken makes lanes healthy', async () => {
    await write('gmail.com', 'hotmail.com', 'web.de');
    for (const provider of ['google', 'ms-consumer', 'united-internet']) {
      const { family, source, why } = await lane(provider, 'healthy');
      assert.deepEqual(
        { family, source, why },
        {
          family: 'ipv4',
          source: '',
          why: 'mail is taken as usual',
        },
      );
    }
  });

  test('a hijacked account makes Gmail slow us: the lane is slowed within a minute', async () => {
    world.google.says = ({ stage, sender }) =>
      stage === 'end' && sender === victim.account ? words.google.slowed : undefined;
    await hijack();
    await eventually('Gmail has answered', () => world.google.refused > 0 || undefined);
    world.google.says = ({ stage }) => (stage === 'end' ? words.google.slowed : undefined);
    const { causedBy, cure, reply, rule, since } = await lane('google', 'slowed');
    const first = /(\S+) .*status=deferred .*4\.7\.28/.exec(await server.postfix.log())?.[1] ?? '';
    assert.ok(since > 0 && first !== '');
    assert.match(reply, /421-4\.7\.28 Gmail has detected an unusual rate/);
    assert.notEqual(rule, '');
    assert.notEqual(cure, '');
    assert.equal(causedBy?.account, victim.account);
    const notice = await eventually('a notice', () =>
      server.webhook
        .of('lane.changed', 'Google')
        .find(({ reasons }) => reasons.some(({ signal }) => signal === 'slowed')),
    );
    assert.match(JSON.stringify(notice.reasons), /user0@example\.test/);
    const text = await server.guard.cli('providers', 'list');
    assert.match(text, /google .*slowed/);
    assert.match(text, /their words .*unusual rate/);
  });

  test('a server that refuses our address is blocked, and others are not touched', async () => {
    world.microsoft.says = ({ stage }) => (stage === 'mail' ? words.microsoft.blocked : undefined);
    world.gmx.says = ({ stage }) => (stage === 'greeting' ? words.gmx.blocked : undefined);
    world.apple.says = ({ stage, recipient }) =>
      stage === 'rcpt' ? `550 5.1.1 <${recipient}>: user does not exist` : undefined;
    await write('hotmail.com', 'web.de', 'icloud.com');
    const { reply } = await lane('ms-consumer', 'blocked');
    assert.match(reply, /part of their network is on our block list \(S3150\)/);
    await lane('united-internet', 'blocked');
    const list = await lanes();
    assert.equal(list.lanes.find(({ provider }) => provider === 'apple')?.state, 'unknown');
  });

  test('a reply that no rule knows is listed as new', async () => {
    world.small.says = ({ stage }) =>
      stage === 'mail' ? '451 4.7.999 the moon is in the wrong house' : undefined;
    await write('small.example');
    const reply = await eventually(
      'the new reply',
      async () => (await lanes()).newReplies.find(({ provider }) => provider === 'small.example'),
      { detail: () => server.postfix.log() },
    );
    assert.match(reply.example, /the moon is in the wrong house/);
  });

  test('kill -9: nothing is counted twice, and the state stays', async () => {
    const shown = async () =>
      server.guard.json<readonly LaneDetail[]>('/api/providers/ms-consumer');
    const sum = (found: readonly LaneDetail[]): readonly number[] => {
      const all = found.flatMap(({ samples }) => samples);
      return [
        all.reduce((total, { sent: taken }) => total + taken, 0),
        all.reduce((total, { bounced }) => total + bounced, 0),
      ];
    };
    const logged = async (pattern: RegExp): Promise<number> =>
      (await server.postfix.log()).split('\n').filter((line) => pattern.test(line)).length;
    const wanted = [
      await logged(/relay=\S+outlook\.com\[.*status=sent/),
      await logged(/relay=\S+outlook\.com\[.*status=bounced/),
    ];
    const read = async () => {
      const found = sum(await shown());
      return JSON.stringify(found) === JSON.stringify(wanted) || undefined;
    };
    await eventually('all is counted', read, {
      detail: async () => `${JSON.stringify(sum(await shown()))} ${JSON.stringify(wanted)}`,
    });
    server.guard.kill('SIGKILL');
    await server.guard.ended;
    const stored = await server.guard.cli('providers', 'list');
    assert.match(stored, /States are not known: the guard is not running/);
    server.guard = await server.startGuard();
    assert.deepEqual(sum(await shown()), wanted);
    await lane('ms-consumer', 'blocked');
  });

  test('the lane recovers when mail is taken again', async () => {
    world.google.says = undefined;
    world.microsoft.says = undefined;
    await server.postfix.flush();
    await write('gmail.com');
    await lane('google', 'healthy', 200_000);
    const changes = await eventually('the changes are written', async () => {
      const [detail] = await server.guard.json<readonly LaneDetail[]>('/api/providers/google');
      const all: readonly LaneChange[] = detail?.changes.toReversed() ?? [];
      return all.length >= 3 ? all : undefined;
    });
    const states = changes.map(({ to }) => to);
    assert.deepEqual(states, ['healthy', 'slowed', 'healthy']);
  });

  test('the incident goes from the first sign to the recovery, and is reported', async () => {
    const path = `/api/incidents/${encodeURIComponent(victim.account)}`;
    const told = await server.guard.json<IncidentDetail>(path);
    assert.equal(told.incident.account, victim.account);
    assert.equal(told.leaked.length, told.incident.leakedMessages, told.remarks.join(' '));
    const [suffered] = told.lanes;
    assert.deepEqual(
      told.lanes.map(({ provider, state }) => `${provider} ${state}`),
      ['google slowed'],
      'Microsoft refused the mail of others',
    );
    assert.ok(suffered?.recoveredAt !== undefined && suffered.recoveredAt > suffered.since);
    assert.ok((suffered.share ?? 0) > 0.5);
    const answer = told.answers.find(({ provider }) => provider === 'google');
    assert.deepEqual([answer?.outcome, answer?.scope], ['deferred', 'rate']);
    const parts = told.timeline.map(({ part }) => part);
    assert.equal(parts[0], 'sign');
    assert.ok(parts.includes('answer') && parts.includes('stop'), parts.join(' '));
    assert.ok(parts.lastIndexOf('recovery') > parts.indexOf('lane'));

    const report = ['incidents', 'report', victim.account] as const;
    const provider = await server.guard.cli(...report, '--provider', 'google');
    assert.match(provider, /421-4\.7\.28 Gmail\s+has\s+detected/);
    assert.match(provider, /Postern suspended the account/);
    assert.match(provider, /Message-ID +<spam-0/);
    assert.doesNotMatch(provider, /stranger\d/);
    const abuse = await server.guard.cli(...report, '--to', 'abuse');
    assert.match(abuse, /Address +127\.66\.0\.1/);
    server.guard.kill('SIGTERM');
    await server.guard.ended;
    const stored = await server.guard.cli(...report, '--to', 'abuse');
    assert.equal(incidentPart(stored), incidentPart(abuse), 'the same from the files');
    server.guard = await server.startGuard();
  });
}

/** A report without what it says of the server: the guard here has settings of its own. */
function incidentPart(text: string): string {
  return text.slice(text.indexOf('What happened'));
}

if (onOwnMachine) tests();
else onMachineOfItsOwn(import.meta.filename);
