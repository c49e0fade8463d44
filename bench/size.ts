/**
 * Size: a ledger of 100,000 accounts with 100 known recipients each, opened anew in a fresh process. How much memory does
 * the process take, and how long does a decision wait for the ledger?
 *
 *   node bench/size.ts [--accounts N] [--recipients N] [--seconds N] [--keep FILE] [--json]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Account } from '../src/core/event.ts';
import { type Journal, openJournal } from '../src/flow/journal.ts';
import { inMemory, openLedger } from '../src/ledger/sqlite/open.ts';
import { assert } from '../src/lib/assert.ts';

export type SizeFigures = {
  readonly accounts: number;
  readonly recipientsEach: number;
  readonly fileMb: number;
  readonly openMs: number;
  readonly rssOpenMb: number;
  readonly rssMb: number;
  readonly decisions: number;
  readonly decisionP50Ms: number;
  readonly decisionP99Ms: number;
  /** From the moment it was due, so that every pause of the event loop counts. */
  readonly answerP50Ms: number;
  readonly answerP99Ms: number;
  readonly answerMaxMs: number;
  readonly dropped: number;
};

/** What is measured: everything that one message asks of the ledger. The seam where the whole gate is to be put. */
export type Decide = (account: Account, strangers: readonly number[]) => void;

const goals = { rssMb: 300, decisionP99Ms: 2 };
const decisionsPerSecond = 500;
/** About the size of a real one. */
const past = JSON.stringify({ made: 'up', sums: Array.from({ length: 90 }, (_, n) => n * 137) });
const firstMinute = 29_000_000;

/** Everybody's account name, by number. */
function accountName(number: number): Account {
  return `user${number}@customer${number % 700}.example` as Account;
}

/** xorshift: the same ledger each time. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function hash(roll: () => number): number {
  return Math.floor(roll() * 2 ** 21) * 2 ** 32 + Math.floor(roll() * 2 ** 32);
}

/** Around the ledger, straight into its tables: in key order, the index last. */
function fill(path: string, accounts: number, recipientsEach: number): void {
  openLedger(path).close();
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
  const roll = dice(20_260);
  for (let id = 1; id <= accounts; id += 1) {
    account.run(id, accountName(id), id, past);
    const book = Float64Array.from({ length: recipientsEach }, () => hash(roll)).sort();
    for (const recipient of book) known.run(id, recipient, firstMinute);
  }
  database.exec(sql);
  database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}

function ledgerDecision(journal: Journal): Decide {
  let minute = firstMinute;
  return (account, strangers) => {
    const record = journal.live.loadAccount(account);
    assert(record !== undefined && record.recipients.length > 0, `${account} is in the ledger`);
    const [first = 0] = record.recipients;
    assert(journal.live.knownHere(first), 'a known recipient is known here');
    const learned = strangers.filter((stranger) => !journal.live.knownHere(stranger)).slice(0, 1);
    minute += 1;
    journal.add({
      kind: 'account',
      account,
      state: record.state,
      past: record.past,
      learned: learned.flatMap((stranger) => [stranger, minute]),
      forgotten: [],
    });
  };
}

async function measure(path: string, accounts: number, seconds: number): Promise<SizeFigures> {
  const began = performance.now();
  const ledger = openLedger(path);
  const openMs = performance.now() - began;
  const rssOpenMb = rssMb();
  let dropped = 0;
  const journal = openJournal({
    ledger,
    timers: {
      every: (ms, tick) => {
        const timer = setInterval(tick, ms);
        return () => clearInterval(timer);
      },
      soon: (run) => void setImmediate(run),
    },
    log: () => {},
    count: (name, by = 1) => {
      if (name === 'postern_ledger_dropped_total') dropped += by;
    },
    onState: () => {},
  });
  const times = await play(ledgerDecision(journal), accounts, seconds * decisionsPerSecond);
  const rss = rssMb();
  const recipientsEach = journal.live.loadAccount(accountName(1))?.recipients.length ?? 0;
  journal.close();
  ledger.close();
  return {
    accounts,
    recipientsEach,
    fileMb: statSync(path).size / 1e6,
    openMs,
    rssOpenMb,
    rssMb: rss,
    decisions: times.decision.length,
    decisionP50Ms: quantile(times.decision, 0.5),
    decisionP99Ms: quantile(times.decision, 0.99),
    answerP50Ms: quantile(times.answer, 0.5),
    answerP99Ms: quantile(times.answer, 0.99),
    answerMaxMs: quantile(times.answer, 1),
    dropped,
  };
}

