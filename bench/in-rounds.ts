/**
 * What benchmarks share that measure in turns, round by round: their options and their command
 * line.
 */
import { parseArgs } from 'node:util';
import { type Goal, goalLines } from './figures.ts';

export type InRounds = {
  /** All rounds together. */
  readonly seconds: number;
  readonly rounds: number;
  readonly say: (text: string) => void;
};

/** `[--seconds N] [--rounds N] [--json]`: measures, and shows the table and the goals. */
export async function runInRounds<Figures extends { readonly goals: readonly Goal[] }>(
  usual: { readonly seconds: number; readonly rounds: number },
  bench: (options: InRounds) => Promise<Figures>,
  table: (figures: Figures) => string,
): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: String(usual.seconds) },
      rounds: { type: 'string', default: String(usual.rounds) },
      json: { type: 'boolean', default: false },
    },
  });
  const figures = await bench({
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    say: (text) => process.stderr.write(`${text}\n`),
  });
  if (values.json) console.log(JSON.stringify(figures));
  else console.log(`${table(figures)}\n\n${goalLines(figures.goals)}`);
}
