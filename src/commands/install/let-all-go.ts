/** Releases incoming mail that waits in Postfix's hold queue, before Postern is removed. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorError } from '../../lib/operator-error.ts';
import { minuteMs } from '../../lib/time.ts';
import { programOutput } from '../../partners/program.ts';
import { home } from '../guard/run-file.ts';
import type { InstallStep } from './step.ts';

const helper = join(home, 'packaging/postern-root');

/** `list`: what postern-root wrote down as waiting. Nobody else would release it. */
export function letAllGoStep(
  list: string,
  env: Readonly<Record<string, string>> = {},
): InstallStep {
  return {
    text: 'release incoming mail that waits',
    async run() {
      if (!existsSync(list) || readFileSync(list, 'utf8') === '') return 'no incoming mail waits';
      const said = await programOutput({
        program: helper,
        args: [],
        env,
        input: 'let-all-go\nend\n',
        signal: AbortSignal.timeout(minuteMs),
        errors: 'complaint',
        fine: [1],
      });
      if (said.at(-1) === 'postern-root: done') return undefined;
      const what = 'incoming mail that waits was not released';
      throw new OperatorError('mail-still-waits', what, {
        cause: said.join('; '),
        hint: `its queue ids are in ${list}: release each with postsuper -H, then empty the file`,
        exit: 1,
      });
    },
  };
}
