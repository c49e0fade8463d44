/**
 * The systemctl calls of an installation, made when all files are in place. A running guard keeps
 * its old program until a restart, so an upgrade restarts it, unless no file changed.
 */
import { existsSync } from 'node:fs';
import { systemctl, systemdRuns } from '../../partners/systemctl.ts';
import { loadConfig } from '../config/load-config.ts';
import { hasPostfix } from './sockets.ts';
import type { InstallStep } from './step.ts';

const service = 'postern.service';
/** Of the doors for Postfix. */
const socket = 'postern.socket';
const helper = 'postern-root.socket';
/** Of the password audit. It is installed, and the operator starts it. */
const timer = 'postern-passwords.timer';
/** Releases mail that waits for a guard that is away. */
const letGo = 'postern-let-go.timer';
/** Runs the checklist every night. */
const nightly = 'postern-checklist.timer';
/** Of the drill. It is installed, and `postern drill setup` starts it. */
export const drillTimer = 'postern-drill.timer';

export type Before = {
  /** The service was running when the installation reached this step. */
  readonly running: boolean;
  /** systemd holds the sockets of the doors; not so for version 0.1. */
  readonly listening: boolean;
  /** The program or a unit differs from what was there before. */
  readonly changed: boolean;
  /** The sockets differ from what was there before. */
  readonly moved: boolean;
  /** There is a Postfix, whose group the sockets need. */
  readonly postfix: boolean;
};

/**
 * The systemctl calls, in order, and the text for them; undefined: the step's own text. systemd
 * starts no socket of a service that runs. It holds the sockets while the service restarts, so that
 * Postfix is never refused.
 */
export function serviceCalls(before: Before): {
  readonly calls: readonly (readonly string[])[];
  readonly said: string | undefined;
} {
  const { changed, listening, moved, postfix, running } = before;
  const sockets = postfix ? [helper, nightly, letGo, socket] : [helper, nightly];
  const start = [['daemon-reload'], ['enable', '--now', ...sockets, service]];
  if (postfix && listening && moved) {
    const calls = [...start, ['restart', service, socket]];
    return { calls, said: `restarted ${service} and ${socket}, because the sockets moved` };
  }
  if (!running) return { calls: start, said: undefined };
  if (postfix && !listening) {
    const calls = [['daemon-reload'], ['stop', service], ...start.slice(1)];
    return { calls, said: `restarted ${service}; systemd now holds its sockets` };
  }
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
export function startStep(
  configFile: string,
  files: { readonly changed: () => boolean; readonly moved: () => boolean },
): InstallStep {
  return {
    text: `enable and start ${socket} and ${service}; restart the service if its files changed`,
    async run() {
      if (!systemdRuns()) {
        return (
          'systemd does not run here; start the guard another way: ' +
          'postern up --config /etc/postern/postern.toml --state /var/lib/postern'
        );
      }
      const running = ['active', 'activating', 'reloading'].includes(await stateOf(service));
      const { calls, said } = serviceCalls({
        running,
        listening: (await stateOf(socket)) === 'active',
        changed: files.changed(),
        moved: files.moved(),
        postfix: await hasPostfix(),
      });
      // A guard with its old program is better than one that does not start.
      if (running && existsSync(configFile)) loadConfig(configFile);
      for (const args of calls) await systemctl(args);
      return said;
    },
  };
}

async function stateOf(unit: string): Promise<string> {
  // Exit 3: the unit is not active; 4: there is no such unit.
  const [state = ''] = await systemctl(['is-active', unit], [3, 4]);
  return state;
}

/** `installed`: the service's unit is there. */
export function stopStep(installed: () => boolean): InstallStep {
  return {
    text: `stop and disable ${service}`,
    async run() {
      if (!systemdRuns()) return 'systemd does not run here: nothing to stop';
      if (!installed()) return `no ${service} here`;
      // The socket first: a connection to it would start the service again.
      for (const unit of [socket, timer, letGo, nightly, drillTimer]) {
        // An older installation does not have it.
        await systemctl(['disable', '--now', unit], [1]);
      }
      await systemctl(['disable', '--now', service, helper]);
      return undefined;
    },
  };
}
