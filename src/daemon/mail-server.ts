/** Opens the mail server on this machine: the tools of its queue, and its logins. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isListed, type NetworkRule, parseNetworkRule } from '../formats/postfix/network-list.ts';
import { dovecot } from '../partners/dovecot.ts';
import { postfix } from '../partners/postfix/queue.ts';
import { allQueues } from '../partners/postfix/queues.ts';
import { helperTools, ownTools, type PrivilegedTools } from '../partners/privileged-tools.ts';
import type { LoginDoor, Mta } from '../ports/mail-server.ts';
import type { Log } from '../ports/world.ts';
import {
  type ConnectedPostfix,
  type ConnectedReader,
  connectedFile,
  lookEveryMs,
  openConnected,
} from './base/connected.ts';
import { startTimer } from './base/timers.ts';
import { systemDirectory } from './doors/postfix-doors.ts';

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

/** The networks that may relay if they are not known from Postfix: this machine. */
const thisMachine = ['127.0.0.0/8', '::1'];

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
  /** What `postern connect` found out about Postfix. */
  readonly connected: ConnectedReader;
  close(): void;
} {
  const { config, localDomains, log, state } = options;
  let relaying: readonly NetworkRule[] = [];
  const take = (known: ConnectedPostfix | undefined): void => {
    const all = known?.instances ?? (known === undefined ? [] : [known]);
    for (const one of all) {
      for (const domain of one.localDomains) localDomains.add(domain.toLowerCase());
    }
    const found = all.map(({ clientNetworks }) => clientNetworks ?? thisMachine);
    const networks = [
      ...config.accounts.client_networks,
      ...(found.length === 0 ? thisMachine : found.flat()),
    ];
    relaying = networks.flatMap((text) => parseNetworkRule(text) ?? []);
  };
  take(undefined);
  const connected = openConnected(join(state, connectedFile), take, log);
  connected.read();
  const stop = startTimer(lookEveryMs, () => void connected.read());
  const way = queueAccess(config.postfix.queue, config.postfix.helper_socket);
  const { config: dovecotConfig, deny_file: denyFile } = config.dovecot;
  const { config_directory: named, helper_socket: socket } = config.postfix;
  const toolsOf = (directory: string): PrivilegedTools =>
    way === 'helper'
      ? helperTools(socket, directory)
      : ownTools({
          ...(directory === '' ? {} : { postfixConfig: directory }),
          ...(dovecotConfig === '' ? {} : { dovecotConfig }),
        });
  const queues = (): readonly Mta[] =>
    queueInstances(connected.read(), { named, isNamedByRoot: way === 'helper' }).map((instance) =>
      postfix({ tools: toolsOf(instance), instance }),
    );
  const defaultDomain = config.accounts.default_domain;
  return {
    mta: way === 'off' ? undefined : allQueues(queues),
    logins:
      denyFile === ''
        ? undefined
        : dovecot({
            tools: toolsOf(''),
            denyFile,
            ...(defaultDomain === '' ? {} : { defaultDomain }),
          }),
    mayRelay: (client) => isListed(client, relaying),
    connected,
    close: stop,
  };
}

/**
 * The configuration directory of each instance whose queue Postern works on; empty for the
 * machine's default one. These are all that are connected, and the one that the setting names. The
 * helper knows that one from its unit.
 */
export function queueInstances(
  known: ConnectedPostfix | undefined,
  { named, isNamedByRoot }: { readonly named: string; readonly isNamedByRoot: boolean },
): readonly string[] {
  const connected = (known?.instances ?? (known === undefined ? [] : [known])).map(
    ({ configDirectory }) => configDirectory,
  );
  const all = new Set(connected.map((path) => (path === systemDirectory ? '' : path)));
  if (named !== '' && !connected.includes(named)) all.add(isNamedByRoot ? '' : named);
  const there = [...all].filter((path) => path === '' || existsSync(join(path, 'main.cf')));
  return there.length === 0 ? [''] : there;
}

function queueAccess(
  wanted: MailServerConfig['postfix']['queue'],
  socket: string,
): 'direct' | 'helper' | 'off' {
  if (wanted !== 'auto') return wanted;
  if (process.getuid?.() === 0) return existsSync('/usr/sbin/postsuper') ? 'direct' : 'off';
  return existsSync(socket) ? 'helper' : 'off';
}
