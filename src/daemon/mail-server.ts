/**
 * The mail server beside us: whose queue tools and whose logins. What `postern connect` found out
 * about it lies in
 * `postfix.json` in the state folder, looked at each second and read anew when it changes: no restart is needed after
 * connecting.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { isListed, type NetworkRule, parseNetworkRule } from '../formats/postfix/network-list.ts';
import { dovecot } from '../partners/dovecot.ts';
import { postfix } from '../partners/postfix/queue.ts';
import { helperTools, ownTools, type PrivilegedTools } from '../partners/privileged-tools.ts';
import type { LoginDoor, Mta } from '../ports/mail-server.ts';
import type { Log } from '../ports/world.ts';

/** What of the configuration this needs. */
type MailServerConfig = {
  readonly accounts: {
    readonly default_domain: string;
    readonly client_networks: readonly string[];
  };
  readonly postfix: {
    readonly config_directory: string;
    readonly queue: 'auto' | 'direct' | 'helper' | 'off';
    readonly helper_socket: string;
  };
  readonly dovecot: { readonly deny_file: string; readonly config: string };
};

/** What `postern connect postfix` writes for the guard. */
export type ConnectedPostfix = {
  readonly configDirectory: string;
  /**
   * Domains that this Postfix delivers itself, or takes from anybody to bring them elsewhere
   * (mail/own-domains.ts).
   */
  readonly localDomains: readonly string[];
  /**
   * Its mynetworks, as rules of mail/network-list.ts. Undefined: written before they were asked
   * for.
   */
  readonly clientNetworks?: readonly string[] | undefined;
};
export const localDomainsMax = 100_000;
/** Looked through for each message that leaves without a login. */
export const clientNetworksMax = 10_000;
const connected: z.ZodType<ConnectedPostfix> = z.object({
  configDirectory: z.string().startsWith('/'),
  localDomains: z.array(z.string().max(256)).max(localDomainsMax),
  clientNetworks: z.array(z.string().max(64)).max(clientNetworksMax).optional(),
});

/** Who may relay where nobody has asked Postfix: this machine. */
const thisMachine = ['127.0.0.0/8', '::1'];

/** Name of that file in the state folder. */
export const connectedFile = 'postfix.json';

/**
 * `connect` has just said that all is well: mail from then on is judged with the domains that it
 * found.
 */
const lookEveryMs = 1_000;

export function openMailServer(options: {
  readonly config: MailServerConfig;
  readonly state: string;
  readonly log: Log;
  /** Domains found are added. */
  readonly localDomains: Set<string>;
}): {
  mta: Mta | undefined;
  logins: LoginDoor | undefined;
  /** May the client with this address relay because of it, without a login? */
  mayRelay(client: string): boolean;
  close(): void;
} {
  const { config, localDomains, log, state } = options;
  let relaying: readonly NetworkRule[] = [];
  const take = (known: ConnectedPostfix | undefined): void => {
    for (const domain of known?.localDomains ?? []) localDomains.add(domain.toLowerCase());
    const networks = [
      ...config.accounts.client_networks,
      ...(known?.clientNetworks ?? thisMachine),
    ];
    relaying = networks.flatMap((text) => parseNetworkRule(text) ?? []);
  };
  take(undefined);
  const found = connectedReader(join(state, connectedFile), take, log);
  found();
  const looking = setInterval(found, lookEveryMs);
  looking.unref();
  const way = wayOf(config.postfix.queue, config.postfix.helper_socket);
  const own = (): PrivilegedTools => {
    const postfixConfig =
      config.postfix.config_directory === ''
        ? found()?.configDirectory
        : config.postfix.config_directory;
    return ownTools({
      ...(postfixConfig === undefined ? {} : { postfixConfig }),
      ...(config.dovecot.config === '' ? {} : { dovecotConfig: config.dovecot.config }),
    });
  };
  const tools: PrivilegedTools =
    way === 'helper'
      ? helperTools(config.postfix.helper_socket)
      : { run: (verb, names, signal) => own().run(verb, names, signal) };
  const denyFile = config.dovecot.deny_file;
  const defaultDomain = config.accounts.default_domain;
  return {
    mta: way === 'off' ? undefined : postfix({ tools }),
    logins:
      denyFile === ''
        ? undefined
        : dovecot({ tools, denyFile, ...(defaultDomain === '' ? {} : { defaultDomain }) }),
    mayRelay: (client) => isListed(client, relaying),
    close: () => clearInterval(looking),
  };
}

function wayOf(
  wanted: MailServerConfig['postfix']['queue'],
  socket: string,
): 'direct' | 'helper' | 'off' {
  if (wanted !== 'auto') return wanted;
  if (process.getuid?.() === 0) return existsSync('/usr/sbin/postsuper') ? 'direct' : 'off';
  return existsSync(socket) ? 'helper' : 'off';
}

/**
 * Reads the file when it has changed, and hands on what is in it; what cannot be read takes nothing
 * back.
 */
function connectedReader(
  path: string,
  take: (known: ConnectedPostfix | undefined) => void,
  log: Log,
): () => ConnectedPostfix | undefined {
  let changed = 0;
  let known: ConnectedPostfix | undefined;
  return () => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) {
      if (known !== undefined) take(undefined);
      known = undefined;
      changed = 0;
      return known;
    }
    if (stat.mtimeMs === changed) return known;
    changed = stat.mtimeMs;
    try {
      known = connected.parse(JSON.parse(readFileSync(path, 'utf8')));
      take(known);
      const localDomains = known.localDomains.length;
      const clientNetworks = known.clientNetworks?.length;
      log('info', 'postfix.connected', { path, localDomains, clientNetworks });
    } catch (error) {
      known = undefined;
      log('warn', 'postfix.unread', { path, why: String(error) });
    }
    return known;
  };
}
