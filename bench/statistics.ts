/**
 * Statistics over ten million messages, recorded as mail flows: how long `postern stats` takes on
 * them, the start of the program included, and how much room they have on the disk. The messages
 * are made up: a year of 2,000 accounts, 200 scripts, 3,000 From domains, and scores with twelve of
 * 300 rules each. Then the page over a busy month (statistics-page.ts).
 *
 *   node bench/statistics.ts [--messages N] [--accounts N] [--json]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Account } from '../src/core/account-name.ts';
import type { Submission } from '../src/core/event.ts';
import type { RuleHit } from '../src/formats/scan/rule.ts';
import { dayMs, type Millis } from '../src/lib/time.ts';
import { statsKinds } from '../src/ports/stats.ts';
import { countMail } from './counted-mail.ts';
import { dice, type Goal, goalLines, machineLoad, median, shown, table } from './figures.ts';
import { postern } from './servers.ts';
import { benchStatisticsPage, type PageFigures, pageRows } from './statistics-page.ts';

const days = 365;
const rulesEach = 12;
const runs = 3;

export type StatisticsFigures = {
  readonly messages: number;
  readonly countUs: number;
  readonly writeSeconds: number;
  readonly fileMb: number;
  readonly questions: readonly { readonly question: string; readonly seconds: number }[];
  readonly load: readonly [before: number, after: number];
  readonly page: PageFigures;
  readonly goals: readonly Goal[];
};

export async function benchStatistics(options: {
  readonly messages: number;
  readonly accounts: number;
  readonly say: (text: string) => void;
}): Promise<StatisticsFigures> {
  const before = machineLoad();
  const page = await benchStatisticsPage(options);
  const state = mkdtempSync(join(tmpdir(), 'postern-bench-stats-'));
  try {
    const path = join(state, 'ledger.db');
    const { countUs, writeSeconds } = record(path, options);
    const questions = [
      ...statsKinds.map((by) => ['--by', by, '--since', `${days}d`]),
      ['--by', 'account', '--since', '180d', '--sort', 'moved'],
      ['--by', 'script', '--since', '30d'],
    ].map((words) => {
      options.say(`statistics: postern stats ${words.join(' ')}`);
      return {
        question: words.join(' '),
        seconds: median(Array.from({ length: runs }, () => asked(state, words))),
      };
    });
    return {
      messages: options.messages,
      countUs,
      writeSeconds,
      questions,
      fileMb: statSync(path).size / 1e6,
      page,
      load: [before, machineLoad()],
      goals: [
        ...page.goals,
        {
          what:
            `stats over ${shown(options.messages / 1e6)} million messages, the slowest ` +
            'question',
          value: Math.max(...questions.map(({ seconds }) => seconds)),
          unit: 's',
          most: 2,
        },
      ],
    };
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

function asked(state: string, words: readonly string[]): number {
  const began = performance.now();
  const ran = spawnSync(postern, ['stats', ...words, '--state', state, '--json'], {
    encoding: 'utf8',
  });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return (performance.now() - began) / 1_000;
}

/** What came together on a day is written at its end. */
function record(
  path: string,
  { messages, say }: { readonly messages: number; readonly say: (text: string) => void },
): { readonly countUs: number; readonly writeSeconds: number } {
  const { statistics, flush, close } = countMail(path);
  const roll = dice(11);
  const first = Math.floor(Date.now() / dayMs) - days + 1;
  const rules: RuleHit[] = Array.from({ length: 300 }, (_, n) => ({
    name: `RULE_${n}`,
    points: (n % 9) / 4,
  }));
  let countMs = 0;
  let writeMs = 0;
  for (let day = 0; day < days; day++) {
    if (day % 50 === 0) say(`statistics: day ${day} of ${days}`);
    const today = Math.round(((day + 1) * messages) / days) - Math.round((day * messages) / days);
    const at = ((first + day) * dayMs) as Millis;
    const began = performance.now();
    for (let n = 0; n < today; n++) statistics.seen(madeUp(roll, rules, at), 'passed');
    statistics.write();
    const counted = performance.now();
    countMs += counted - began;
    flush();
    writeMs += performance.now() - counted;
  }
  close();
  return { countUs: (countMs * 1_000) / messages, writeSeconds: writeMs / 1_000 };
}

function madeUp(roll: () => number, rules: readonly RuleHit[], at: Millis): Submission {
  const who = Math.floor(roll() ** 2 * 2_200);
  const firstRule = Math.floor(roll() * (rules.length - rulesEach));
  const score = roll() < 0.02 ? 5 + roll() * 10 : roll() * 4 - 1;
  return {
    kind: 'send',
    id: '',
    at,
    local: [],
    account: (who < 2_000
      ? `user${who}@here.example`
      : `script:/var/www/site${who}/form.php`) as Account,
    outside: [`a@domain${Math.floor(roll() ** 3 * 3_000)}.example`, 'b@gmail.com'],
    headerFrom: `x@own${Math.floor(roll() ** 2 * 3_000)}.example`,
    scan: {
      by: 'spamassassin',
      score,
      required: 5,
      likeness: score / 5,
      virus: '',
      rules: rules.slice(firstRule, firstRule + rulesEach),
      masked: [],
      suspected: '',
      missing: [],
      tooBig: [],
      scans: 1,
      reused: 0,
      tookMs: 40,
    },
  };
}

export function statisticsTable(figures: StatisticsFigures): string {
  return table([
    ['', 'figure'],
    ['messages', shown(figures.messages)],
    ['counting one, µs', shown(figures.countUs)],
    ['writing all, s', shown(figures.writeSeconds)],
    ['ledger, MB', shown(figures.fileMb)],
    ...figures.questions.map(({ question, seconds }) => [
      `postern stats ${question}, s`,
      shown(seconds),
    ]),
    ['load before and after', figures.load.map(shown).join(', ')],
    ...pageRows(figures.page),
  ]);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      messages: { type: 'string', default: '10000000' },
      accounts: { type: 'string', default: '50000' },
      json: { type: 'boolean', default: false },
    },
  });
  const figures = await benchStatistics({
    messages: Number(values.messages),
    accounts: Number(values.accounts),
    say: (text) => process.stderr.write(`${text}\n`),
  });
  if (values.json) console.log(JSON.stringify(figures));
  else console.log(`${statisticsTable(figures)}\n\n${goalLines(figures.goals)}`);
}
