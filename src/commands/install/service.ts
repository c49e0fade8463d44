/**
 * The service manager's part of an installation: what systemctl is asked for when all files are in
 * place. A guard that runs goes on with its old program until it is restarted, so an upgrade
 * restarts it; one that changes nothing does not.
 */
import { existsSync } from 'node:fs';
import { loadConfig } from '../../config/load.ts';
import { programOutput } from '../../partners/program.ts';
import type { InstallStep } from './install.ts';

const service = 'postern.service';
const socket = 'postern-root.socket';
/** Of the password audit: installed, and started by the operator. */
const timer = 'postern-passwords.timer';

export type Before = {
  /** The service ran when the installation came to it. */
  readonly running: boolean;
  /** The program or a unit is not what was there before. */
  readonly changed: boolean;
};

/**
 * What systemctl is asked for, in order, and what is said of it; undefined: the step's own text.
 */
export function serviceCalls({ running, changed }: Before): {
  readonly calls: readonly (readonly string[])[];
  readonly said: string | undefined;
} {
  const start = [['daemon-reload'], ['enable', '--now', socket, service]];
  if (!running) return { calls: start, said: undefined };
  if (!changed)
    return { calls: start, said: `${service} runs, and nothing changed: not restarted` };
  return {
    calls: [...start, ['try-restart', service]],
    said: `restarted ${service}: it ran, and its files changed`,
  };
}

/**
 * `changed` is asked when all other steps are done. Throws OperatorError `config` before it would
 * restart into a fault.
 */
export function startStep(configFile: string, changed: () => boolean): InstallStep {
  return {
    text: `enable and start ${service}; restart it if it runs and its files changed`,
    async run() {
      if (!existsSync('/run/systemd/system')) {
        return 'systemd does not run here; start it your own way: postern up --config /etc/postern/postern.toml';
      }
      // 3: it is not active, 4: there is no such unit.
      const [state] = await systemctl(['is-active', service], [3, 4]);
      const running = state === 'active' || state === 'activating' || state === 'reloading';
      const { calls, said } = serviceCalls({ running, changed: changed() });
      // A guard that runs with its old program is better than one that does not start.
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
      if (!existsSync('/run/systemd/system')) return 'systemd does not run here: nothing to stop';
      if (!installed()) return `no ${service} here`;
      await systemctl(['disable', '--now', service, socket]);
      // An installation of before it came has no timer.
      await systemctl(['disable', '--now', timer], [1]);
      return undefined;
    },
  };
}

function systemctl(
  args: readonly string[],
  fine: readonly number[] = [],
): Promise<readonly string[]> {
  const signal = AbortSignal.timeout(120_000);
  return programOutput({
    program: '/usr/bin/systemctl',
    args,
    signal,
    errors: 'complaint',
    fine,
  });
}
