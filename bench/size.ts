/**
 * Size: a ledger of 100,000 accounts with 100 known recipients each, opened anew in a fresh
 * process. How much memory does the guard take, and how long does a decision last? What decides is
 * the real gate over the journal and the ledger's file, asked for random accounts at fixed
 * instants; before that, for enough accounts to fill the memory of accounts. Then the daemon
 * itself: `postern up` on the same ledger, after mail of about as many accounts.
 *
 *   node bench/size.ts [--accounts N] [--recipients N] [--seconds N] [--keep FILE] [--json]
 */

import { fork, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { noCeilings } from '../src/core/account/policy.ts';
import { enforcementOf } from '../src/core/enforcement/enforcement.ts';
import type { Submission } from '../src/core/event.ts';
import { openWorld } from '../src/daemon/base/timers.ts';
import { openAccounts } from '../src/flow/account/accounts.ts';
import { openExemptions } from '../src/flow/account/exemptions.ts';
import { openGate } from '../src/flow/account/message-submitted.ts';
import { openFeed } from '../src/flow/account/verdict-feed.ts';
import { type Journal, openJournal } from '../src/flow/journal/journal.ts';
import { inMemory, openLedger } from '../src/ledger/sqlite/open.ts';
import { assert } from '../src/lib/assert.ts';
import { lazyText } from '../src/lib/lazy.ts';
import type { Millis } from '../src/lib/time.ts';
import type { Gate } from '../src/ports/message.ts';
import { noMailings } from '../test/doubles/mailings.ts';
import {
  dice,
  type Goal,
  goalLines,
  machineLoad,
  quantile,
  rssMbOf,
  shown,
  table,
} from './figures.ts';
import { accountName, clientOf, friend, ledgerSeed, seededAccount } from './load-messages.ts';
import type { LoadFigures } from './milter-load.ts';
import { ask, runPostern, stop } from './servers.ts';

type GateFigures = {
  readonly openMs: number;
  readonly rssOpenMb: number;
  readonly rssMb: number;
  readonly decisions: number;
  readonly decisionP50Ms: number;
  readonly decisionP99Ms: number;
  /** From the moment it was due, so that every pause of the event loop counts. */
  readonly answerP99Ms: number;
  readonly answerMaxMs: number;
  readonly stopped: number;
  readonly dropped: number;
};

export type SizeFigures = GateFigures & {
  readonly accounts: number;
  readonly recipientsEach: number;
  readonly fileMb: number;
  readonly daemonRssMb: number;
  readonly daemonMessages: number;
  readonly load: readonly [before: number, after: number];
  readonly goals: readonly Goal[];
};

const decisionsPerSecond = 500;
/** Accounts asked for before anything is timed: more than are kept at hand. */
const warmAccounts = 20_000;
const warmBatch = 50;
const daemonMemory = [
  '--max-semi-space-size=8',
  '--heap-growing-percent=40',
  '--no-parallel-scavenge',
  '--no-allocation-site-pretenuring',
];

/** Around the ledger, straight into its tables: in key order, the index last. */
function fill(path: string, accounts: number, recipientsEach: number): void {
  const ledger = openLedger(path);
  ledger.write([{ kind: 'meta', key: 'seed', value: String(ledgerSeed) }], { durable: false });
  ledger.close();
  const database = new DatabaseSync(path);
  const index = database.prepare("SELECT sql FROM sqlite_schema WHERE name = 'known_by_recipient'");
  const sql = index.get()?.['sql'];
  assert(typeof sql === 'string', 'the ledger has an index over recipients');
  database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -100000; BEGIN');
  database.exec('DROP INDEX known_by_recipient');
  const account = database.prepare(
    "INSERT INTO account (id, name, state, touched, past) VALUES (?, ?, 'clear', ?, ?)",
  );
  const known = database.prepare('INSERT INTO known VALUES (?, ?, ?)');
  const now = Date.now() as Millis;
  for (let number = 0; number < accounts; number++) {
    const seeded = seededAccount(number, recipientsEach, now);
    const [, minute = 0] = seeded.learned;
    account.run(number + 1, seeded.account, number + 1, lazyText(seeded.profile));
    const book = Float64Array.from(seeded.learned.filter((_, at) => at % 2 === 0)).sort();
    for (const recipient of book) known.run(number + 1, recipient, minute);
  }
  database.exec(sql);
  database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}

function gateOver(journal: Journal): Gate {
  const accounts = openAccounts(journal, noCeilings, ledgerSeed);
  const settings = {
    mode: 'guard',
    enforce: [],
    enforced: enforcementOf([]),
    seed: 0,
    contact: '',
    whenFailing: 'answer',
    calmAfterMs: 0,
    releaseAfterMs: 0,
    automaticReleasesMax: 0,
  } as const;
  return openGate({
    accounts,
    journal,
    settings,
    exemptions: openExemptions([]),
    ...noMailings,
    weakPasswords: { why: () => '' },
    feed: openFeed(),
    world: openWorld({ log: () => {}, count: () => {} }),
    isOurs: () => false,
    passed: () => undefined,
    suspending: () => ({ changes: [], committed: () => {} }),
    holding: () => [],
    telling: () => [],
    held: () => ({ messages: 0, bytes: 0 }),
    full: () => [],
  });
}

/**
 * To two people it knows and one it does not: the ledger is asked for the account, its book and the
 * stranger.
 */
function message(account: number, number: number, recipients: number): Submission {
  return {
    kind: 'send',
    id: `4C${number.toString(36).toUpperCase().padStart(9, '0')}z`,
    at: Date.now() as Millis,
    account: accountName(account),
    outside: [
      friend(account, number % recipients),
      friend(account, (number * 7 + 1) % recipients),
      `new${number}@stranger.example`,
    ],
    local: [],
    client: clientOf(account).address,
    sender: accountName(account),
    messageId: `<${number}@bench.example>`,
    fingerprint: number.toString(36),
  };
}

async function measure(
  path: string,
  { accounts, recipients, seconds }: { accounts: number; recipients: number; seconds: number },
): Promise<GateFigures> {
  const began = performance.now();
  const ledger = openLedger(path);
  const openMs = performance.now() - began;
  const rssOpenMb = rssMbOf(process.pid);
  let dropped = 0;
  const journal = openJournal({
    ledger,
    world: openWorld({
      log: () => {},
      count: (name, by = 1) => {
        if (name === 'postern_ledger_dropped_total') dropped += by;
      },
    }),
    onState: () => {},
  });
  const gate = gateOver(journal);
  const roll = dice(7);
  let number = 0;
  let stopped = 0;
  const decide = (): void => {
    const account = Math.floor(roll() * accounts);
    gate.submit(message(account, ++number, recipients), 'login', (answer) => {
      if (answer.kind !== 'pass') stopped++;
    });
  };
  while (number < warmAccounts) {
    for (let one = 0; one < warmBatch; one++) decide();
    journal.flushNow();
    await turn();
  }
  const times = await play(decide, seconds * decisionsPerSecond);
  const rssMb = rssMbOf(process.pid);
  journal.close();
  ledger.close();
  return {
    openMs,
    rssOpenMb,
    rssMb,
    stopped,
    dropped,
    decisions: times.decision.length,
    decisionP50Ms: quantile(times.decision, 0.5),
    decisionP99Ms: quantile(times.decision, 0.99),
    answerP99Ms: quantile(times.answer, 0.99),
    answerMaxMs: quantile(times.answer, 1),
  };
}

type Times = { readonly decision: Float64Array; readonly answer: Float64Array };

/** Messages come at fixed instants, whether or not the process is ready for them. */
async function play(decide: () => void, decisions: number): Promise<Times> {
  const decision = new Float64Array(decisions);
  const answer = new Float64Array(decisions);
  const start = performance.now();
  for (let next = 0; next < decisions; ) {
    const due = start + (next * 1_000) / decisionsPerSecond;
    const now = performance.now();
    if (now >= due) {
      decide();
      const end = performance.now();
      decision[next] = end - now;
      answer[next] = end - due;
      next++;
    }
    await turn();
  }
  return { decision, answer };
}

/** The daemon's memory after a message each of random accounts. */
async function measureDaemon(
  state: string,
  { accounts, recipients, seconds }: { accounts: number; recipients: number; seconds: number },
): Promise<{ readonly daemonRssMb: number; readonly daemonMessages: number }> {
  await using postern = await runPostern(state);
  const client = fork(join(import.meta.dirname, 'milter-load.ts'), { stdio: 'inherit' });
  try {
    const figures: LoadFigures = await ask(client, {
      where: postern.where,
      connections: 8,
      forMs: seconds * 1_000,
      firstSession: 1,
      lettersPerSession: 1,
      signatures: 0,
      accounts,
      friends: recipients,
    });
    return { daemonRssMb: rssMbOf(postern.pid), daemonMessages: figures.messages };
  } finally {
    await stop(client);
  }
}

/**
 * Fills a ledger (or takes a copy of `keep`, where that file exists) and measures it in processes
 * of their own.
 */
export async function benchSize(options: {
  readonly accounts: number;
  readonly recipients: number;
  readonly seconds: number;
  readonly keep?: string;
  readonly say: (text: string) => void;
}): Promise<SizeFigures> {
  const { accounts, recipients, seconds, keep, say } = options;
  const before = machineLoad();
  const folder = mkdtempSync(join(tmpdir(), 'postern-size-'));
  try {
    const path = join(folder, 'ledger.db');
    assert(keep !== inMemory, 'the size of a file is measured');
    if (keep !== undefined && existsSync(keep)) copyFileSync(keep, path);
    else {
      say(`size: filling a ledger with ${accounts} accounts`);
      fill(path, accounts, recipients);
      if (keep !== undefined) copyFileSync(path, keep);
    }
    say('size: the gate');
    const each = ['--accounts', `${accounts}`, '--recipients', `${recipients}`];
    const child = spawnSync(
      process.execPath,
      // As the launcher runs the guard.
      [
        ...daemonMemory,
        fileURLToPath(import.meta.url),
        '--measure',
        path,
        ...each,
        '--seconds',
        `${seconds}`,
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    );
    assert(child.status === 0, `the measuring process ends well, not with ${child.status}`);
    const figures: GateFigures = JSON.parse(child.stdout);
    say('size: the daemon');
    const daemon = await measureDaemon(folder, options);
    return {
      ...figures,
      ...daemon,
      accounts,
      recipientsEach: recipients,
      fileMb: statSync(path).size / 1e6,
      load: [before, machineLoad()],
      goals: [
        { what: 'memory of the gate', value: figures.rssMb, unit: 'MB', most: 300 },
        { what: 'memory of the daemon', value: daemon.daemonRssMb, unit: 'MB', most: 300 },
        { what: 'decision, p99', value: figures.decisionP99Ms, unit: 'ms', most: 2 },
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function sizeTable(figures: SizeFigures): string {
  const { accounts, recipientsEach, load, stopped, dropped } = figures;
  return [
    table([
      [`${shown(accounts)} accounts, ${shown(recipientsEach)} recipients each`, ''],
      ['ledger file, MB', shown(figures.fileMb)],
      ['opened in, ms', shown(figures.openMs)],
      ['memory when opened, MB', shown(figures.rssOpenMb)],
      ['memory of the gate after messages, MB', shown(figures.rssMb)],
      [
        `memory of the daemon after ${shown(figures.daemonMessages)} messages, MB`,
        shown(figures.daemonRssMb),
      ],
      ['decision p50, ms', shown(figures.decisionP50Ms)],
      ['decision p99, ms', shown(figures.decisionP99Ms)],
      ['from when it was due, p99, ms', shown(figures.answerP99Ms)],
      ['from when it was due, slowest, ms', shown(figures.answerMaxMs)],
    ]),
    `${shown(figures.decisions)} decisions timed; load before and after ` +
      `${load.map(shown).join(', ')}`,
    ...(stopped + dropped === 0 ? [] : [`NOTE: ${stopped} did not pass, ${dropped} were dropped`]),
  ].join('\n');
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      accounts: { type: 'string', default: '100000' },
      recipients: { type: 'string', default: '100' },
      seconds: { type: 'string', default: '20' },
      keep: { type: 'string' },
      measure: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const sizes = {
    accounts: Number(values.accounts),
    recipients: Number(values.recipients),
    seconds: Number(values.seconds),
  };
  if (values.measure !== undefined) {
    console.log(JSON.stringify(await measure(values.measure, sizes)));
  } else {
    const figures = await benchSize({
      ...sizes,
      ...(values.keep === undefined ? {} : { keep: values.keep }),
      say: (text) => process.stderr.write(`${text}\n`),
    });
    if (values.json) console.log(JSON.stringify(figures));
    else console.log(`${sizeTable(figures)}\n\n${goalLines(figures.goals)}`);
  }
}
