/** Finds the uid of a user by name, through getent(1), which knows directories too. */
import { programOutput } from '../program.ts';

const getentMs = 5_000;

/** Undefined if there is no such user, or no answer. A number is its own uid. */
export async function uidOf(name: string): Promise<number | undefined> {
  if (/^\d+$/.test(name)) return Number(name);
  try {
    const [line = ''] = await programOutput({
      program: '/usr/bin/getent',
      args: ['passwd', '--', name],
      signal: AbortSignal.timeout(getentMs),
      errors: 'complaint',
    });
    const [found, , uid = ''] = line.split(':');
    return found === name && /^\d+$/.test(uid) ? Number(uid) : undefined;
  } catch {
    return undefined;
  }
}
