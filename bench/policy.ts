/**
 * What a recipient costs in the policy door, when many are reserved already: the handler of the
 * door over a ledger in memory is asked for the recipients of one message, without a ceiling, below
 * one and above one.
 *
 *   node bench/policy.ts [--thousands N] [--json]
 */
import { parseArgs } from 'node:util';
import type { Policy } from '../src/core/account/policy.ts';
import type { Account } from '../src/core/account-name.ts';
import { openRig } from '../test/ledger/flow-rig.ts';
import { type Goal, goalLines, machineLoad, median, shown, table } from './figures.ts';

type Ceiling = { readonly name: string; readonly msOfThousands: readonly number[] };

export type PolicyFigures = {
  readonly ceilings: readonly Ceiling[];
  readonly load: number;
  readonly goals: readonly Goal[];
};

const ceilings: Readonly<Record<string, Partial<Policy>>> = {
  'no ceiling': {},
  'below a ceiling': { accountRecipientsPerHour: 50_000 },
  'above a ceiling': { accountRecipientsPerHour: 100 },
};

export async function benchPolicy(options: {
  readonly thousands: number;
  readonly rounds: number;
  readonly say: (text: string) => void;
}): Promise<PolicyFigures> {
  const { thousands, rounds, say } = options;
  const figures: Ceiling[] = [];
  for (const [name, policy] of Object.entries(ceilings)) {
    say(`policy: ${name}`);
    const runs = Array.from({ length: rounds }, () => oneMessage(policy, thousands));
    const msOfThousands = Array.from({ length: thousands }, (_, nth) =>
      median(runs.map((run) => run[nth] ?? 0)),
    );
    figures.push({ name, msOfThousands });
  }
  const slowest = Math.max(...figures.map(({ msOfThousands }) => msOfThousands.at(-1) ?? 0));
  const goals: readonly Goal[] = [
    { what: 'the last 1,000 recipients', value: slowest, unit: 'ms', most: 100 },
  ];
  return { ceilings: figures, load: machineLoad(), goals };
}

/** Milliseconds for each thousand recipients of one message. */
function oneMessage(policy: Partial<Policy>, thousands: number): readonly number[] {
  const { policyHandler } = openRig({ policy });
  const about = {
    stage: 'RCPT',
    instance: 'one',
    queueId: '',
    account: 'joe@here.test' as Account,
    client: '192.0.2.1',
    sender: 'joe@here.test',
    clientName: '',
    reverseName: '',
    helo: '',
    recipientCount: 0,
    sizeBytes: 0,
    auth: '',
    tls: '',
  } as const;
  return Array.from({ length: thousands }, (_, thousand) => {
    const began = performance.now();
    for (let nth = 0; nth < 1_000; nth++) {
      const recipient = `p${thousand}-${nth}@elsewhere.test`;
      policyHandler.ask(1, { ...about, recipient }, () => undefined);
    }
    return performance.now() - began;
  });
}

export function policyTable({ ceilings: all, load }: PolicyFigures): string {
  const thousands = all[0]?.msOfThousands.length ?? 0;
  return [
    table([
      ['1,000 recipients of one message, ms', 'the first', `the ${thousands}th`],
      ...all.map(({ name, msOfThousands }) => [
        name,
        shown(msOfThousands[0] ?? 0),
        shown(msOfThousands.at(-1) ?? 0),
      ]),
    ]),
    `load ${shown(load)}`,
  ].join('\n');
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      thousands: { type: 'string', default: '8' },
      json: { type: 'boolean', default: false },
    },
  });
  const figures = await benchPolicy({
    thousands: Number(values.thousands),
    rounds: 5,
    say: (text) => process.stderr.write(`${text}\n`),
  });
  if (values.json) console.log(JSON.stringify(figures));
  else console.log(`${policyTable(figures)}\n\n${goalLines(figures.goals)}`);
}
