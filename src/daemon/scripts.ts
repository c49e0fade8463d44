/**
 * The part of the daemon that keeps the register of scripts, and finds out which clients are some.
 * Of daemon.ts.
 */
import type { Config } from '../config/schema.ts';
import {
  type DirectConnections,
  type DirectSettings,
  openDirectConnections,
} from '../flow/scripts/direct-connection.ts';
import {
  openScripts,
  type ScriptDeps,
  type ScriptSettings,
  type Scripts,
} from '../flow/scripts/script-mailed.ts';
import type { Mutable } from '../lib/mutable.ts';
import { openIdentities } from '../partners/kernel/identities.ts';
import { openSocketOwners } from '../partners/kernel/socket-owner.ts';
import type { Gate } from '../ports/message.ts';
import type { ScriptAdmin, ScriptLedger } from '../ports/scripts.ts';
import type { Log } from '../ports/world.ts';

export type DaemonScripts = {
  readonly admin: ScriptAdmin;
  /** `gate` for messages that may be of scripts: they are compared with the register first. */
  through(gate: Gate): Gate;
  configure(config: Config): void;
};

type Live = ScriptSettings & DirectSettings;

export function openDaemonScripts(
  deps: Omit<ScriptDeps, 'settings' | 'stored'> & {
    readonly config: Config;
    readonly ledger: ScriptLedger;
    readonly log: Log;
  },
  scope: AsyncDisposableStack,
): DaemonScripts {
  const { config, count, ledger, log } = deps;
  const settings: Mutable<Live> = settingsOf(config);
  const scripts = openScripts({ ...deps, stored: ledger, settings });
  scope.defer(() => scripts.close());
  const owners = openSocketOwners();
  const identities = openIdentities();
  const userName = (uid: number): string => identities.user(uid).name;
  const direct = openDirectConnections({ owners, userName, settings, count, log });
  return {
    admin: { ...scripts.admin, whose: (end) => direct.whose(end) },
    through: (gate) => throughRegister(gate, scripts, direct),
    configure: (changed) => void Object.assign(settings, settingsOf(changed)),
  };
}

function throughRegister(gate: Gate, scripts: Scripts, direct: DirectConnections): Gate {
  return {
    mayBegin: (submitter) => gate.mayBegin(submitter),
    submit(message, by, answer) {
      direct.known(
        ...[message, by],
        (known) => {
          const judged = scripts.judge(known);
          gate.submit(judged, by, (said) => {
            scripts.answered(judged, said.kind === 'pass' ? 'passed' : 'stopped');
            answer(said);
          });
        },
        answer,
      );
    },
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
