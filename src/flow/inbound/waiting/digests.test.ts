import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inboundRow } from '../../../../test/doubles/inbound.ts';
import { quietWorld } from '../../../../test/doubles/world.ts';
import { ManualTime } from '../../../../test/ledger/manual-time.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../../lib/time.ts';
import type { InboundRow } from '../../../ports/inbound/inbound.ts';
import { type DigestDeps, openDigests } from './digests.ts';

/** Midnight, UTC. */
const start = 20_775 * dayMs;

function rig(rows: readonly InboundRow[]) {
  const time = new ManualTime(start);
  const world = quietWorld({ clock: time, timers: time });
  const meta = new Map<string, string>();
  const journal: DigestDeps['journal'] = {
    async committed(changes) {
      for (const one of changes) if (one.kind === 'meta') meta.set(one.key, one.value);
      return true;
    },
    live: { meta: (key) => meta.get(key) },
  };
  const all = new Map(rows.map((row) => [row.queueId, row]));
  const sent: string[] = [];
  const refuse = new Set<string>();
  const settings = { digestMinute: (7 * 60) as number | undefined, contact: 'the help desk' };
  openDigests({
    journal,
    world,
    settings,
    waiting: {
      all: () => [...all.values()],
      told: (told, at) => {
        for (const row of told) all.set(row.queueId, { ...row, toldAt: at });
      },
    },
    mail: {
      async send(to, { subject, text }) {
        if (refuse.has(to)) throw new Error('no');
        sent.push(`${to}: ${subject}\n${text}`);
      },
    },
    localDomains: new Set(['here.example']),
    iso: (at) => new Date(at).toISOString(),
  });
  return { time, sent, refuse, all, settings };
}

const row = (queueId: string, ...recipients: readonly string[]): InboundRow =>
  inboundRow({ queueId, recipients, at: start as Millis, due: (start + 14 * dayMs) as Millis });

test('each user here is told once, at the set time, what is new; nobody elsewhere is', async () => {
  const of = rig([row('A1', 'ann@here.example', 'x@far.example'), row('A2', 'ann@here.example')]);
  await of.time.pass(7 * hourMs - minuteMs);
  assert.deepEqual(of.sent, []);
  await of.time.pass(2 * minuteMs);
  assert.equal(of.sent.length, 1);
  assert.match(of.sent[0] ?? '', /^ann@here\.example: 2 messages for you in quarantine\n/);
  assert.match(of.sent[0] ?? '', /Id: +A1\n/);
  await of.time.pass(2 * dayMs);
  assert.equal(of.sent.length, 1, 'nothing is new');
});

test('at most once a day, and what could not be told comes with the next', async () => {
  const of = rig([row('B1', 'ann@here.example'), row('B2', 'joe@here.example')]);
  of.refuse.add('joe@here.example');
  await of.time.pass(8 * hourMs);
  of.refuse.clear();
  of.all.set('B3', row('B3', 'ann@here.example'));
  await of.time.pass(8 * hourMs);
  assert.equal(of.sent.length, 1);
  await of.time.pass(dayMs);
  assert.deepEqual(
    of.sent.slice(1).map((text) => [text.split(':')[0], /Id: +(\w+)/.exec(text)?.[1]]),
    [
      ['ann@here.example', 'B3'],
      ['joe@here.example', 'B2'],
    ].toSorted(),
  );
});

test('turned off: nobody is told', async () => {
  const of = rig([row('C1', 'ann@here.example')]);
  of.settings.digestMinute = undefined;
  await of.time.pass(2 * dayMs);
  assert.deepEqual(of.sent, []);
});
