/** Asks systemctl(1), and tells where systemd manages the services of this machine. */
import { existsSync } from 'node:fs';
import { programOutput } from './program.ts';

const deadlineMs = 120_000;

export function systemdRuns(): boolean {
  return existsSync('/run/systemd/system');
}

/** `fine`: exit codes that also count as success. */
export function systemctl(
  args: readonly string[],
  fine: readonly number[] = [],
): Promise<readonly string[]> {
  return programOutput({
    program: '/usr/bin/systemctl',
    args,
    signal: AbortSignal.timeout(deadlineMs),
    errors: 'complaint',
    fine,
  });
}
