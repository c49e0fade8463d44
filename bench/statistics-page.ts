/**
 * The status page over a busy month: 50,000 accounts a day for thirty days. How long the guard's
 * event loop stands still while the page asks for its statistics, when no mail is answered, and
 * what the answers take. Of statistics.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectToGuard, queryText } from '../src/commands/guard/client.ts';
import type { Account } from '../src/core/account-name.ts';
import { dayMs, type Millis } from '../src/lib/time.ts';
import { countMail } from './counted-mail.ts';
import { type Goal, median, shown } from './figures.ts';
import { watching } from './pause-watch.ts';
import { runPostern } from './servers.ts';

const days = 30;
/**
 * The page's four questions are asked so often, each time with other limits: none is answered from
 * memory.
 */
const rounds = 5;
const idleMs = 2_000;

export type PageFigures = {
  readonly accounts: number;
  readonly idlePauseMs: number;
  readonly pauseMs: number;
  readonly roundMs: readonly number[];
  readonly cpuMs: number;
  readonly grownMb: number;
  readonly goals: readonly Goal[];
};

export async function benchStatisticsPage(options: {
  readonly accounts: number;
  readonly say: (text: string) => void;
}): Promise<PageFigures> {
  const state = mkdtempSync(join(tmpdir(), 'postern-bench-page-'));
  try {
    record(join(state, 'ledger.db'), options);
    const pauseFile = join(state, 'pause.json');
    await using guard = await runPostern(state, {
      nodeOptions: `--import ${join(import.meta.dirname, 'loop-pause.ts')}`,
      env: { LOOP_PAUSE_FILE: pauseFile },
    });
    const admin = await connectToGuard(state);
    const watched = { pid: guard.pid, pauseFile };
    await watching(watched, true);
    await sleep(idleMs);
    const idle = await watching(watched, false);
    const spent = guard.cpuMs();
    await watching(watched, true);
    const roundMs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const began = performance.now();
      await Promise.all(questions(round).map((query) => admin.read(`/stats${queryText(query)}`)));
      roundMs.push(performance.now() - began);
    }
    const asked = await watching(watched, false);
    return {
      accounts: options.accounts,
      roundMs,
      idlePauseMs: idle.pauseMs,
      pauseMs: asked.pauseMs,
      grownMb: asked.grownMb,
      cpuMs: guard.cpuMs() - spent,
      goals: [
        {
          what:
            `${shown(options.accounts)} accounts a day: longest pause of the event loop ` +
            'while the page asks',
          value: asked.pauseMs,
          unit: 'ms',
          most: 50,
        },
      ],
    };
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

/** As page/views/statistics.js asks. */
function questions(round: number): readonly Readonly<Record<string, string | number>>[] {
  const until = Math.floor(Date.now() / dayMs);
  const span = { since: until - days + 1, until };
  return [
    { by: 'day', order: 'messages', limit: days + round, ...span },
    ...['script', 'account'].map((by) => ({ by, order: 'spam', limit: 5 + round, ...span })),
    { by: 'rule', order: 'messages', limit: 5 + round, ...span },
  ];
}

/** A message of each account on each day; every hundredth looks like spam. */
function record(
  path: string,
  { accounts, say }: { readonly accounts: number; readonly say: (text: string) => void },
): void {
  const { statistics, flush, close } = countMail(path);
  const first = Math.floor(Date.now() / dayMs) - days + 1;
  for (let day = 0; day < days; day++) {
    if (day % 10 === 0) say(`statistics: the page, day ${day} of ${days}`);
    for (let n = 0; n < accounts; n++) {
      const score = n % 100 === day ? 9 : (n % 40) / 10;
      statistics.seen(
        {
          kind: 'send',
          id: '',
          at: ((first + day) * dayMs) as Millis,
          local: [],
          account: `user${n}@here.example` as Account,
          outside: ['a@gmail.com'],
          headerFrom: `user${n}@here.example`,
          scan: {
            by: 'spamassassin',
            score,
            required: 5,
            likeness: score / 5,
            virus: '',
            rules: [],
            masked: [],
            suspected: '',
            missing: [],
            tooBig: [],
            scans: 1,
            reused: 0,
            tookMs: 40,
          },
        },
        'passed',
      );
    }
    // Not all is handed over at once.
    do statistics.write();
    while (flush());
  }
  close();
}

/** For the table of statistics.ts. */
export function pageRows(figures: PageFigures): readonly (readonly string[])[] {
  const { roundMs } = figures;
  return [
    ['the page: accounts a day, 30 days', shown(figures.accounts)],
    ['longest pause of the event loop while idle, ms', shown(figures.idlePauseMs)],
    ['longest pause of the event loop while the page asks, ms', shown(figures.pauseMs)],
    [
      'the page’s four answers: the first time, then the median, ms',
      `${shown(roundMs[0] ?? 0)}, ${shown(median(roundMs))}`,
    ],
    [`processor for ${rounds} times four answers, ms`, shown(figures.cpuMs)],
    ['memory grown meanwhile, MB', shown(figures.grownMb)],
  ];
}
