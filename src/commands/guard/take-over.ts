/** Has the running guard read a changed configuration: the right file, and until it uses the change. */
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { StatusView } from '../../ports/admin.ts';
import { installedConfig } from '../config/usual-config.ts';
import { connectToGuard } from './client.ts';
import { hangUp } from './owner.ts';
import { isNotRunning, stateDirectory } from './run-file.ts';

/** The guard reads its configuration at once, but its status may take a moment to show it. */
const takenOverMs = 5_000;
const askEveryMs = 100;

/** Before `file` is changed. Throws OperatorError `other-config` if a guard runs with another one. */
export async function mustBeItsConfig(state: string | undefined, file: string): Promise<void> {
  const admin = await runningGuard(state);
  if (admin === undefined) return;
  const { own } = await admin.read<Partial<StatusView>>('/status');
  // A guard of an earlier version does not say it.
  if (own === undefined) return;
  const named = own.options.find(([name]) => name === '--config')?.[1];
  const its = named ?? installedConfig;
  if (placeOf(its) === placeOf(file)) return;
  const what = named ?? `${installedConfig} or no file`;
  throw new OperatorError('other-config', `the running guard uses ${what}, not ${file}`, {
    hint: `--config names its file, --state another guard; ${file} is not changed`,
    exit: sysexits.config,
  });
}

function placeOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return resolve(file);
  }
}

async function runningGuard(
  state: string | undefined,
): Promise<Awaited<ReturnType<typeof connectToGuard>> | undefined> {
  try {
    return await connectToGuard(state);
  } catch (error) {
    if (isNotRunning(error)) return undefined;
    throw error;
  }
}

/** False: no guard is running. Throws OperatorError `not-taken-over` if it does not use it. */
export async function guardTakesOver(
  state: string | undefined,
  uses: (status: StatusView) => boolean,
  hint = 'see journalctl -u postern',
): Promise<boolean> {
  const admin = await runningGuard(state);
  if (admin === undefined) return false;
  hangUp(stateDirectory(state), admin.run.pid);
  const until = performance.now() + takenOverMs;
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
    if (uses(await admin.read<StatusView>('/status'))) return true;
  }
  throw new OperatorError('not-taken-over', 'the guard is running, but did not apply the setting', {
    hint,
    exit: sysexits.software,
  });
}
