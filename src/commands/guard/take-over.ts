/** Lets the running guard read a changed configuration, and waits until it uses the change. */
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { StatusView } from '../../ports/admin.ts';
import { connectToGuard } from './client.ts';
import { hangUp } from './owner.ts';
import { isNotRunning, stateDirectory } from './run-file.ts';

/** The guard reads its configuration at once, but its status may take a moment to show it. */
const takenOverMs = 5_000;
const askEveryMs = 100;

/** False: no guard is running. Throws OperatorError `not-taken-over` if it does not use it. */
export async function guardTakesOver(
  state: string | undefined,
  uses: (status: StatusView) => boolean,
  hint = 'perhaps it uses another configuration file; see journalctl -u postern',
): Promise<boolean> {
  let admin: Awaited<ReturnType<typeof connectToGuard>>;
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
    if (uses(await admin.read<StatusView>('/status'))) return true;
  }
  throw new OperatorError('not-taken-over', 'the guard is running, but did not apply the setting', {
    hint,
    exit: sysexits.software,
  });
}
