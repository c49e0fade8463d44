/** How providers treat us: what strangers' servers, invented names and a wrong clock cannot do. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Account } from '../../src/core/account-name.ts';
import type { Attempt } from '../../src/core/fate/attempt.ts';
import { storedLaneViews } from '../../src/flow/lanes/lane-views.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { dayMs, type Millis, minuteMs } from '../../src/lib/time.ts';
import { files, gmail, gmx, openRig, refused, start } from './lane-rig.ts';

test('servers of strangers that all refuse us bring one notice an hour, with the names', () => {
  const clock = { now: start };
  const rig = openRig(join(files.folder, 'strangers.db'), clock);
  for (let nth = 0; nth < 40; nth++) {
    const host = `mx.evil${nth}.example`;
    const reply = `host ${host}[192.0.2.4] said: 554 5.7.1 Your IP address is blocked`;
    for (let one = 0; one < 5; one++) {
      rig.attempt('bounced', { mxHost: host, mxAddress: '192.0.2.4', reply });
    }
    rig.turn(minuteMs);
  }
  assert.equal(rig.notices.length, 1);
  rig.turn(40 * minuteMs);
  assert.equal(rig.notices.length, 2);
  const signals = rig.notices[1]?.reasons.map(({ signal }) => signal).slice(0, 11);
  assert.deepEqual(signals, [...Array.from({ length: 10 }, () => 'blocked'), 'more']);
  for (let nth = 0; nth < 5; nth++) rig.attempt('deferred', { reply: refused, mxHost: gmx });
  rig.turn(2 * minuteMs);
  assert.equal(rig.notices.length, 3);
});

test('lanes of strangers do not push out a provider at a restart', () => {
  const clock = { now: start };
  const path = join(files.folder, 'crowd.db');
  const rig = openRig(path, clock);
  for (let nth = 0; nth < 10; nth++) rig.attempt('sent');
  rig.turn(minuteMs);
  rig.taken();
  rig.ledger.close();
  const db = new DatabaseSync(path);
  const add = db.prepare(
    'INSERT INTO lane SELECT source, family, ?, at + 1, memory FROM lane LIMIT 1',
  );
  for (let nth = 0; nth < 600; nth++) add.run(`evil${nth}.example`);
  db.close();
  const again = openRig(path, clock);
  assert.ok(again.watch.list().lanes.some(({ provider }) => provider === 'google'));
  again.ledger.close();
});

test('without the guard, a few replies of a stranger say nothing either', () => {
  const clock = { now: start };
  const path = join(files.folder, 'stored.db');
  const rig = openRig(path, clock);
  const reply = 'host mx.evil.example[192.0.2.4] said: 554 5.7.1 Your IP address is blocked';
  const account = 'joe@example.org' as Account;
  for (let one = 0; one < 2; one++) {
    rig.attempt('bounced', { mxHost: 'mx.evil.example', mxAddress: '192.0.2.4', reply, account });
  }
  rig.taken();
  rig.ledger.close();
  const ledger = openLedger(path);
  const [lane] = storedLaneViews(ledger, (start + minuteMs) as Millis).list().lanes;
  assert.deepEqual([lane?.provider, lane?.causedBy], ['evil.example', undefined]);
  ledger.close();
});

test('invented domains and a clock that was ahead do not hide one that sends much', () => {
  const clock = { now: start };
  const rig = openRig(join(files.folder, 'invented.db'), clock);
  const message = { kind: 'send', at: start, account: 'joe@example.org' as Account } as const;
  const send = (id: string, headerFrom: string, more: Partial<Attempt> = {}): void => {
    rig.watch.judged({ ...message, outside: [], local: [], headerFrom, id });
    rig.attempt('sent', { queueId: id, ...more });
  };
  for (let nth = 0; nth < 5_000; nth++) send(`I${nth}`, `joe@thief${nth}.example`);
  send('Q1', 'news@example.org', { at: (start + 30 * dayMs) as Millis });
  for (let nth = 0; nth < 2_600; nth++) rig.attempt('sent', { queueId: 'Q1' });
  rig.turn(minuteMs);
  assert.deepEqual(
    rig.watch
      .list()
      .bulk.slice(0, 1)
      .map(({ domain, messagesADay }) => [domain, messagesADay]),
    [['example.org', 2_601]],
  );
  rig.ledger.close();
});

test('what strangers fill goes: intervals of lanes without mail, and kinds of replies', () => {
  const clock = { now: start };
  const path = join(files.folder, 'prune.db');
  const rig = openRig(path, clock);
  rig.attempt('sent', { mxHost: 'mx.gone.example', mxAddress: '192.0.2.4' });
  rig.attempt('deferred', { mxHost: gmail, reply: `host ${gmail}[192.0.2.26] said: 451 plork` });
  rig.taken();
  clock.now = (clock.now + dayMs) as Millis;
  rig.attempt('sent');
  rig.taken();
  rig.ledger.close();
  const database = new DatabaseSync(path);
  const add = database.prepare(
    `INSERT INTO lane_reply SELECT source, family, 'evil.example', shape || ?, example, rule,
       scope, severity, cure, count, first_at, last_at + ? FROM lane_reply
       WHERE provider = 'google'`,
  );
  database.exec('BEGIN');
  for (let nth = 1; nth <= 6_000; nth++) add.run(` ${nth}`, nth);
  database.exec('COMMIT');
  const [before] = database.prepare('SELECT COUNT(*) AS n FROM lane_sample').all();
  assert.equal(before?.['n'], 3);
  database.close();
  const ledger = openLedger(path);
  const prune = (stories: Millis): void => {
    const others = {
      messages: start,
      statistics: start,
      deferred: start,
      known: [],
      imports: start,
    };
    while (ledger.prune({ ...others, stories }));
  };
  prune(0 as Millis);
  const all = ledger.laneReplies({ since: 0 as Millis, limit: 10_000 });
  assert.equal(all.length, 5_000);
  assert.ok(all.some(({ provider }) => provider === 'google'));
  prune((start + dayMs / 2) as Millis);
  ledger.close();
  const pruned = new DatabaseSync(path);
  const kept = pruned.prepare('SELECT DISTINCT provider FROM lane_sample').all();
  assert.deepEqual(
    kept.map((row) => row['provider']),
    ['google'],
  );
  pruned.close();
});
