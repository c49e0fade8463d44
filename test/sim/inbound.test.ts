/**
 * A small world of inbound mail: shops, people of a provider, a scanner on a line, bots and a wave
 * of spam from rented machines. What is asked of the judgement holds for any seed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type InboundReplay, openInboundReplay } from '../../src/flow/replay/inbound-replay.ts';
import { dayMs, hourMs, minuteMs } from '../../src/lib/time.ts';
import { organisationOf } from '../../src/partners/dns/public-suffix.ts';
import { type Dice, openDice } from './dice.ts';

const seed = Number(process.env['SEED'] ?? 1);
const start = Date.parse('2026-05-04T00:00:00Z');
const days = 21;
/** What came before is not counted. */
const countedFrom = start + 7 * dayMs;

type Message = Readonly<Record<string, unknown>> & {
  readonly at: number;
  readonly isSpam: boolean;
  readonly listedAt: number;
};

const good = {
  dnswl: null,
  dnsbl: false,
  bad_recipients: 0,
  spf: 'pass',
  dkim: [],
  in_reply_to: null,
};

/** A score with this mean: a sum of throws, about as wide as the scores of a filter. */
const score = (dice: Dice, mean: number, spread: number): number =>
  mean + spread * (dice.roll() + dice.roll() + dice.roll() + dice.roll() - 2);

function server(name: string, client: string): Readonly<Record<string, unknown>> {
  return { client_address: client, client_name: name, reverse_client_name: name, helo_name: name };
}

function worldOf(dice: Dice): readonly Message[] {
  const messages: Message[] = [];
  const add = (at: number, isSpam: boolean, more: Readonly<Record<string, unknown>>): void => {
    const recipients = [`user${dice.below(30)}@town.example`];
    messages.push({ ...good, listedAt: Infinity, ...more, recipients, at, isSpam });
  };
  for (let day = 0; day < days; day++) {
    const moment = (): number => start + (day + dice.roll()) * dayMs;
    for (let n = 0; n < 60; n++) {
      const shop = dice.below(25);
      const sender = `b${dice.below(1e9)}@news.shop${shop}.example`;
      const name = `m${dice.below(9)}.shop${shop}.example`;
      const client = `192.0.2.${dice.below(250)}`;
      add(moment(), false, { ...server(name, client), sender, score: score(dice, 0.8, 2.4) });
    }
    for (let n = 0; n < 60; n++) {
      const sender = `person${dice.below(500)}@post.example`;
      const name = `out${dice.below(40)}.post.example`;
      const client = `203.0.113.${dice.below(250)}`;
      add(moment(), false, { ...server(name, client), sender, score: score(dice, -1, 2) });
    }
    const line = { client_address: '198.51.100.77', client_name: 'unknown', spf: 'fail' };
    const scanner = {
      reverse_client_name: 'unknown',
      helo_name: 'SCANNER',
      sender: 's@town.example',
    };
    add(moment(), false, { ...line, ...scanner, score: score(dice, 3, 3) });
    for (let n = 0; n < 80; n++) {
      const client = [1 + dice.below(120), dice.below(250), dice.below(250), dice.below(250)].join(
        '.',
      );
      const name = `dyn-${client.replaceAll('.', '-')}.line.example`;
      const at = moment();
      add(at, true, {
        ...server(name, client),
        client_name: dice.roll() < 0.5 ? 'unknown' : name,
        sender: `q${dice.below(1e9)}@w${dice.below(1e9)}.example`,
        spf: dice.pick(['none', 'softfail', 'fail']),
        dnsbl: dice.roll() < 0.6,
        listedAt: at + dice.exponential(4 * hourMs),
        score: score(dice, 8, 7),
      });
    }
    const wave = moment();
    const rented = `promo${dice.below(1e9)}.example`;
    const net = `185.${dice.below(250)}.${dice.below(250)}`;
    for (let n = 0; n < 12; n++) {
      add(wave + dice.roll() * 8 * minuteMs, true, {
        ...server(`x${n}.${rented}`, `${net}.${n + 1}`),
        sender: `offer@${rented}`,
        dkim: [rented],
        score: score(dice, 5, 5),
      });
    }
  }
  return messages.sort((one, other) => one.at - other.at);
}

type Counts = { honest: number; waited: number; kept: number; spam: number; stopped: number };

/** Plays the world; a message that is held is asked about again when its time has come. */
function play(messages: readonly Message[], replay: InboundReplay): Counts {
  const counts = { honest: 0, waited: 0, kept: 0, spam: 0, stopped: 0 };
  const due: { at: number; instance: string; message: Message }[] = [];
  const iso = (at: number): string => new Date(at).toISOString();
  const dueUntil = (until: number): void => {
    due.sort((one, other) => one.at - other.at);
    while ((due[0]?.at ?? Infinity) <= until) {
      const one = due.shift();
      if (one === undefined) break;
      const { message, instance, at } = one;
      const dnsbl = message['dnsbl'] === true || at >= message.listedAt;
      const line = { type: 'due', at: iso(at), instance, dnsbl, score: message['score'] };
      const action = replay.apply(line)?.action;
      assert.ok(action === 'deliver' || action === 'quarantine', 'each message has an end');
      if (message.at < countedFrom || action === 'deliver') continue;
      counts[message.isSpam ? 'stopped' : 'kept']++;
    }
  };
  replay.apply({ type: 'hello', local_domains: ['town.example'], start: iso(start) });
  for (const [index, message] of messages.entries()) {
    dueUntil(message.at);
    const instance = `t${index}`;
    const answer = replay.apply({ ...message, type: 'data', at: iso(message.at), instance });
    const counted = message.at >= countedFrom;
    if (counted) counts[message.isSpam ? 'spam' : 'honest']++;
    if (answer?.action !== 'hold') continue;
    const waits = answer.seconds ?? 0;
    assert.ok(waits <= 600);
    if (counted && !message.isSpam) counts.waited++;
    due.push({ at: message.at + waits * 1_000, instance, message });
  }
  dueUntil(Infinity);
  return counts;
}

const openReplay = (waitMs: number): InboundReplay =>
  openInboundReplay({ stance: 'wait', waitMs, spamScore: 5, organisationOf, readTime: Date.parse });

test(`honest mail is not slow and not lost, and most spam is stopped (SEED=${seed})`, (t) => {
  const counts = play(worldOf(openDice(seed)), openReplay(10 * minuteMs));
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.honest > 1_000 && counts.spam > 1_000);
  assert.ok(counts.waited <= 0.008 * counts.honest, 'waits');
  assert.ok(counts.kept <= 0.003 * counts.honest, 'only in quarantine or Junk');
  assert.ok(counts.stopped >= 0.7 * counts.spam, 'spam');
});

test('without waiting nothing is slow, and waiting never stops less', () => {
  const world = worldOf(openDice(seed));
  const [at, later] = [play(world, openReplay(0)), play(world, openReplay(10 * minuteMs))];
  assert.equal(at.waited, at.kept);
  assert.ok(at.kept <= 0.003 * at.honest, 'only in Junk');
  assert.ok(at.stopped >= 0.7 * at.spam, 'spam');
  assert.ok(later.stopped >= at.stopped);
});
