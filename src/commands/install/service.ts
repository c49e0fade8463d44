/**
 * The systemctl calls of an installation, made when all files are in place. A running guard keeps
 * its old program until a restart, so an upgrade restarts it, unless no file changed.
 */
import { existsSync } from 'node:fs';
import { systemctl, systemdRuns } from '../../partners/systemctl.ts';
import { loadConfig } from '../config/load-config.ts';
import type { InstallStep } from './step.ts';

const service = 'postern.service';
const socket = 'postern-root.socket';
/** Of the password audit. It is installed, and the operator starts it. */
const timer = 'postern-passwords.timer';

export type Before = {
  /** The service was running when the installation reached this step. */
  readonly running: boolean;
  /** The program or a unit differs from what was there before. */
  readonly changed: boolean;
};

/** The systemctl calls, in order, and the text for them; undefined: the step's own text. */
export function serviceCalls({ running, changed }: Before): {
  readonly calls: readonly (readonly string[])[];
  readonly said: string | undefined;
} {
  const start = [['daemon-reload'], ['enable', '--now', socket, service]];
  if (!running) return { calls: start, said: undefined };
  if (!changed)
    return { calls: start, said: `${service} is running and nothing changed: not restarted` };
  return {
    calls: [...start, ['try-restart', service]],
    said: `restarted ${service}, because its files changed`,
  };
}

/**
 * `changed` is called when all other steps are done. Throws OperatorError `config` instead of
 * restarting a guard whose configuration has an error.
 */
export function startStep(configFile: string, changed: () => boolean): InstallStep {
  return {
    text: `enable and start ${service}; restart it if its files changed`,
    async run() {
      if (!systemdRuns()) {
        return (
          'systemd does not run here; start the guard another way: ' +
          'postern up --config /etc/postern/postern.toml'
        );
      }
      // Exit 3: the unit is not active; 4: there is no such unit.
      const [state] = await systemctl(['is-active', service], [3, 4]);
      const running = state === 'active' || state === 'activating' || state === 'reloading';
      const { calls, said } = serviceCalls({ running, changed: changed() });
      // A guard with its old program is better than one that does not start.
      if (running && existsSync(configFile)) loadConfig(configFile);
      for (const args of calls) await systemctl(args);
      return said;
    },
  };
}

/** `installed`: the service's unit is there. */
export function stopStep(installed: () => boolean): InstallStep {
  return {
    text: `stop and disable ${service}`,
    async run() {
      if (!systemdRuns()) return 'systemd does not run here: nothing to stop';
      if (!installed()) return `no ${service} here`;
      await systemctl(['disable', '--now', service, socket]);
      // An older installation has no timer.
      await systemctl(['disable', '--now', timer], [1]);
      return undefined;
    },
  };
}
