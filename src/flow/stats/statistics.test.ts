/** Statistics from the message to the answer, with the real ledger. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptedScan } from '../../../test/doubles/scan.ts';
import { quietWorld } from '../../../test/doubles/world.ts';
import { journalRig } from '../../../test/ledger/journal-rig.ts';
import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { StatsAnswer, StatsKind, StatsOrder } from '../../ports/stats.ts';
import { openStatistics, otherKeys } from './statistics.ts';

const today = 20_000;

function rig() {
  const disk = journalRig();
  const statistics = openStatistics({ journal: disk.journal, world: quietWorld() });
  return {
    disk,
    statistics,
    sent(
      account: string,
      score: number | undefined,
      more: Partial<Submission> & { day?: number } = {},
    ) {
      const { day = today, ...rest } = more;
      const message: Submission = {
        kind: 'send',
        id: '',
        at: (day * dayMs + 5) as Millis,
        account: account as Account,
        outside: ['a@gmail.com', 'b@googlemail.com', 'c@club.example'],
        local: [],
        ...(score === undefined ? {} : { scan: scriptedScan(score) }),
        ...rest,
      };
      statistics.seen(message, 'passed');
    },
    stats(by: StatsKind, order: StatsOrder = 'messages', days = 30): StatsAnswer {
      statistics.write();
      disk.journal.flushNow();
      const query = { by, order, since: today - days + 1, until: today, limit: 10 };
      return disk.ledger.stats(query);
    },
  };
}

const keys = ({ lines }: StatsAnswer): readonly string[] => lines.map(({ key }) => key);

test('which web script sends spam?', () => {
  const { sent, stats } = rig();
  for (let n = 0; n < 40; n++) {
    sent('script:/var/www/shop/contact.php', 0.5);
    sent('script:/var/www/club/form.php', n % 4 === 0 ? 1 : 9);
    sent('joe@here.example', 0.2);
  }
  const answer = stats('script', 'spam');
  assert.deepEqual(keys(answer), ['/var/www/club/form.php', '/var/www/shop/contact.php']);
  const [worst] = answer.lines;
  assert.deepEqual([worst?.messages, worst?.spam, worst?.mean], [40, 30, 7]);
  assert.equal(answer.total.messages, 120);
  assert.ok((worst?.p50 ?? 0) > 8.5 && (worst?.p50 ?? 0) < 9.5);
});

test('a message counts once for each provider, with its recipients there; by From; by day', () => {
  const { sent, stats } = rig();
  sent('joe@here.example', 1, { headerFrom: 'joe@shop.example' });
  sent('joe@here.example', undefined, { headerFrom: 'joe@shop.example', day: today - 1 });
  const providers = stats('provider').lines;
  assert.deepEqual(
    providers.map(({ key, messages, recipients }) => [key, messages, recipients]),
    [
      ['Google', 2, 4],
      ['club.example', 2, 2],
    ],
  );
  assert.deepEqual(keys(stats('domain')), ['shop.example']);
  const days = stats('day').lines;
  assert.deepEqual(
    days.map(({ key, messages, scored }) => [key, messages, scored]),
    [
      ['2024-10-04', 1, 1],
      ['2024-10-03', 1, 0],
    ],
  );
});

test('rules: how often, and the points that they gave', () => {
  const { sent, stats } = rig();
  const rules = [
    { name: 'URI_PHISH', points: 4 },
    { name: 'HTML_MESSAGE', points: 0 },
  ];
  sent('joe@here.example', 4, { scan: scriptedScan(4, { rules }) });
  sent('joe@here.example', 9);
  const answer = stats('rule');
  assert.deepEqual(
    answer.lines.map(({ key, messages, points, mean }) => [key, messages, points, mean]),
    [
      ['URI_PHISH', 2, 13, 6.5],
      ['HTML_MESSAGE', 1, 0, 0],
    ],
  );
});

test('whose scores moved most, where there is enough to compare', () => {
  const { sent, stats } = rig();
  for (let n = 0; n < 30; n++) {
    sent('steady@here.example', 3, { day: today - 40 });
    sent('steady@here.example', 3.1);
    sent('turned@here.example', 0.2, { day: today - 40 });
    sent('turned@here.example', 6);
    sent('new@here.example', 9);
  }
  const answer = stats('account', 'moved');
  assert.deepEqual(keys(answer).slice(0, 2), ['turned@here.example', 'steady@here.example']);
  const [turned, , fresh] = answer.lines;
  assert.deepEqual([turned?.mean, turned?.meanBefore, fresh?.meanBefore], [6, 0.2, undefined]);
  assert.equal(keys(stats('account', 'score'))[0], 'new@here.example');
});

test('counts come together over many writes, whatever the order', () => {
  const { sent, stats } = rig();
  for (let n = 0; n < 100; n++) {
    sent('joe@here.example', (n * 7) % 100);
    if (n % 10 === 0) stats('account');
  }
  const [joe] = stats('account').lines;
  assert.deepEqual([joe?.messages, joe?.scored, joe?.mean], [100, 100, 49.5]);
  assert.ok(Math.abs((joe?.p90 ?? 0) - 89) < 5, `${joe?.p90}`);
});

test('while the ledger takes nothing, nothing is lost and little waits', () => {
  const { disk, sent, stats, statistics } = rig();
  sent('joe@here.example', 1);
  disk.breakDisk(true);
  statistics.write();
  disk.journal.flushNow();
  assert.equal(disk.journal.state().state, 'failing');
  for (let n = 0; n < 1_000; n++) {
    sent('joe@here.example', 1);
    statistics.write();
  }
  disk.breakDisk(false);
  disk.pass(1_000);
  assert.equal(stats('account').lines[0]?.messages, 1_001);
});

test('of many accounts nothing is given up, and no message for them', () => {
  const { disk, sent, statistics } = rig();
  disk.breakDisk(true);
  sent('first@here.example', 1);
  statistics.write();
  disk.journal.flushNow();
  assert.equal(disk.journal.state().state, 'failing');
  const accounts = 30_000;
  for (let n = 0; n < accounts; n++) sent(`user${n}@here.example`, undefined);
  disk.breakDisk(false);
  disk.pass(1_000);
  for (let n = 0; n < 4; n++) {
    statistics.write();
    disk.journal.flushNow();
  }
  const query = { by: 'account', order: 'messages', since: today, until: today } as const;
  assert.equal(disk.ledger.stats({ ...query, limit: 1 }).keys, accounts + 1);
});

test('a message with a virus that looks like spam is one that looks bad, not two', () => {
  const { sent, stats } = rig();
  sent('joe@here.example', 9, { scan: scriptedScan(9, { virus: 'Eicar' }) });
  sent('joe@here.example', 9);
  const [joe] = stats('account').lines;
  assert.deepEqual([joe?.messages, joe?.spam, joe?.viruses], [2, 1, 1]);
});

test('one odd message now, or few before, is no change of a mean', () => {
  const { sent, stats } = rig();
  for (let n = 0; n < 30; n++) {
    sent('rare@here.example', 0.2, { day: today - 40 });
    sent('turned@here.example', 0.2, { day: today - 40 });
    sent('turned@here.example', 4);
  }
  sent('rare@here.example', 15);
  const [first, second] = stats('account', 'moved').lines;
  assert.deepEqual([first?.key, first?.meanBefore], ['turned@here.example', 0.2]);
  assert.deepEqual([second?.key, second?.meanBefore], ['rare@here.example', undefined]);
});

test('made-up From domains are counted, the later ones together', () => {
  const { sent, stats } = rig();
  for (let n = 0; n < 6_000; n++) {
    sent('joe@here.example', undefined, { headerFrom: `x@made${n}.example` });
  }
  const answer = stats('domain');
  assert.equal(answer.lines[0]?.key, otherKeys);
  assert.equal(answer.lines[0]?.messages, 1_000);
  assert.equal(answer.keys, 5_001);
});
