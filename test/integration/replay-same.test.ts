/**
 * The same mail through the live milter door and through `postern replay`: the same verdicts with
 * the same reasons, message by message, and the same end for every account. Weeks pass on a clock
 * of the test's own; the guard behind the door is started anew on its ledger at moments from a
 * printed seed (SEED=n plays them again).
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { Account } from '../../src/core/account-name.ts';
import type { Submission } from '../../src/core/event.ts';
import type { ShownReason } from '../../src/core/reason.ts';
import { usualHeldMax } from '../../src/core/verdict.ts';
import { openMilter } from '../../src/doors/milter/server.ts';
import type { ReplayVerdict } from '../../src/flow/replay/replay.ts';
import type { Listener } from '../../src/lib/listener.ts';
import { hourMs, minuteMs, secondMs } from '../../src/lib/time.ts';
import { type MilterOutcome, openMilterClient } from '../../src/partners/milter/client.ts';
import type { FeedItem } from '../../src/ports/admin.ts';
import { plainPath } from '../doubles/path.ts';
import { type Dice, dice, seedOfThisRun } from '../ledger/dice.ts';
import { type FlowRig, openRig, start } from '../ledger/flow-rig.ts';
import { inet, launcher } from './guard-instance.ts';

type Printed = Omit<ReplayVerdict, 'because'> & { readonly because: readonly ShownReason[] };
type Planned = {
  readonly id: string;
  readonly at: number;
  readonly account: string;
  readonly to: readonly string[];
  readonly client: string;
  readonly from: string;
  readonly body: string;
};
/** What the live guard said of one message. */
type Live = { readonly outcome: MilterOutcome; readonly item: FeedItem | undefined };

const days = 14;
const accounts = Array.from({ length: 8 }, (_, nth) => `user${nth}@here.test`);
const [, , hijacked = '', , , dripping = '', newsletter = ''] = accounts;

/**
 * Office weeks of eight people, a newsletter, a hijack at three in the morning, and another one
 * that drips.
 */
function plan(chance: Dice): readonly Planned[] {
  const planned: Omit<Planned, 'id'>[] = [];
  const day = 24 * hourMs;
  const monday = start - 10 * hourMs;
  const write = (account: string, at: number, to: readonly string[], more: Partial<Planned> = {}) =>
    planned.push({
      account,
      at: Math.floor(at),
      to,
      from: account,
      client: '192.0.2.10',
      body:
        `Message of ${Math.floor(at)}, about ${chance.below(1_000_000)} matters and ${to[0]}` +
        '.\r\n',
      ...more,
    });
  for (let nth = 0; nth < days; nth++) {
    for (const [who, account] of accounts.entries()) {
      for (let testMessage = 1 + chance.below(5); testMessage > 0; testMessage--) {
        const friend = `friend${chance.below(2 + nth)}.of${who}@world.test`;
        const more = chance.below(4) === 0 ? [accounts[chance.below(8)] ?? ''] : [];
        const client = chance.below(9) === 0 ? '198.51.100.7' : `192.0.2.${10 + who}`;
        const from = chance.below(12) === 0 ? `info@shop${who}.test` : account;
        const at = monday + nth * day + 8 * hourMs + chance.below(10 * hourMs);
        write(account, at, [friend, ...more], { client, from });
      }
    }
    const readers = Array.from({ length: 3 + nth }, (_, reader) => `reader${reader}@world.test`);
    for (const [reader, to] of readers.entries()) {
      const at = monday + nth * day + 9 * hourMs + reader * 20 * secondMs;
      write(newsletter, at, [to], { body: `News number ${nth} for all of you, dear readers.\r\n` });
    }
  }
  const night = monday + 9 * day + 3 * hourMs;
  for (let nth = 0; nth < 160; nth++) {
    const client = `203.0.${100 + (nth % 5)}.9`;
    // In between, friends of others here, who must stay known to those.
    const to =
      nth === 6 ? [0, 1, 2].map((n) => `friend${n}.of1@world.test`) : [`s${nth}@else.test`];
    write(hijacked, night + nth * 8 * secondMs, to, {
      client,
      from: 'service@bank.test',
      body: 'Buy this now, my friend!\r\n',
    });
  }
  for (let nth = 0; nth < 300; nth++) {
    const to = [`d${nth}@else.test`, `e${nth}@else.test`];
    write(dripping, monday + 10 * day + nth * 3 * minuteMs, to, { client: '203.0.99.9' });
  }
  return planned
    .sort((one, other) => one.at - other.at)
    .map((one, nth) => ({ ...one, id: `SAME${10_000 + nth}` }));
}

/** As `postern replay` counts held mail. */
const limited = { channels: [], policy: { heldMax: usualHeldMax } } as const;

