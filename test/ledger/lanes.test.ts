/**
 * How providers treat us, on a real ledger: what is counted once over a kill, told once, shown, and
 * kept within limits.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Account } from '../../src/core/account-name.ts';
import { storedLaneViews } from '../../src/flow/lanes/lane-views.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { dayMs, type Millis, minuteMs, secondMs } from '../../src/lib/time.ts';
import { earlierLedgers } from './earlier-ledgers.ts';
import { files, gmail, openRig, refused, start } from './lane-rig.ts';

test('a kill between two places in the log counts nothing twice and loses nothing', () => {
  const path = join(files.folder, 'killed.db');
  const clock = { now: start };
  const first = openRig(path, clock);
  for (let nth = 0; nth < 7; nth++) first.attempt('sent');
  first.attempt('deferred');
  first.taken();
  first.turn(minuteMs);
  first.attempt('sent');
  first.attempt('deferred');
  // Killed here: these two lines are behind the place, so they are read again.
  first.ledger.close();
  const second = openRig(path, clock);
  assert.equal(second.ledger.meta('mail-log test'), '1');
  assert.deepEqual(second.sums(), [7, 1, 0]);
  second.attempt('sent');
  second.attempt('deferred');
  second.taken();
  assert.deepEqual(second.sums(), [8, 2, 0]);
  second.turn(minuteMs);
  const [detail] = second.watch.show('google', 0 as Millis);
  assert.equal(detail?.standing.state, 'slowed');
  assert.deepEqual([detail?.samples[0]?.delayP50, detail?.samples[0]?.delayP95], [3, 3]);
  second.ledger.close();
});

test('lanes that change together are told in one notice, and not for each message', () => {
  const rig = openRig(join(files.folder, 'told.db'), { now: start });
  for (let nth = 0; nth < 50; nth++) {
    rig.attempt('deferred');
    rig.attempt('deferred', { mxHost: 'mx00.emig.gmx.net', reply: refused });
  }
  rig.taken();
  rig.turn(5 * minuteMs);
  assert.deepEqual(
    rig.notices.map(({ account, event }) => [event, account]),
    [['lane.changed', '']],
  );
  const signals = rig.notices[0]?.reasons.map(({ signal }) => signal) ?? [];
  assert.ok(signals.includes('slowed') && signals.includes('blocked'));
  assert.match(JSON.stringify(rig.notices[0]), /joe@example\.org \(100 %\)/);
  for (let nth = 0; nth < 5; nth++) rig.attempt('sent');
  rig.turn(20 * minuteMs);
  assert.deepEqual(
    rig.notices.map(({ account }) => account),
    ['', 'google'],
  );
  assert.equal(rig.notices[1]?.reasons[0]?.signal, 'healthy');
  assert.deepEqual(
    rig.watch
      .changes(start, rig.clock.now)
      .map(({ provider, to }) => `${provider} ${to}`)
      .sort(),
    ['google healthy', 'google slowed', 'united-internet blocked'],
  );
  rig.ledger.close();
});

test('a log that is not read makes lanes unknown, without a notice, until it is read', () => {
  const rig = openRig(join(files.folder, 'unread.db'), { now: start });
  for (let nth = 0; nth < 9; nth++) rig.attempt('sent');
  rig.turn(minuteMs);
  assert.equal(rig.watch.list().lanes[0]?.state, 'healthy');
  rig.watch.unread('the mail log cannot be read');
  rig.turn(minuteMs);
  const { lanes, unread } = rig.watch.list();
  assert.deepEqual([lanes[0]?.state, unread], ['unknown', 'the mail log cannot be read']);
  rig.watch.unread(undefined);
  rig.turn(minuteMs);
  assert.equal(rig.watch.list().lanes[0]?.state, 'healthy');
  const states = rig.watch.changes(start, rig.clock.now).map(({ to }) => to);
  assert.deepEqual(states, ['healthy', 'unknown', 'healthy']);
  assert.equal(rig.notices.length, 0);
  rig.ledger.close();
});

test('a provider that refuses IPv6 only is shown with the commands for IPv4', () => {
  const rig = openRig(join(files.folder, 'ipv6.db'), { now: start });
  const reply =
    `host ${gmail}[2001:db8::26] said: 550-5.7.1 [2001:db8::99] Our system has detected that ` +
    'this message does not meet IPv6 sending guidelines regarding PTR records. ' +
    '550 5.7.1 - gsmtp (in reply to end of DATA command)';
  rig.attempt('bounced', { mxAddress: '2001:db8::26', reply });
  for (let nth = 0; nth < 6; nth++) rig.attempt('sent');
  rig.turn(minuteMs);
  const byFamily = new Map(rig.watch.list().lanes.map((one) => [one.family, one]));
  assert.equal(byFamily.get('ipv6')?.state, 'blocked');
  assert.match(
    byFamily.get('ipv6')?.commands.join('\n') ?? '',
    /inet_protocols=ipv4[\s\S]*gmail\.com/,
  );
  assert.deepEqual(byFamily.get('ipv4')?.commands, []);
  rig.ledger.close();
});

test('words of our own server and mail of this machine make no lane', () => {
  const rig = openRig(join(files.folder, 'own.db'), { now: start });
  rig.attempt('deferred', { mxHost: '', mxAddress: '', reply: 'connect to a: timed out' });
  rig.attempt('sent', { isLocal: true });
  rig.attempt('sent', { mxHost: 'filter', mxAddress: '127.0.0.1' });
  rig.attempt('handed-on');
  rig.attempt('expired');
  assert.deepEqual(rig.watch.list().lanes, []);
  rig.ledger.close();
});

test('lanes have a limit, and the rest is counted together', () => {
  const rig = openRig(join(files.folder, 'many.db'), { now: start });
  for (let nth = 0; nth < 3_000; nth++) {
    for (let times = 0; times < 4; times++)
      rig.attempt('sent', { mxHost: `mx.site${nth}.example` });
  }
  rig.attempt('sent');
  const { lanes } = rig.watch.list();
  assert.ok(lanes.length <= 500, `${lanes.length} lanes`);
  assert.ok(lanes.some(({ provider }) => provider === 'other'));
  assert.ok(lanes.some(({ provider }) => provider === 'google'));
  rig.ledger.close();
});

test('each of many small sites takes no lane from another; what is old goes from the file', () => {
  const path = join(files.folder, 'old.db');
  const rig = openRig(path, { now: start });
  for (let nth = 0; nth < 3_000; nth++) {
    rig.attempt('sent', { mxHost: `mx.site${nth}.example` });
    if (nth % 50 === 0) rig.taken();
  }
  const message = { kind: 'send', at: start, account: 'joe@example.org' as Account } as const;
  const about = { outside: [], local: [], headerFrom: 'news@small.example' };
  rig.watch.judged({ ...message, ...about, id: 'Q1' });
  rig.attempt('sent');
  rig.taken();
  const rows = (): readonly number[] => {
    const file = new DatabaseSync(path, { readOnly: true });
    const counted = ['lane', 'lane_sample', 'bulk_domain'].map((table) =>
      Number(file.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']),
    );
    file.close();
    return counted;
  };
  assert.deepEqual(rows(), [102, 102, 1]);
  const others = { messages: start, statistics: start, deferred: start, known: [], imports: start };
  const olderThan = { ...others, stories: start };
  for (let nth = 0; nth < 100 && rig.ledger.prune(olderThan); nth++);
  assert.deepEqual(rows(), [102, 102, 1]);
  const later = (start + 2 * dayMs) as Millis;
  for (let nth = 0; nth < 100 && rig.ledger.prune({ ...olderThan, stories: later }); nth++);
  assert.deepEqual(rows(), [0, 0, 0]);
  rig.ledger.close();
});

test('a domain near to the number of Gmail is told once, with what it lacks', async () => {
  const path = join(files.folder, 'bulk.db');
  const clock = { now: start };
  const asked: string[] = [];
  const rig = openRig(path, clock, async (domain) => {
    asked.push(domain);
    return ['not met: SPF and DKIM pass (spf, dkim)'];
  });
  const message = { kind: 'send', at: start, account: 'joe@example.org' as Account } as const;
  const about = { outside: [], local: [], headerFrom: 'news@shop.example.org' };
  rig.watch.judged({ ...message, ...about, id: 'Q1' });
  for (let nth = 0; nth < 2_499; nth++) rig.attempt('sent');
  // A company that uses Google's service does not count.
  for (let nth = 0; nth < 9; nth++) rig.attempt('sent', { mxHost: 'aspmx.l.google.com' });
  rig.turn(minuteMs);
  assert.equal(rig.notices.length, 0);
  for (let nth = 0; nth < 2_600; nth++) rig.attempt('sent');
  rig.taken();
  await new Promise(setImmediate);
  rig.turn(minuteMs);
  assert.deepEqual(
    rig.notices.map(({ account, event }) => [event, account]),
    [['bulk.near', 'example.org']],
  );
  const lacks = rig.notices[0]?.reasons.map(({ text }) => text).join('\n');
  assert.match(lacks ?? '', /example\.org: not met: SPF and DKIM pass/);
  assert.deepEqual(rig.watch.list().bulk[0]?.missing, ['not met: SPF and DKIM pass (spf, dkim)']);
  assert.deepEqual(asked, ['example.org'], 'the DNS is asked rarely');
  rig.attempt('sent');
  rig.taken();
  rig.ledger.close();
  clock.now = (clock.now + 300 * dayMs) as Millis;
  const later = openRig(path, clock);
  const [standing] = later.watch.list().bulk;
  assert.deepEqual(
    [standing?.domain, standing?.messagesADay, standing?.limitADay, standing?.passedAt],
    ['example.org', 5_100, 5_000, start + minuteMs],
  );
  later.ledger.close();
});

test('a clock that was a year ahead hides nothing that comes later', () => {
  const clock = { now: (start + 365 * dayMs) as Millis };
  const rig = openRig(join(files.folder, 'clock.db'), clock);
  const message = { kind: 'send', at: start, account: 'joe@example.org' as Account } as const;
  const about = { outside: [], local: [], headerFrom: 'news@example.org' };
  rig.watch.judged({ ...message, ...about, id: 'Q1' });
  for (let nth = 0; nth < 20; nth++) rig.attempt('sent');
  rig.turn(minuteMs);
  clock.now = start;
  // A line that another machine dated ahead.
  rig.attempt('sent', { at: (start + 300 * dayMs) as Millis });
  rig.turn(minuteMs);
  for (let nth = 0; nth < 6; nth++) rig.attempt('deferred');
  rig.turn(minuteMs);
  const { bulk, lanes } = rig.watch.list();
  assert.deepEqual(
    lanes.map(({ state }) => state),
    ['slowed'],
  );
  assert.deepEqual(
    rig.notices.map(({ event }) => event),
    ['lane.changed'],
  );
  for (let nth = 0; nth < 30; nth++) rig.attempt('sent');
  assert.deepEqual([bulk[0]?.messagesADay, rig.watch.list().bulk[0]?.messagesADay], [20, 31]);
  rig.ledger.close();
});

test('neither a kill before the notice nor a failing name server loses the notice', async () => {
  const path = join(files.folder, 'untold.db');
  const clock = { now: start };
  const check = async (): Promise<readonly string[]> => {
    throw new Error('the name server fails');
  };
  const rig = openRig(path, clock, check);
  const message = { kind: 'send', at: start, account: 'joe@example.org' as Account } as const;
  const about = { outside: [], local: [], headerFrom: 'news@example.org' };
  rig.watch.judged({ ...message, ...about, id: 'Q1' });
  for (let nth = 0; nth < 3_000; nth++) rig.attempt('sent');
  rig.taken();
  // The process ends here, before the next look.
  rig.ledger.close();
  const later = openRig(path, clock, check);
  later.watch.judged({ ...message, ...about, id: 'Q1' });
  later.attempt('sent');
  later.turn(5 * secondMs);
  await new Promise(setImmediate);
  later.turn(minuteMs);
  assert.deepEqual(
    later.notices.map(({ event }) => event),
    ['bulk.near'],
  );
  later.ledger.close();
});

test('a reply that no rule knows is listed as new, with a count', () => {
  const rig = openRig(join(files.folder, 'new.db'), { now: start });
  for (const minutes of [5, 17]) {
    rig.attempt('deferred', {
      mxHost: 'mx.small.example',
      reply: `host mx.small.example[192.0.2.9] said: 451 plork frobs, wait ${minutes} minutes`,
    });
  }
  rig.taken();
  const [reply] = rig.watch.list().newReplies;
  assert.deepEqual([reply?.provider, reply?.count], ['small.example', 2]);
  assert.match(reply?.example ?? '', /17 minutes/);
  rig.ledger.close();
});

test('lanes of a ledger that version 14 wrote are shown without the guard', () => {
  const path = join(files.folder, 'earlier.db');
  const database = new DatabaseSync(path);
  database.exec(earlierLedgers[13] ?? '');
  database.close();
  const ledger = openLedger(path, { readOnly: true });
  const views = storedLaneViews(ledger, 20_000 as Millis);
  const { bulk, lanes, unread } = views.list();
  assert.deepEqual([lanes[0]?.provider, lanes[0]?.state], ['google', 'unknown']);
  assert.equal(unread, 'the guard is not running');
  assert.deepEqual([bulk[0]?.messagesADay, bulk[0]?.passedAt], [5_100, 17_000]);
  const [detail] = views.show('google', 0 as Millis);
  assert.deepEqual([detail?.changes.length, detail?.replies[0]?.count], [1, 2]);
  ledger.close();
});
