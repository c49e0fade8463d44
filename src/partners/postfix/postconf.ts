/** What postconf(1) says of a parameter of Postfix. */
import { programOutput } from '../program.ts';

export const postconfPath = '/usr/sbin/postconf';
const deadlineMs = 10_000;

/**
 * The value, with what it refers to put in. `configDirectory` undefined: of the Postfix that this
 * machine has by default. Rejects where there is no Postfix, or where it is not configured.
 */
export async function postconf(name: string, configDirectory: string | undefined): Promise<string> {
  const at = configDirectory === undefined ? [] : ['-c', configDirectory];
  const [line = ''] = await programOutput({
    program: postconfPath,
    args: [...at, '-hx', name],
    errors: 'complaint',
    signal: AbortSignal.timeout(deadlineMs),
  });
  return line.trim();
}
