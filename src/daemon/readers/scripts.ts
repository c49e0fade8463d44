/** Opens the register of scripts, and what finds the script behind a client of this machine. */
import type { Config } from '../../config/schema.ts';
import type { Journal } from '../../flow/journal/journal.ts';
import {
  type DirectConnections,
  type DirectSettings,
  openDirectConnections,
} from '../../flow/scripts/direct-connection.ts';
import {
  openScripts,
  type ScriptSettings,
  type Scripts,
} from '../../flow/scripts/script-mailed.ts';
import type { Mutable } from '../../lib/type-tools.ts';
import { openIdentities } from '../../partners/kernel/identities.ts';
import type { ScriptAdmin, ScriptLedger } from '../../ports/scripts.ts';
import type { DaemonParts } from '../base/options.ts';

export type DaemonScripts = {
  readonly admin: ScriptAdmin;
  readonly register: Scripts;
  readonly direct: DirectConnections;
  configure(config: Config): void;
};

type Live = ScriptSettings & DirectSettings;

export function openDaemonScripts(
  { config, owners, scope, world }: DaemonParts,
  { journal, ledger }: { readonly journal: Journal; readonly ledger: ScriptLedger },
): DaemonScripts {
  const settings: Mutable<Live> = settingsOf(config);
  const register = openScripts({ world, journal, stored: ledger, settings });
  scope.defer(() => register.close());
  const identities = openIdentities();
  const direct = openDirectConnections({
    world,
    owners,
    userName: (uid) => identities.user(uid).name,
    settings,
  });
  return {
    admin: { ...register.admin, whose: (end) => direct.whose(end) },
    register,
    direct,
    configure: (changed) => void Object.assign(settings, settingsOf(changed)),
  };
}

function settingsOf({ scripts }: Config): Live {
  return {
    mode: scripts.mode,
    trustedUsers: new Set(scripts.trusted_users),
    direct: scripts.direct_connections,
    webUsers: scripts.web_users,
  };
}
