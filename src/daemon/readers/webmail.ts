/** Opens what finds the person behind a webmail: for mail, and for logins. */
import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import type { Policy } from '../../core/account/policy.ts';
import { isXclientOpen } from '../../core/checklist/webmail/xclient.ts';
import type { MilterOptions } from '../../doors/milter/options.ts';
import { openWebmailClients, type WebmailClients } from '../../flow/webmail/webmail-clients.ts';
import { openWebmailLogins, type WebmailLogins } from '../../flow/webmail/webmail-logins.ts';
import { parseMainCf } from '../../formats/postfix/main-cf.ts';
import { parseMasterCf } from '../../formats/postfix/master-cf.ts';
import { isAmong, parseNetwork } from '../../formats/postfix/network-list.ts';
import { secondMs } from '../../lib/time.ts';
import { openIdentities } from '../../partners/kernel/identities.ts';
import type { ConnectedReader } from '../base/connected.ts';
import { machineAddresses } from '../base/machine.ts';
import type { DaemonParts } from '../base/options.ts';
import { duration } from '../base/settings.ts';
import { postfixText } from '../doors/main-files.ts';
import { systemDirectory } from '../doors/postfix-doors.ts';

export type DaemonWebmail = {
  readonly clients: WebmailClients;
  readonly logins: WebmailLogins;
  /** What the milter door has to know. */
  readonly door: Pick<MilterOptions, 'webmail' | 'believesXclient'>;
};

/** Postfix's files are read again after this time. */
const lookEveryMs = 5 * secondMs;

export function openDaemonWebmail(
  { config, owners, world }: DaemonParts,
  { connected, policy }: { readonly connected: ConnectedReader; readonly policy: Policy },
): DaemonWebmail {
  const { field, hosts, services: names, session, users } = config.webmail;
  const networks = hosts.flatMap((host) => parseNetwork(host) ?? []);
  const isHost = (client: string): boolean => networks.length > 0 && isAmong(client, networks);
  const isOwnHost = (client: string): boolean => policy.isOwnHost(client);
  const services = new Set(names);
  const logins = openWebmailLogins({
    isHost,
    isOwnHost,
    sessionMs: duration(session),
    dropped: (why) => world.count('postern_mail_log_dropped_total', 1, why),
  });
  const identities = openIdentities();
  const userName = (uid: number): string => identities.user(uid).name;
  return {
    logins,
    clients: openWebmailClients({
      owners,
      userName,
      logins,
      isHost,
      isOwnHost,
      users,
      services,
      world,
    }),
    door: {
      webmail: { field, isHost, services },
      believesXclient: openXclientCheck(config, connected),
    },
  };
}

/** Asks the files of each Postfix whether any user of this machine may claim a login. */
function openXclientCheck({ postfix }: Config, connected: ConnectedReader): () => boolean {
  const { config_directory: named } = postfix;
  const usual = named === '' ? systemDirectory : named;
  let isOpen = false;
  let lookedAt = Number.NEGATIVE_INFINITY;
  const look = (): boolean => {
    const known = (connected.read()?.instances ?? []).map((one) => one.configDirectory);
    const own = machineAddresses();
    return [...new Set([usual, ...known])].some((directory) => {
      const main = postfixText(join(directory, 'main.cf'));
      const master = postfixText(join(directory, 'master.cf'));
      if (main === undefined || master === undefined) return false;
      return isXclientOpen({ main: parseMainCf(main), master: parseMasterCf(master), own });
    });
  };
  return () => {
    const now = performance.now();
    if (now - lookedAt > lookEveryMs) {
      isOpen = look();
      lookedAt = now;
    }
    return !isOpen;
  };
}
