/**
 * Makes the running guard read a changed configuration. Checks first that it uses that file, and
 * waits until it uses the change.
 */
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { StatusView } from '../../ports/admin.ts';
import { installedConfig } from '../config/usual-config.ts';
import { connectToGuard, type GuardClient } from './client.ts';
import { hangUp } from './owner.ts';
import { isNotRunning, stateDirectory } from './run-file.ts';

/** The guard reads its configuration at once, but its status may take a moment to show it. */
const takenOverMs = 5_000;
const askEveryMs = 100;

/**
 * Before `file` is changed; answers whether a guard answers. Throws OperatorError `other-config` if
 * it uses another file. A guard that hangs refuses nothing: a setting may be its cure.
 */
export async function mustBeItsConfig(state: string | undefined, file: string): Promise<boolean> {
  let status: Partial<StatusView> | undefined;
  try {
    status = await (await connectToGuard(state)).read<Partial<StatusView>>('/status');
  } catch (error) {
    if (error instanceof OperatorError) return false;
    throw error;
  }
  // A guard of an earlier version does not say it. One without a file says what one with the usual
  // file says.
  const options = status?.own?.options;
  if (!Array.isArray(options)) return true;
  const named: string | undefined = options.find(([name]) => name === '--config')?.[1];
  if (placeOf(named ?? installedConfig) === placeOf(file)) return true;
  const what = named === undefined ? 'does not use it' : `uses ${named}`;
  throw new OperatorError('other-config', `${file} is not changed: the running guard ${what}`, {
    hint:
      `${named === undefined ? '' : `for this guard: --config ${named}; `}` +
      'for another guard: --state DIR; or stop this guard first',
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

/**
 * `file`: what was changed. False: no guard is running. Throws OperatorError `not-taken-over` if it
 * does not use it.
 */
export async function guardTakesOver(
  { file, state }: { readonly file: string; readonly state: string | undefined },
  uses: (status: StatusView) => boolean,
  hint = 'perhaps it uses another configuration file; see journalctl -u postern',
): Promise<boolean> {
  let admin: GuardClient;
  try {
    admin = await connectToGuard(state);
  } catch (error) {
    if (isNotRunning(error)) return false;
    throw error;
  }
  hangUp(stateDirectory(state), admin.run.pid);
  const until = performance.now() + takenOverMs;
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
    if (uses(await statusOf(admin, file))) return true;
  }
  throw new OperatorError('not-taken-over', 'the guard is running, but did not apply the setting', {
    hint,
    exit: sysexits.software,
  });
}

async function statusOf(admin: GuardClient, file: string): Promise<StatusView> {
  try {
    return await admin.read<StatusView>('/status');
  } catch (cause) {
    if (!(cause instanceof OperatorError)) throw cause;
    throw new OperatorError('not-taken-over', `${file} is changed, but the guard does not answer`, {
      cause,
      hint: 'it uses the change after: sudo systemctl restart postern',
      exit: sysexits.software,
    });
  }
}
