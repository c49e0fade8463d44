/**
 * Compares milters on the same messages, in turns (A B C A B C …), so that other work of the
 * machine affects all equally. Ratios are taken within a round, then their median.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { median } from './figures.ts';
import type { LoadFigures, LoadOrder } from './milter-load.ts';
import { ask, type MilterServer, stop } from './servers.ts';

export const people: { readonly accounts: number; readonly friends: number } = {
  accounts: 1_000,
  friends: 100,
};
export const connections: readonly number[] = [1, 8, 32];
/** Postfix keeps one milter connection for a client's SMTP session. */
const lettersPerSession = 5;
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
};

export type Turns = {
  /** By connections, then by server. */
  readonly rows: readonly Row[];
  row(server: string, lines: number): Row;
  /** Messages a second, the one's by the other's. */
  ratio(server: string, other: string, lines: number): number;
  /** Of this server's messages: those that did not end as they should, and an example. */
  stopped(server: string): { readonly messages: number; readonly example: string };
};

type Slice = LoadFigures & { readonly serverCpuMs: number };

export async function takeTurns(options: {
  readonly name: string;
  /** `signatures`: so many headers each puts into a message. */
  readonly servers: readonly { readonly server: MilterServer; readonly signatures: number }[];
  readonly seconds: number;
  readonly rounds: number;
  readonly say: (text: string) => void;
}): Promise<Turns> {
  const { name, servers, rounds, say } = options;
  await using stack = new AsyncDisposableStack();
  const client = fork(join(import.meta.dirname, 'milter-load.ts'), { stdio: 'inherit' });
  stack.defer(() => stop(client));
  const forMs = (options.seconds * 1_000) / (rounds * connections.length * servers.length);
  let firstSession = 0;
  const measure = async (
    { server, signatures }: (typeof servers)[number],
    lines: number,
    ms: number,
  ): Promise<Slice> => {
    const order: LoadOrder = {
      ...people,
      where: server.where,
      connections: lines,
      forMs: ms,
      firstSession,
      lettersPerSession,
      signatures,
    };
    const spent = server.cpuMs();
    const figures = await ask(client, order);
    return { ...figures, serverCpuMs: server.cpuMs() - spent };
  };
  for (const one of servers) await measure(one, 8, warmMs);
  const slices = new Map<string, Slice[]>();
  for (let round = 1; round <= rounds; round++) {
    for (const lines of connections) {
      firstSession += sessionsPerSlice;
      for (const one of servers) {
        say(`${name}: round ${round} of ${rounds}, ${lines} connections, ${one.server.name}`);
        const key = `${one.server.name} ${lines}`;
        slices.set(key, [...(slices.get(key) ?? []), await measure(one, lines, forMs)]);
      }
    }
  }
  const names = servers.map(({ server }) => server.name);
  return results(names, slices);
}

function results(names: readonly string[], slices: ReadonlyMap<string, readonly Slice[]>): Turns {
  const of = (server: string, lines: number): readonly Slice[] => {
    const found = slices.get(`${server} ${lines}`);
    if (found === undefined) throw new Error(`${server} was not measured at ${lines} connections`);
    return found;
  };
  const row = (server: string, lines: number): Row => toRow(server, lines, of(server, lines));
  return {
    rows: connections.flatMap((lines) => names.map((name) => row(name, lines))),
    row,
    ratio(server, other, lines) {
      const others = of(other, lines);
      return median(of(server, lines).map((slice, round) => rate(slice) / rate(others[round])));
    },
    stopped(server) {
      const all = connections.flatMap((lines) => of(server, lines));
      return {
        messages: all.reduce((sum, { stopped }) => sum + stopped, 0),
        example: all.find(({ example }) => example !== '')?.example ?? '',
      };
    },
  };
}

function rate(slice: Slice | undefined): number {
  return slice === undefined ? Number.NaN : slice.messages / slice.seconds;
}

function toRow(server: string, lines: number, slices: readonly Slice[]): Row {
  const middle = (of: (slice: Slice) => number): number => median(slices.map(of));
  return {
    server,
    connections: lines,
    messagesPerSecond: middle(rate),
    p50Ms: middle(({ p50Ms }) => p50Ms),
    p99Ms: middle(({ p99Ms }) => p99Ms),
    serverUs: middle((slice) => (slice.serverCpuMs * 1_000) / slice.messages),
    clientUs: middle((slice) => (slice.clientCpuMs * 1_000) / slice.messages),
  };
}
