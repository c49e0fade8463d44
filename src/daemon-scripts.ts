/** The part of the daemon that keeps the register of scripts. Of daemon.ts. */
import type { Config } from './config/schema.ts';
import {
  openScripts,
  type ScriptDeps,
  type ScriptSettings,
  type Scripts,
} from './flow/script-mailed.ts';
import type { ScriptLedger } from './ports-scripts.ts';

export type DaemonScripts = Omit<Scripts, 'close'> & { configure(config: Config): void };

export function openDaemonScripts(
  deps: Omit<ScriptDeps, 'settings' | 'stored'> & {
    readonly config: Config;
    readonly ledger: ScriptLedger;
  },
  scope: AsyncDisposableStack,
): DaemonScripts {
  const settings: { -readonly [Key in keyof ScriptSettings]: ScriptSettings[Key] } = settingsOf(
    deps.config,
  );
  const scripts = openScripts({ ...deps, stored: deps.ledger, settings });
  scope.defer(() => scripts.close());
  return { ...scripts, configure: (changed) => void Object.assign(settings, settingsOf(changed)) };
}

function settingsOf({ scripts }: Config): ScriptSettings {
  return { mode: scripts.mode, trustedUsers: new Set(scripts.trusted_users) };
}
