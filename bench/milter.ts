/**
 * Speed of the milter: Postern with the guard on, Debian's rspamd, and an empty milter on the same
 * server code, on the same letters of 4 KB, in turns.
 *
 *   node bench/milter.ts [--seconds N] [--rounds N] [--json]
 *
 * Client and server share the machine, so messages a second are bounded by the client, too. The
 * processor time that a server spends on a message is not: `capacity` is the empty milter's by
 * Postern's, and what the ratio of messages a second would be if the client cost nothing.
 */
import { type Goal, machineLoad, rssMbOf, shown, table } from './figures.ts';
import { type InRounds, runInRounds } from './in-rounds.ts';
import { startRspamd } from './rspamd.ts';
import { startEmpty, startPostern } from './servers.ts';
import { connections, people, type Row, type Turns, takeTurns } from './turns.ts';

export type MilterFigures = {
  /** `posternBy`: messages a second, Postern's by this one's. 1 for itself. */
  readonly rows: readonly (Row & { readonly posternBy: number })[];
  readonly rounds: number;
  readonly stopped: number;
  readonly example: string;
  readonly load: readonly [before: number, after: number];
  readonly posternRssMb: number;
  readonly goals: readonly Goal[];
};

export async function benchMilter(options: InRounds): Promise<MilterFigures> {
  const { rounds, say } = options;
  const before = machineLoad();
  say('milter: starting Postern, an empty milter and rspamd (which compiles its rules first)');
  await using stack = new AsyncDisposableStack();
  const postern = stack.use(await startPostern(people));
  const empty = stack.use(await startEmpty());
  const rspamd = stack.use(await startRspamd());
  const servers = [postern, rspamd, empty].map((server) => ({ server, signatures: 0 }));
  const turns = await takeTurns({ ...options, name: 'milter', servers });
  const { messages, example } = turns.stopped(postern.name);
  return {
    rows: turns.rows.map((row) => ({
      ...row,
      posternBy: turns.ratio(postern.name, row.server, row.connections),
    })),
    rounds,
    stopped: messages,
    example,
    load: [before, machineLoad()],
    posternRssMb: rssMbOf(postern.pid),
    goals: goals(turns),
  };
}

/** What is wanted by connections: times rspamd, and processor time over the empty milter. */
const wanted: Readonly<Record<number, { readonly byRspamd: number; readonly overUs?: number }>> = {
  1: { byRspamd: 4 },
  8: { byRspamd: 5.5, overUs: 70 },
  32: { byRspamd: 5.5, overUs: 70 },
};
/** Of the empty milter's. */
const p99Most = 1.5;

function goals(turns: Turns): readonly Goal[] {
  const perLine = connections.flatMap((lines): Goal[] => {
    const over = turns.row('postern', lines).serverUs - turns.row('empty milter', lines).serverUs;
    const { byRspamd = 0, overUs } = wanted[lines] ?? {};
    return [
      {
        what: `Postern by rspamd, ${lines} connections`,
        value: turns.ratio('postern', 'rspamd', lines),
        unit: 'times',
        least: byRspamd,
      },
      {
        what: `Postern by empty milter, ${lines} connections`,
        value: turns.ratio('postern', 'empty milter', lines),
        unit: 'times',
        least: 0.6,
      },
      ...(overUs === undefined
        ? []
        : [
            {
              what: `processor time over the empty milter, ${lines} connections`,
              value: over,
              unit: 'µs',
              most: overUs,
            },
          ]),
    ];
  });
  const p99: Goal = {
    what: 'p99 at 8 connections by the empty milter',
    value: turns.row('postern', 8).p99Ms / turns.row('empty milter', 8).p99Ms,
    unit: 'times',
    most: p99Most,
  };
  return [...perLine, p99];
}

/** Rows as a table; `last`: what stands in the last column, and over it. */
export function rowsTable<Of extends Row>(
  rows: readonly Of[],
  last: { readonly head: string; readonly cell: (row: Of) => string },
): string {
  const head = ['connections, server', 'messages/s', 'p50 ms', 'p99 ms', 'server µs', 'client µs'];
  const lines = rows.map((one) => [
    `${String(one.connections).padStart(2)} ${one.server}`,
    shown(one.messagesPerSecond),
    shown(one.p50Ms),
    shown(one.p99Ms),
    shown(one.serverUs),
    shown(one.clientUs),
    last.cell(one),
  ]);
  return table([[...head, last.head], ...lines]);
}

export function milterTable(figures: MilterFigures): string {
  const { load, rounds, stopped, example } = figures;
  return [
    rowsTable(figures.rows, {
      head: 'Postern is',
      cell: (one) => (one.server === 'postern' ? '' : `${shown(one.posternBy)} x`),
    }),
    `medians of ${rounds} rounds; µs: processor time a message; load before and after ` +
      `${load.map(shown).join(', ')}; Postern's memory ${shown(figures.posternRssMb)} MB`,
    ...(stopped === 0 ? [] : [`NOTE: ${stopped} of Postern's messages did not pass: ${example}`]),
  ].join('\n');
}

if (import.meta.main) await runInRounds({ seconds: 60, rounds: 9 }, benchMilter, milterTable);
