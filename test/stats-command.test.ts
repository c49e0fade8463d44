/**
 * `postern stats` and what it prints, over a ledger that was filled through the flow that counts
 * live mail.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Account } from '../src/core/account-name.ts';
import type { Submission } from '../src/core/event.ts';
import { openStatistics } from '../src/flow/stats/statistics.ts';
import { openLedger } from '../src/ledger/sqlite/open.ts';
import { dayMs, type Millis } from '../src/lib/time.ts';
import type { Change } from '../src/ports/ledger.ts';
import type { StatsAnswer } from '../src/ports/stats.ts';
import { postern, type StateFolder, stateFolder } from './command-line.ts';
import { scriptedScan } from './doubles/scan.ts';
import { quietWorld } from './doubles/world.ts';

const day = Date.parse('2026-11-20T12:00:00Z');
const since = ['--since', '2026-11-01', '--until', '2026-11-25'];

async function filled(scores: boolean): Promise<StateFolder> {
  const state = await stateFolder();
  const ledger = openLedger(join(state.path, 'ledger.db'));
  const changes: Change[] = [];
  const statistics = openStatistics({
    journal: {
      add: (change) => void changes.push(change),
      state: () => ({ state: 'ok', why: '' }),
    },
    world: quietWorld(),
  });
  const send = (account: string, count: number, score: number, at = day): void => {
    for (let n = 0; n < count; n++) {
      const message: Submission = {
        kind: 'send',
        id: '',
        at: at as Millis,
        account: account as Account,
        outside: [`p${n % 3}@gmail.com`],
        local: [],
        headerFrom: '=cmd@shop.example',
        ...(scores ? { scan: scriptedScan(score) } : {}),
      };
      statistics.seen(message, score > 8 ? 'stopped' : 'passed');
    }
  };
  send('script:/var/www/club/kontakt.php', 30, 0.4, day - 30 * dayMs);
  send('script:/var/www/club/kontakt.php', 1_200, 9);
  send('script:/var/www/shop/send.php', 800, 0.2);
  send('ann@here.example', 40, 0.1);
  statistics.close();
  ledger.write(changes, { durable: false });
  ledger.close();
  return state;
}

test('which web script sends spam, in one command', async () => {
  await using state = await filled(true);
  const { out, exit } = await postern('stats', '--by', 'script', ...since, '--state', state.path);
  assert.equal(exit, 0);
  assert.equal(
    out,
    `2026-11-01 to 2026-11-25: 2,040 messages to 2,040 recipients, 1,200 stopped.
2,040 messages have a score; 59 % look like spam. \
50 % score below 9.3 points, 90 % below 9.3 points.
2,040 scans were made, 0 results of a copy were reused, 0 messages were not scanned.
Scans delayed a message by 100 ms on average.

SCRIPT                     MESSAGES  RECIPIENTS  STOPPED   SPAM  SHARE  MEDIAN  90 %  MEAN  BEFORE
/var/www/club/kontakt.php     1,200       1,200    1,200  1,200  100 %     9.3   9.3   9.0     0.4
/var/www/shop/send.php          800         800        0      0    0 %     0.2   0.2   0.2
`,
  );
});

test('as JSON and as comma-separated values, in which no cell is a formula', async () => {
  await using state = await filled(true);
  const json = await postern(
    'stats',
    '--by',
    'provider',
    ...since,
    '--json',
    '--state',
    state.path,
  );
  const answer = JSON.parse(json.out) as StatsAnswer;
  assert.deepEqual([answer.lines[0]?.key, answer.lines[0]?.messages], ['Google', 2_040]);
  const csv = await postern('stats', '--by', 'day', ...since, '--csv', '--state', state.path);
  assert.match(csv.out, /^day,messages,recipients,stopped,scored,spam,/);
  assert.match(csv.out, /\n2026-11-20,2040,2040,1200,2040,1200,/);
});

test('without scanning there are numbers all the same, and how to have more', async () => {
  await using state = await filled(false);
  const { out } = await postern('stats', ...since, '--state', state.path);
  assert.match(out, /No message was scanned; see postern connect spamassassin/);
  assert.match(out, /ACCOUNT +MESSAGES +RECIPIENTS +STOPPED\n/);
  const rules = await postern('stats', '--by', 'rule', ...since, '--state', state.path);
  assert.match(rules.out, /No rule matched in this time/);
});

test('a last day is given as a date, as days back, or as today', async () => {
  await using state = await filled(true);
  for (const until of ['2026-11-25', '1d', 'today']) {
    const days = ['--since', '2026-11-01', '--until', until];
    assert.equal((await postern('stats', ...days, '--state', state.path)).exit, 0, until);
  }
});

test('what cannot be asked is said', async () => {
  for (const words of [
    ['--by', 'colour'],
    ['--sort', 'worst'],
    ['--since', 'soon'],
    ['--limit', '0'],
  ]) {
    assert.equal((await postern('stats', ...words)).exit, 64, words.join(' '));
  }
});

test('what the page asks each minute keeps no mail waiting, with thousands of accounts', () => {
  const ledger = openLedger(':memory:');
  const until = Math.floor(day / dayMs);
  const accounts = 2_000;
  const tally = {
    messages: 9,
    recipients: 9,
    stopped: 0,
    scored: 9,
    points: 3,
    spam: 0,
    viruses: 0,
    scans: 9,
    reused: 0,
    unscanned: 0,
    scanMs: 9,
  };
  const days = 20;
  for (let back = 0; back < 2 * days; back++) {
    const rows = Array.from({ length: accounts }, (_, n): Change => {
      const key = `user${n}@customer.example`;
      const sketch = new Map([[n % 40, 9]]);
      return { kind: 'rollup', row: { by: 'account', day: until - back, key, tally, sketch } };
    });
    ledger.write(rows, { durable: false });
  }
  const query = { by: 'account', order: 'spam', since: until - days + 1, until, limit: 5 } as const;
  const rows = accounts * days;
  const began = process.cpuUsage();
  const answer = ledger.stats(query);
  const { user, system } = process.cpuUsage(began);
  ledger.close();
  assert.deepEqual([answer.keys, answer.lines[0]?.messages], [accounts, 9 * days]);
  assert.ok((user + system) / rows < 1, `${user + system} µs for ${rows} rows`);
});
