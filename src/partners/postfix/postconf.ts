/** Asks postconf(1) for a parameter of Postfix. */
import { programOutput } from '../program.ts';

export const postconfPath = '/usr/sbin/postconf';
const deadlineMs = 10_000;

/**
 * The value, with references expanded. Without `configDirectory`, of the machine's default Postfix.
 * Rejects if there is no Postfix or it is not configured.
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
