/**
 * How much returned mail is known: ours in the forms of ten servers with each proof alone, and
 * forged mail in the same forms, with the time that a message takes.
 *
 *   node bench/returned-mail.ts [--rounds N] [--json]
 */
import { parseArgs } from 'node:util';
import { forgedReturns, otherMail, ours, ownReturns } from '../test/doubles/returned-forms.ts';
import { returnsTo, returnsWith } from '../test/doubles/returns.ts';
import { type Goal, goalLines, shown } from './figures.ts';

export type ReturnedMailFigures = {
  readonly own: number;
  readonly known: number;
  readonly forged: number;
  readonly marked: number;
  readonly msEach: number;
  readonly goals: readonly Goal[];
};

export async function benchReturnedMail(options: {
  readonly rounds: number;
}): Promise<ReturnedMailFigures> {
  const own = await ownReturns();
  let known = 0;
  for (const { mail, memory, proof: wanted } of own) {
    const { proof } = await returnsWith(ours, memory).proofOf(mail, [returnsTo]);
    if (proof === wanted) known++;
  }
  const forged = await forgedReturns(options.rounds);
  const returns = returnsWith(ours, otherMail);
  let marked = 0;
  const began = performance.now();
  for (const { mail } of forged) {
    const { proof } = await returns.proofOf(mail, [returnsTo]);
    if (proof === 'unproven') marked++;
  }
  const msEach = (performance.now() - began) / forged.length;
  const share = (part: number, of: number): number => (100 * part) / of;
  const goals: readonly Goal[] = [
    {
      what: 'returned mail of ours, known',
      value: share(known, own.length),
      unit: '%',
      least: 100,
    },
    { what: 'forged, marked', value: share(marked, forged.length), unit: '%', least: 99 },
  ];
  return { own: own.length, known, forged: forged.length, marked, msEach, goals };
}

export function returnedMailText(figures: ReturnedMailFigures): string {
  const { own, known, forged, marked, msEach } = figures;
  const parts = [`ours: ${known} of ${own} known`, `forged: ${marked} of ${forged} marked`];
  return `${parts.join('; ')}, ${shown(msEach)} ms each`;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '20' },
      json: { type: 'boolean', default: false },
    },
  });
  const figures = await benchReturnedMail({ rounds: Number(values.rounds) });
  if (values.json) console.log(JSON.stringify(figures));
  else console.log(`${returnedMailText(figures)}\n\n${goalLines(figures.goals)}`);
}
