/**
 * Speed of the milter: Postern with the guard on, Debian's rspamd, and an empty milter on the same server code, on the
 * same letters of 4 KB, in turns (A B C A B C …), so that whatever else the machine does strikes all three alike.
 * Ratios are taken within a round, then their median.
 *
 *   node bench/milter.ts [--seconds N] [--rounds N] [--json]
 *
 * Client and server share the machine, so messages a second are bounded by the client, too. The processor time that a
 * server spends on a message is not: `capacity` is the empty milter's by Postern's, and what the ratio of messages a
 * second would be if the client cost nothing.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Goal, goalLines, machineLoad, median, rssMbOf, shown, table } from './figures.ts';
import type { LoadFigures, LoadOrder } from './milter-load.ts';
import { startRspamd } from './rspamd.ts';
import { ask, type MilterServer, startEmpty, startPostern, stop } from './servers.ts';

const people = { accounts: 1_000, friends: 100 };
/** Postfix keeps one milter connection for a client's SMTP session. */
const lettersPerSession = 5;
const connections = [1, 8, 32] as const;
/** Sessions a slice may use up: the next slice starts behind them. */
const sessionsPerSlice = 100_000;
/** Until the compiler has seen what is hot. */
const warmMs = 3_000;

export type Row = {
  readonly server: string;
  readonly connections: number;
  readonly messagesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time a message. */
  readonly serverUs: number;
  readonly clientUs: number;
  /** Messages a second, Postern's by this one's. 1 for itself. */
  readonly posternBy: number;
};

export type MilterFigures = {
  readonly rows: readonly Row[];
  readonly rounds: number;
  readonly stopped: number;
  readonly example: string;
  readonly load: readonly [before: number, after: number];
  readonly posternRssMb: number;
  readonly goals: readonly Goal[];
};

type Slice = LoadFigures & { readonly serverCpuMs: number };

export async function benchMilter(options: {
  readonly seconds: number;
  readonly rounds: number;
  readonly say: (text: string) => void;
}): Promise<MilterFigures> {
  const { rounds, say } = options;
  const before = machineLoad();
  say('milter: starting Postern, an empty milter and rspamd (which compiles its rules first)');
  await using stack = new AsyncDisposableStack();
  const postern = stack.use(await startPostern(people));
  const empty = stack.use(await startEmpty());
  const rspamd = stack.use(await startRspamd());
  const servers = [postern, rspamd, empty];
  const client = fork(join(import.meta.dirname, 'milter-load.ts'), { stdio: 'inherit' });
  stack.defer(() => stop(client));
  const forMs = (options.seconds * 1_000) / (rounds * connections.length * servers.length);
  let firstSession = 0;
  const measure = async (one: MilterServer, lines: number, ms: number): Promise<Slice> => {
    const order: LoadOrder = {
      ...people,
      ...{ where: one.where, connections: lines, forMs: ms, firstSession, lettersPerSession },
    };
    const spent = one.cpuMs();
    const figures = await ask(client, order);
    return { ...figures, serverCpuMs: one.cpuMs() - spent };
  };
  for (const one of servers) await measure(one, 8, warmMs);
  const slices = new Map<string, Slice[]>();
  for (let round = 1; round <= rounds; round++) {
    for (const lines of connections) {
      firstSession += sessionsPerSlice;
      for (const one of servers) {
        say(`milter: round ${round} of ${rounds}, ${lines} connections, ${one.name}`);
        const key = `${one.name} ${lines}`;
        slices.set(key, [...(slices.get(key) ?? []), await measure(one, lines, forMs)]);
      }
    }
  }
  const of = (one: MilterServer, lines: number): readonly Slice[] =>
    slices.get(`${one.name} ${lines}`) ?? [];
  const rows = connections.flatMap((lines) =>
    servers.map((one) => row(one.name, lines, of(one, lines), of(postern, lines))),
  );
  const ours = [...slices].flatMap(([key, list]) => (key.startsWith('postern') ? list : []));
  return {
    rows,
    rounds,
    stopped: ours.reduce((sum, { stopped }) => sum + stopped, 0),
    example: ours.find(({ example }) => example !== '')?.example ?? '',
    load: [before, machineLoad()],
    posternRssMb: rssMbOf(postern.pid),
    goals: goals(rows),
  };
}

function row(
  name: string,
  lines: number,
  slices: readonly Slice[],
  posterns: readonly Slice[],
): Row {
  const rate = (slice: Slice | undefined): number =>
    slice === undefined ? Number.NaN : slice.messages / slice.seconds;
  const middle = (of: (slice: Slice) => number): number => median(slices.map(of));
  return {
    server: name,
    connections: lines,
    messagesPerSecond: middle(rate),
    p50Ms: middle(({ p50Ms }) => p50Ms),
    p99Ms: middle(({ p99Ms }) => p99Ms),
    serverUs: middle((slice) => (slice.serverCpuMs * 1_000) / slice.messages),
    clientUs: middle((slice) => (slice.clientCpuMs * 1_000) / slice.messages),
    posternBy: median(slices.map((slice, round) => rate(posterns[round]) / rate(slice))),
  };
}

function goals(rows: readonly Row[]): readonly Goal[] {
  const of = (server: string, lines: number): Row => {
    const found = rows.find((one) => one.server === server && one.connections === lines);
    if (found === undefined) throw new Error(`no row for ${server}, ${lines} connections`);
    return found;
  };
  const perLine = connections.flatMap((lines): Goal[] => [
    {
      what: `Postern by rspamd, ${lines} connections`,
      value: of('rspamd', lines).posternBy,
      unit: 'times',
      least: 4,
    },
    {
      what: `Postern by empty milter, ${lines} connections`,
      value: of('empty milter', lines).posternBy,
      unit: 'times',
      least: 0.6,
    },
    {
      what: `the same by processor time, ${lines} connections`,
      value: of('empty milter', lines).serverUs / of('postern', lines).serverUs,
      unit: 'times',
      least: 0.6,
    },
  ]);
  const p99: Goal = {
    what: 'p99 at 8 connections',
    value: of('postern', 8).p99Ms,
    unit: 'ms',
    most: 10,
  };
  return [...perLine, p99];
}

export function milterTable(figures: MilterFigures): string {
  const head = ['connections, server', 'messages/s', 'p50 ms', 'p99 ms', 'server µs', 'client µs'];
  const lines = figures.rows.map((one) => [
    `${String(one.connections).padStart(2)} ${one.server}`,
    shown(one.messagesPerSecond),
    shown(one.p50Ms),
    shown(one.p99Ms),
    shown(one.serverUs),
    shown(one.clientUs),
    one.server === 'postern' ? '' : `${shown(one.posternBy)} x`,
  ]);
  const { load, rounds, stopped, example } = figures;
  return [
    table([[...head, 'Postern is'], ...lines]),
    `medians of ${rounds} rounds; µs: processor time a message; load before and after ` +
      `${load.map(shown).join(', ')}; Postern's memory ${shown(figures.posternRssMb)} MB`,
    ...(stopped === 0 ? [] : [`NOTE: ${stopped} of Postern's messages did not pass: ${example}`]),
  ].join('\n');
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      rounds: { type: 'string', default: '9' },
      json: { type: 'boolean', default: false },
    },
  });
  const figures = await benchMilter({
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    say: (text) => process.stderr.write(`${text}\n`),
  });
  if (values.json) console.log(JSON.stringify(figures));
  else console.log(`${milterTable(figures)}\n\n${goalLines(figures.goals)}`);
}