/** Through the milter door, each message at its own time, over a session from its client. */
async function throughDoor(planned: readonly Planned[], chance: Dice): Promise<LiveRun> {
  let rig = openRig({ ...limited, at: planned[0]?.at ?? start });
  const said = new Map<string, Live>();
  const prints = new Map<string, Seen>();
  let restarts = 0;
  let door = await openDoor(rig, prints);
  for (const message of planned) {
    if (chance.below(100) === 0) {
      restarts++;
      await door.close();
      rig.accounts.saveBaseline();
      rig.journal.close();
      rig = openRig({ ...limited, ledger: rig.ledger, at: rig.time.now() });
      door = await openDoor(rig, prints);
    }
    rig.time.jump(message.at - rig.time.now());
    // At times what was learned is in the ledger already, at others it waits.
    if (chance.below(3) === 0) rig.journal.flushNow();
    const items: FeedItem[] = [];
    const stop = rig.feed.watch((item) => items.push(item));
    const outcome = await sendOne(door, message);
    stop();
    said.set(message.id, { outcome, item: items.find(({ id }) => id === message.id) });
  }
  await door.close();
  return { rig, said, prints, restarts };
}
type LiveRun = {
  readonly rig: FlowRig;
  readonly said: ReadonlyMap<string, Live>;
  readonly prints: ReadonlyMap<string, Seen>;
  readonly restarts: number;
};

/** What the door saw of a message, which a recording has as well. */
type Seen = Pick<Submission, 'fingerprint' | 'traits'>;

function openDoor(rig: FlowRig, prints: Map<string, Seen>): Promise<Listener> {
  const quiet = { log: () => undefined, count: () => undefined };
  const note = ({ id, fingerprint = '', traits = {} }: Submission): void =>
    void prints.set(id, { fingerprint, traits });
  return openMilter(
    { host: '127.0.0.1', port: 0 },
    {
      ...quiet,
      clock: { now: () => rig.time.now() },
      path: plainPath({
        mayBegin: (submitter) => rig.gate.mayBegin(submitter),
        submit(message, by, answer) {
          note(message);
          rig.gate.submit(message, by, answer);
        },
      }),
    },
  );
}

async function sendOne(door: Listener, message: Planned): Promise<MilterOutcome> {
  const client = { name: 'client.test', address: message.client, port: 40_000 };
  await using milter = await openMilterClient(inet(door.address), { client });
  return await milter.send({
    sender: message.account,
    login: message.account,
    recipients: message.to.map((address) => ({
      address,
      transport: address.endsWith('@here.test') ? 'virtual' : 'smtp',
    })),
    queueId: message.id,
    headers: [['From', `<${message.from}>`]],
    body: Buffer.from(message.body),
  });
}

async function throughReplay(
  planned: readonly Planned[],
  prints: ReadonlyMap<string, Seen>,
): Promise<readonly Printed[]> {
  const child = spawn(launcher, ['replay', '-'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = planned.map(({ id, at, account, to, client, from, body }) => {
    const { fingerprint, traits } = prints.get(id) ?? {};
    assert.ok((fingerprint !== undefined && fingerprint !== '') || body !== '', id);
    const event = { type: 'send', at: new Date(at).toISOString(), id, account, recipients: to };
    return JSON.stringify({ ...event, client, sender: account, from, fingerprint, ...traits });
  });
  child.stdin.end(`${lines.join('\n')}\n`);
  const out = await text(child.stdout);
  return out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Printed);
}

/** How a client sees a verdict. */
const seen = ({ outcome }: Live): string => {
  if (outcome.kind === 'refused') return outcome.reply.startsWith('4') ? 'delay' : 'refuse';
  return outcome.held === undefined ? 'pass' : 'hold';
};

/**
 * A restart rounds what is remembered, so that a number in the sentence may differ in its last
 * digit. If two windows of a count weigh the same, either may then come first.
 */
function sentence(text: string): string {
  return text.replace(/\d+(?:\.\d+)?/g, '#').replace(/ in # (?:minutes?|hours?|days?)\b/, '');
}

test('live and replay agree, message by message', { timeout: 180_000 }, async () => {
  const seed = seedOfThisRun();
  const chance = dice(seed);
  const planned = plan(chance);
  const live = await throughDoor(planned, chance);
  const verdicts = await throughReplay(planned, live.prints);
  assert.equal(verdicts.length, planned.length);
  const tally = { pass: 0, delay: 0, hold: 0, refuse: 0 };
  const apart: unknown[] = [];
  for (const { id, verdict, account, because } of verdicts) {
    tally[verdict]++;
    const one = live.said.get(id);
    assert.ok(one !== undefined, id);
    // Who is suspended is put off before there is a message to tell about.
    const { item } = one;
    const early = one.outcome.kind === 'refused' && one.outcome.stage === 'rcpt';
    const same =
      seen(one) === verdict &&
      (early
        ? account === 'suspended'
        : item?.verdict === verdict &&
          item.state === account &&
          (verdict === 'pass' || sentence(item.why) === sentence(because[0]?.text ?? '')));
    if (!same) apart.push({ id, live: [seen(one), item], replay: { verdict, account, because } });
  }
  console.log(
    `# SEED=${seed}: ${planned.length} messages, ${JSON.stringify(tally)}, ` +
      `${live.restarts} restarts`,
  );
  assert.deepEqual(apart.slice(0, 5), []);
  assert.ok(tally.hold > 20 && tally.delay > 0, 'there was something to agree on');
  const ends = new Map(
    verdicts.map((verdict, nth) => [planned[nth]?.account ?? '', verdict.account]),
  );
  for (const [account, state] of ends) {
    assert.equal(live.rig.accounts.known(account as Account)?.state, state, account);
  }
  assert.equal(ends.get(hijacked), 'suspended');
});
