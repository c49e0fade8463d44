/**
 * What postern-sendmail costs a program over the mail server's own sendmail: both take turns on the
 * same message in the same run, each a process of its own, wall time from its start to its end. And
 * what it costs while the guard is away.
 *
 *   node bench/sendmail.ts [--rounds N] [--json]
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { eventually } from '../test/integration/leash.ts';
import { type SendmailServer, startSendmailServer } from '../test/integration/sendmail-server.ts';
import { type Goal, goalLines, machineLoad, median, shown, table } from './figures.ts';

export type SendmailFigures = {
  readonly plainMs: readonly number[];
  readonly doorMs: readonly number[];
  readonly spoolMs: readonly number[];
  /** Of one round, its own plain one taken off. */
  readonly costMs: number;
  readonly spoolCostMs: number;
  readonly load: readonly [before: number, after: number];
  readonly goals: readonly Goal[];
};

/** A form's message. */
const message =
  'To: owner@world.test\nSubject: A form\nFrom: form@mail.test\n\n' +
  `${'A line of a message.\n'.repeat(50)}`;
const warmRounds = 5;

export async function benchSendmail(options: {
  readonly rounds: number;
  readonly say: (text: string) => void;
}): Promise<SendmailFigures> {
  const { rounds, say } = options;
  const before = machineLoad();
  say('sendmail: starting Postfix and a guard');
  await using server = await startSendmailServer();
  const plain = (): number =>
    timed('/usr/sbin/sendmail', ['-C', server.postfix.configDirectory, '-t', '-i']);
  const ours = (): number => timed(server.sendmail, ['-t', '-i']);
  for (let round = 0; round < warmRounds; round++) [plain(), ours()];
  say(`sendmail: ${rounds} messages each way`);
  const [plainMs, doorMs] = takeTurns(rounds, plain, ours);
  const handedIn = await server.guard.metric('postern_sendmail_messages_total{proven="kernel"}');
  if (handedIn !== rounds + warmRounds) throw new Error(`${handedIn} came by the door`);
  say('sendmail: the guard is away');
  await delivered(server);
  server.guard.kill('SIGKILL');
  await server.guard.ended;
  const [plainAwayMs, spoolMs] = takeTurns(rounds, plain, ours);
  const left = readdirSync(`${server.spool}/0`).length;
  if (left !== rounds) throw new Error(`${left} are in the spool`);
  const costMs = median(doorMs.map((ms, nth) => ms - (plainMs[nth] ?? 0)));
  const spoolCostMs = median(spoolMs.map((ms, nth) => ms - (plainAwayMs[nth] ?? 0)));
  return {
    plainMs,
    doorMs,
    spoolMs,
    costMs,
    spoolCostMs,
    load: [before, machineLoad()],
    goals: [
      { what: 'postern-sendmail over plain sendmail', value: costMs, unit: 'ms', most: 60 },
      { what: 'the same while the guard is away', value: spoolCostMs, unit: 'ms', most: 60 },
    ],
  };
}

function takeTurns(
  rounds: number,
  one: () => number,
  other: () => number,
): readonly [number[], number[]] {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    // Whoever is first in one round is second in the next.
    if (round % 2 === 0) times[0].push(one());
    times[1].push(other());
    if (round % 2 === 1) times[0].push(one());
  }
  return times;
}

function timed(program: string, args: readonly string[]): number {
  const began = performance.now();
  const { status, stderr } = spawnSync(program, args, { input: message, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
  return performance.now() - began;
}

async function delivered(server: SendmailServer): Promise<void> {
  await eventually('all is delivered', async () => (await server.postfix.queue()).length === 0, {
    timeoutMs: 60_000,
  });
}

export function sendmailTable(figures: SendmailFigures): string {
  const row = (what: string, ms: readonly number[]): readonly string[] => [
    ...[what, shown(median(ms)), shown(Math.max(...ms))],
  ];
  return [
    table([
      ['ms for a message', 'median', 'slowest'],
      row("the mail server's own sendmail", figures.plainMs),
      row('postern-sendmail, by the door', figures.doorMs),
      row('postern-sendmail, into the spool', figures.spoolMs),
    ]),
    `${figures.plainMs.length} messages each; load before and after: ` +
      `${figures.load.map(shown).join(', ')}`,
  ].join('\n');
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '100' },
      json: { type: 'boolean', default: false },
    },
  });
  const figures = await benchSendmail({
    rounds: Number(values.rounds),
    say: (text) => process.stderr.write(`${text}\n`),
  });
  if (values.json) console.log(JSON.stringify(figures));
  else console.log(`${sendmailTable(figures)}\n\n${goalLines(figures.goals)}`);
}
