/**
 * Speed of signing: Postern with the guard on against Debian's OpenDKIM, over Unix sockets, with
 * the same RSA-2048 key on the same messages of 4 KB, in turns; and Postern with an Ed25519
 * signature besides. Then what a very large message costs: how long the event loop stands still,
 * and how far memory rises.
 *
 *   node bench/signing.ts [--seconds N] [--rounds N] [--json]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeKeyPair } from '../src/lib/private-key.ts';
import { type MilterAddress, openMilterClient } from '../src/partners/milter/client.ts';
import { type Goal, machineLoad, shown, table } from './figures.ts';
import { type InRounds, runInRounds } from './in-rounds.ts';
import { accountName, clientOf, senderDomains } from './load-messages.ts';
import type { PauseFigures } from './loop-pause.ts';
import { rowsTable } from './milter.ts';
import { startOpenDkim } from './opendkim.ts';
import { watching } from './pause-watch.ts';
import { type MilterServer, runPostern, seedLedger } from './servers.ts';
import { noNameServer, writeSigningKeys } from './signing-keys.ts';
import { connections, people, type Row, type Turns, takeTurns } from './turns.ts';

const rsa = 'postern, RSA';
const both = 'postern, RSA and Ed25519';
const tables = 'opendkim, tables';
const oneKey = 'opendkim, one key';

export type SigningFigures = {
  readonly rows: readonly (Row & { readonly byOpenDkim: number })[];
  readonly rounds: number;
  readonly faults: readonly string[];
  readonly load: readonly [before: number, after: number];
  readonly large: readonly LargeFigures[];
  readonly goals: readonly Goal[];
};

type LargeFigures = PauseFigures & { readonly what: string; readonly seconds: number };

export async function benchSigning(options: InRounds): Promise<SigningFigures> {
  const { rounds, say } = options;
  const before = machineLoad();
  say('signing: starting Postern and OpenDKIM, two of each');
  const pem = await makeKeyPair('rsa', 2_048);
  const edPem = await makeKeyPair('ed25519');
  await using stack = new AsyncDisposableStack();
  const postern = async (name: string, keys: Keys): Promise<SigningPostern> =>
    stack.use(await startSigningPostern(name, keys));
  const opendkim = async (how: 'tables' | 'one key'): Promise<MilterServer> =>
    stack.use(await startOpenDkim(how, { pem, selector: 'r1', domains: senderDomains }));
  const one = await postern(rsa, { r1: pem });
  const two = await postern(both, { r1: pem, e1: edPem });
  const turns = await takeTurns({
    ...options,
    name: 'signing',
    servers: [
      { server: one, signatures: 1 },
      { server: two, signatures: 2 },
      { server: await opendkim('tables'), signatures: 1 },
      { server: await opendkim('one key'), signatures: 1 },
    ],
  });
  const large: LargeFigures[] = [];
  for (const [what, body] of largeBodies()) {
    say(`signing: ${what}`);
    large.push(await measureLarge(two, what, body));
  }
  return {
    rows: turns.rows.map((row) => ({
      ...row,
      byOpenDkim: turns.ratio(row.server, tables, row.connections),
    })),
    faults: [rsa, both, tables, oneKey].flatMap((name) => {
      const { messages, example } = turns.stopped(name);
      return messages === 0 ? [] : [`${messages} of ${name}: ${example}`];
    }),
    rounds,
    load: [before, machineLoad()],
    large,
    goals: goals(turns, large),
  };
}

function goals(turns: Turns, large: readonly LargeFigures[]): readonly Goal[] {
  const ratios = connections.flatMap((lines) =>
    [tables, oneKey].flatMap((other): Goal[] => [
      {
        what: `${rsa}, by ${other}, ${lines} connections`,
        value: turns.ratio(rsa, other, lines),
        unit: 'times',
        least: 2,
      },
      {
        what: `both signatures, by ${other}, ${lines} connections`,
        value: turns.ratio(both, other, lines),
        unit: 'times',
        least: 1.5,
      },
    ]),
  );
  const pauses = large.map(
    ({ what, pauseMs }): Goal => ({
      what: `event loop stands still, ${what}`,
      value: pauseMs,
      unit: 'ms',
      most: 50,
    }),
  );
  return [...ratios, ...pauses];
}

type Keys = Readonly<Record<string, string>>;
type SigningPostern = MilterServer & { readonly pauseFile: string };

/** `keys`: PEM by selector, the same for every domain. */
async function startSigningPostern(name: string, keys: Keys): Promise<SigningPostern> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'));
  seedLedger(join(folder, 'ledger.db'), people);
  const wanted = senderDomains.flatMap((domain) =>
    Object.entries(keys).map(([selector, privateKey]) => ({ domain, selector, privateKey })),
  );
  writeSigningKeys(folder, wanted);
  const config = join(folder, 'postern.toml');
  writeFileSync(config, noNameServer);
  const pauseFile = join(folder, 'pause.json');
  const running = await runPostern(folder, {
    words: ['--config', config, '--milter', `unix:${join(folder, 'milter.sock')}`],
    nodeOptions: `--import ${join(import.meta.dirname, 'loop-pause.ts')}`,
    env: { LOOP_PAUSE_FILE: pauseFile },
  });
  return {
    ...running,
    name,
    pauseFile,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const megabyte = 1_000_000;

function* largeBodies(): Generator<readonly [what: string, body: Buffer]> {
  const words = Buffer.from('all on one line, of words  and spaces ');
  yield ['10 MB on one line', Buffer.alloc(10 * megabyte, words)];
  yield ['50 MB in lines', Buffer.alloc(50 * megabyte, `${'x'.repeat(74)}\r\n`)];
  yield ['50 MB of blank lines', Buffer.alloc(50 * megabyte, '\r\n')];
}

async function measureLarge(
  postern: SigningPostern,
  what: string,
  body: Buffer,
): Promise<LargeFigures> {
  const { where } = postern;
  // Once before: what grows at the first time stays.
  await sendLarge(where, body, 1);
  await watching(postern, true);
  const began = performance.now();
  await sendLarge(where, body, 2);
  const seconds = (performance.now() - began) / 1_000;
  return { ...(await watching(postern, false)), what, seconds };
}

async function sendLarge(where: MilterAddress, body: Buffer, nth: number): Promise<void> {
  await using client = await openMilterClient(where, { client: clientOf(1) });
  const login = accountName(1);
  const outcome = await client.send({
    sender: login,
    login,
    recipients: ['friend1.of1@partner1.example'],
    queueId: `4BLARGE${nth}`,
    headers: [
      ['From', login],
      ['Subject', 'large'],
    ],
    body,
  });
  if (outcome.kind !== 'taken' || !outcome.edits.includes('i')) {
    throw new Error(`a large message was not signed: ${JSON.stringify(outcome)}`);
  }
}

export function signingTable(figures: SigningFigures): string {
  const { load, rounds, faults, large } = figures;
  return [
    rowsTable(figures.rows, {
      head: 'by opendkim, tables',
      cell: (one) => (one.server === tables ? '' : `${shown(one.byOpenDkim)} x`),
    }),
    `medians of ${rounds} rounds; µs: processor time a message; load before and after ` +
      load.map(shown).join(', '),
    ...faults.map((fault) => `NOTE: ${fault}`),
    '',
    table([
      [
        'one message, both signatures',
        'longest pause ms',
        'seconds',
        'memory before MB',
        'rose by MB',
      ],
      ...large.map(({ what, pauseMs, seconds, rssMb, grownMb }) => [
        ...[what, shown(pauseMs), shown(seconds), shown(rssMb - grownMb), shown(grownMb)],
      ]),
    ]),
  ].join('\n');
}

if (import.meta.main) await runInRounds({ seconds: 60, rounds: 9 }, benchSigning, signingTable);
