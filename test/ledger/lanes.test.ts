/**
 * How providers treat us, on a real ledger: what is counted once over a kill, told once, shown, and
 * kept within limits.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Account } from '../../src/core/account-name.ts';
import { providerOfMx } from '../../src/core/deliverability/providers.ts';
import type { Attempt } from '../../src/core/fate/attempt.ts';
import type { Notice } from '../../src/core/notice.ts';
import { openReplyClassifier } from '../../src/core/replies/classifier.ts';
import { allReplyRules } from '../../src/core/replies/rules/all.ts';
import { openJournal } from '../../src/flow/journal/journal.ts';
import { openBulkMissing } from '../../src/flow/lanes/bulk-missing.ts';
import { openBulkSenders } from '../../src/flow/lanes/bulk-senders.ts';
import { openLaneNotices } from '../../src/flow/lanes/lane-notices.ts';
import { storedLaneViews } from '../../src/flow/lanes/lane-views.ts';
import { openLaneWatch } from '../../src/flow/lanes/lane-watch.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { dayMs, type Millis, minuteMs, secondMs } from '../../src/lib/time.ts';
import { organisationOf } from '../../src/partners/dns/public-suffix.ts';
import { quietWorld } from '../doubles/world.ts';
import { scratchFiles } from '../scratch-files.ts';
import { earlierLedgers } from './earlier-ledgers.ts';

const files = scratchFiles('lanes');
const start = (1_800_000_000_000 - (1_800_000_000_000 % dayMs)) as Millis;
const gmail = 'gmail-smtp-in.l.google.com';
const gmx = 'mx00.emig.gmx.net';
const slower =
  `host ${gmail}[192.0.2.26] said: 421-4.7.28 Gmail has detected an unusual rate of mail ` +
  'originating from your IP address. To protect our users from spam, mail sent from your IP ' +
  'address has been temporarily rate limited. 421 4.7.28 - gsmtp (in reply to end of DATA command)';
const refused =
  'host mx00.emig.gmx.net[192.0.2.4] refused to talk to me: 554-gmx.net (mxgmx016) Nemesis ESMTP ' +
  'Service not available 554-No SMTP service 554-IP address is block listed. 554 For explanation ' +
  'visit https://postmaster.gmx.net/en/case?c=r0303&i=ip&v=192.0.2.99&r=1N7';

/** A watch over a ledger in a file, on a clock in the test's hand. */
function openRig(
  path: string,
  clock: { now: Millis },
  check: (domain: string) => Promise<readonly string[]> = async () => [],
) {
  const ledger = openLedger(path);
  const world = quietWorld({ clock: { now: () => clock.now } });
  const journal = openJournal({ ledger, world, onState: () => {} });
  const notices: Notice[] = [];
  const missing = openBulkMissing({ ledger: journal.live, check, world });
  const told = openLaneNotices({
    notices: { send: (notice) => void notices.push(notice) },
    world,
    host: 'mail.example.org',
    nameOf: (provider) => provider,
    missing: missing.now,
    iso: (at) => new Date(at).toISOString(),
  });
  const bulk = openBulkSenders({ ledger, journal, organisationOf, clock: world.clock });
  const watch = openLaneWatch({
    classifier: openReplyClassifier(allReplyRules([])),
    providerOf: (mxHost) => providerOfMx(mxHost)?.id,
    organisationOf,
    ledger,
    journal,
    world,
    told,
    bulk,
    missing,
  });
  let place = 0;
  return {
    clock,
    ledger,
    watch,
    notices,
    /** All that was read until now is written, with its place. */
    taken() {
      watch.cut()('mail-log test', String(++place));
      assert.ok(journal.flushNow());
    },
    /** Time passes, and lanes are judged. */
    turn(ms: number) {
      for (const end = clock.now + ms; clock.now < end; ) {
        clock.now = Math.min(end, clock.now + 5 * secondMs) as Millis;
        watch.look();
      }
      assert.ok(journal.flushNow());
    },
    attempt(outcome: Attempt['outcome'], more: Partial<Attempt> = {}) {
      watch.attempted({
        at: clock.now,
        host: 'mail',
        queueId: 'Q1',
        account: 'joe@example.org' as Account,
        recipient: 'ann@gmail.com',
        original: 'ann@gmail.com',
        outcome,
        isLocal: false,
        mxHost: gmail,
        mxAddress: '192.0.2.26',
        from: '',
        status: '',
        reply: outcome === 'sent' ? '250 2.0.0 OK gsmtp' : slower,
        delaySeconds: 3,
        ...more,
      });
    },
    sums() {
      const [detail] = watch.show('google', 0 as Millis);
      const all = detail?.samples ?? [];
      const sum = (name: 'sent' | 'deferred' | 'bounced'): number =>
        all.reduce((total, one) => total + one[name], 0);
      return [sum('sent'), sum('deferred'), sum('bounced')];
    },
  };
}

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
  const olderThan = { messages: start, stories: start, statistics: start };
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

test('invented domains and a clock that was ahead do not hide one that sends much', async () => {
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
  // What the domain lacks is asked first.
  await new Promise(setImmediate);
  rig.turn(minuteMs);
  assert.deepEqual(
    rig.notices.map(({ account }) => account),
    ['example.org'],
  );
  rig.ledger.close();
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
    while (ledger.prune({ messages: start, stories, statistics: start }));
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
