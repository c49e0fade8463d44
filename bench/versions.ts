/**
 * Compares this version with another checkout of Postern, in one run and in turns: milter and
 * replay. The ratio counts; absolute figures depend on other work of the machine.
 *
 *   node bench/versions.ts --against DIR [--seconds N] [--rounds N] [--runs N] [--json]
 *
 * Each version gets a ledger that its own code has filled, since an older version refuses a newer
 * file.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Goal, goalLines, median, shown, table } from './figures.ts';
import { rowsTable } from './milter.ts';
import { replayOnce, writeEvents } from './replay.ts';
import { postern, runPostern } from './servers.ts';
import { connections, people, type Row, takeTurns } from './turns.ts';

const before = 'before';
const least = 0.97;

const { values } = parseArgs({
  options: {
    against: { type: 'string' },
    seconds: { type: 'string', default: '120' },
    rounds: { type: 'string', default: '9' },
    runs: { type: 'string', default: '7' },
    events: { type: 'string', default: '300000' },
    json: { type: 'boolean', default: false },
  },
});
if (values.against === undefined) {
  console.error('bench: --against DIR names a checkout of the other version');
  process.exit(64);
}
const other = resolve(values.against);
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const folder = mkdtempSync(join(tmpdir(), 'postern-versions-'));
try {
  const milter = await compareMilters(folder);
  const replay = await compareReplays(folder);
  const goals: readonly Goal[] = [...milter.goals, replay.goal];
  if (values.json) console.log(JSON.stringify({ rows: milter.rows, rates: replay.rates, goals }));
  else console.log(`${milter.text}\n\n${replay.text}\n\n${goalLines(goals)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The two milters in turns, each on a ledger of its own. */
async function compareMilters(
  folder: string,
): Promise<{ rows: readonly Row[]; goals: readonly Goal[]; text: string }> {
  await using stack = new AsyncDisposableStack();
  const servers = [];
  for (const [name, program] of [
    ['postern', postern],
    [before, join(other, 'postern')],
  ] as const) {
    const state = mkdtempSync(join(folder, 'state-'));
    seed(resolve(program, '..'), join(state, 'ledger.db'));
    const server = stack.use(await runPostern(state, { program, name }));
    servers.push({ server, signatures: 0 });
  }
  const turns = await takeTurns({
    name: 'versions',
    servers,
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    say,
  });
  const cost = (server: string, lines: number): number => turns.row(server, lines).serverUs;
  const goals = connections.flatMap((lines): Goal[] => [
    {
      what: `milter by version before, ${lines} connections`,
      value: turns.ratio('postern', before, lines),
      unit: 'times',
      least,
    },
    {
      what: `the same by processor time, ${lines} connections`,
      value: cost(before, lines) / cost('postern', lines),
      unit: 'times',
      least,
    },
  ]);
  const ratioOf = (row: Row): string =>
    row.server === before ? '' : `${shown(turns.ratio('postern', before, row.connections))} x`;
  return {
    rows: turns.rows,
    goals,
    text: rowsTable(turns.rows, { head: 'by before', cell: ratioOf }),
  };
}

/** The ledger as that version writes it: seedLedger of its own bench/servers.ts. */
function seed(checkout: string, path: string): void {
  const code = `import { seedLedger } from ${JSON.stringify(join(checkout, 'bench/servers.ts'))};
    seedLedger(${JSON.stringify(path)}, ${JSON.stringify(people)});`;
  execFileSync(
    join(checkout, 'scripts/node.sh'),
    ['--input-type=module-typescript', '--eval', code],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
}

/** The whole command on the same file, in pairs. */
async function compareReplays(
  folder: string,
): Promise<{ rates: readonly (readonly [number, number])[]; goal: Goal; text: string }> {
  const path = join(folder, 'events.jsonl');
  const events = Number(values.events);
  await writeEvents(path, events);
  const rates: [number, number][] = [];
  for (let run = 1; run <= Number(values.runs); run++) {
    say(`versions: replay ${run} of ${values.runs}`);
    const ours = await replayOnce(path);
    const theirs = await replayOnce(path, join(other, 'postern'));
    rates.push([events / ours, events / theirs]);
  }
  const ratio = median(rates.map(([ours, theirs]) => ours / theirs));
  const text = table([
    ['replay', 'events/s'],
    ['postern', shown(median(rates.map(([ours]) => ours)))],
    [before, shown(median(rates.map(([, theirs]) => theirs)))],
  ]);
  return {
    rates,
    goal: { what: 'replay by version before', value: ratio, unit: 'times', least },
    text,
  };
}