type Times = { readonly decision: Float64Array; readonly answer: Float64Array };

/** Messages come at fixed instants, whether or not the process is ready for them. */
function play(decide: Decide, accounts: number, decisions: number): Promise<Times> {
  const decision = new Float64Array(decisions);
  const answer = new Float64Array(decisions);
  const roll = dice(7);
  const start = performance.now();
  let next = 0;
  return new Promise((resolve) => {
    const turn = (): void => {
      const due = start + (next * 1_000) / decisionsPerSecond;
      const now = performance.now();
      if (now >= due) {
        decide(accountName(1 + Math.floor(roll() * accounts)), [hash(roll), hash(roll)]);
        const end = performance.now();
        decision[next] = end - now;
        answer[next] = end - due;
        next += 1;
      }
      if (next === decisions) resolve({ decision, answer });
      else setImmediate(turn);
    };
    turn();
  });
}

function quantile(values: Float64Array, share: number): number {
  return values.toSorted()[Math.round((values.length - 1) * share)] ?? 0;
}

function rssMb(): number {
  return process.memoryUsage.rss() / 1e6;
}

function table(figures: SizeFigures): string {
  const lines = Object.entries(figures).map(
    ([name, value]) => `${name.padEnd(16)} ${value.toFixed(Number.isInteger(value) ? 0 : 3)}`,
  );
  const met = (name: keyof typeof goals): string =>
    `${name} ${figures[name].toFixed(2)}, goal ${goals[name]}: ` +
    (figures[name] <= goals[name] ? 'met' : 'MISSED');
  return [...lines, met('rssMb'), met('decisionP99Ms')].join('\n');
}

/** Fills a ledger (or takes `keep`, where that file exists) and measures it in a process of its own. */
export function benchSize(options: {
  readonly accounts: number;
  readonly recipients: number;
  readonly seconds: number;
  readonly keep?: string;
}): SizeFigures {
  const folder = mkdtempSync(join(tmpdir(), 'postern-size-'));
  try {
    const path = options.keep ?? join(folder, 'ledger.db');
    assert(path !== inMemory, 'the size of a file is measured');
    if (!existsSync(path)) fill(path, options.accounts, options.recipients);
    const args = ['--measure', path, '--accounts', `${options.accounts}`];
    const child = spawnSync(
      process.execPath,
      [fileURLToPath(import.meta.url), ...args, '--seconds', `${options.seconds}`],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    );
    assert(child.status === 0, `the measuring process ends well, not with ${child.status}`);
    const figures: SizeFigures = JSON.parse(child.stdout);
    return figures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
  const accounts = Number(values.accounts);
  const seconds = Number(values.seconds);
  if (values.measure !== undefined) {
    console.log(JSON.stringify(await measure(values.measure, accounts, seconds)));
  } else {
    const recipients = Number(values.recipients);
    const keep = values.keep === undefined ? {} : { keep: values.keep };
    const figures = benchSize({ accounts, recipients, seconds, ...keep });
    console.log(values.json ? JSON.stringify(figures) : table(figures));
    if (figures.rssMb > goals.rssMb || figures.decisionP99Ms > goals.decisionP99Ms) {
      process.exitCode = 1;
    }
  }
}
