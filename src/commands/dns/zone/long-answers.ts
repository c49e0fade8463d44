/**
 * Finds out whether a name server could not send its answer: too long for UDP, and no answer by
 * TCP. Resolvers only say SERVFAIL then.
 */
import type { Step } from '../../../core/identity/aspect.ts';
import type { Authorities } from '../../../partners/dns/authority.ts';

export type LongAnswer = { readonly step: Step; readonly found: string; readonly fix: string };

/** Steps that are looked at; of a broken zone a few say enough. */
const stepsMax = 10;

/** The unknown steps whose answer is too long. */
export async function longAnswers(
  steps: readonly Step[],
  authorities: Authorities,
): Promise<readonly LongAnswer[]> {
  const unknown = steps.filter(({ state, where }) => state === 'unknown' && where === 'zone');
  const looked = await Promise.all(
    unknown.slice(0, stepsMax).map(async (step) => {
      const told = await authorities({ name: step.name, type: step.type });
      const long = told.find(({ answer }) => answer.kind === 'failure' && answer.isTooLong);
      if (long?.answer.kind !== 'failure') return [];
      const fix =
        `take ${step.type} records of ${step.name} that nobody needs out of the zone, or have ` +
        'the name server answer by TCP (tinydns sends at most 512 octets; axfrdns beside it ' +
        'answers by TCP)';
      return [{ step, found: long.answer.text, fix }];
    }),
  );
  return looked.flat();
}
