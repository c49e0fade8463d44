/**
 * Opens the mail server on this machine: the tools of its queue, and its logins. `postern connect`
 * writes what it found out about Postfix to `postfix.json` in the state folder. The guard looks at
 * that file each second, so that no restart is needed after connecting.
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

/** The part of the configuration that is needed here. */
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
   * Domains that this Postfix delivers for, or accepts from anybody to pass them on
   * (formats/postfix/own-domains.ts).
   */
  readonly localDomains: readonly string[];
  /**
   * The mynetworks of this Postfix, as rules of formats/postfix/network-list.ts. Undefined if the
   * file was written by a version that did not ask for them.
   */
  readonly clientNetworks?: readonly string[] | undefined;
};
export const localDomainsMax = 100_000;
/** Networks: all are compared for each message that leaves without a login. */
export const clientNetworksMax = 10_000;
const connected: z.ZodType<ConnectedPostfix> = z.object({
  configDirectory: z.string().startsWith('/'),
  localDomains: z.array(z.string().max(256)).max(localDomainsMax),
  clientNetworks: z.array(z.string().max(64)).max(clientNetworksMax).optional(),
});

/** The networks that may relay if they are not known from Postfix: this machine. */
const thisMachine = ['127.0.0.0/8', '::1'];

/** The name of the file in the state folder. */
export const connectedFile = 'postfix.json';

/** `connect` tells success at once; soon after, mail has to be judged with the new domains. */
const lookEveryMs = 1_000;

export function openMailServer(options: {
  readonly config: MailServerConfig;
  readonly state: string;
  readonly log: Log;
  /** The domains of Postfix are added to these. */
  readonly localDomains: Set<string>;
}): {
  mta: Mta | undefined;
  logins: LoginDoor | undefined;
  /** Tells whether a client with this address may relay without a login. */
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
  const timer = setInterval(found, lookEveryMs);
  timer.unref();
  const way = queueAccess(config.postfix.queue, config.postfix.helper_socket);
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
    close: () => clearInterval(timer),
  };
}

function queueAccess(
  wanted: MailServerConfig['postfix']['queue'],
  socket: string,
): 'direct' | 'helper' | 'off' {
  if (wanted !== 'auto') return wanted;
  if (process.getuid?.() === 0) return existsSync('/usr/sbin/postsuper') ? 'direct' : 'off';
  return existsSync(socket) ? 'helper' : 'off';
}

/**
 * Reads the file when it has changed, and passes its content on. If the file cannot be read, what
 * was passed on before stays in force.
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
