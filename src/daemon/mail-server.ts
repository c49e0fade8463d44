/** Opens the mail server on this machine: the tools of its queue, and its logins. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LoginDomains } from '../core/account-name.ts';
import { isListed, type NetworkRule, parseNetworkRule } from '../formats/postfix/network-list.ts';
import { localTransportsOf } from '../formats/postfix/transports.ts';
import { dovecot } from '../partners/dovecot.ts';
import { letGoList } from '../partners/let-go-list.ts';
import type { LoginFacts } from '../partners/postfix/logins.ts';
import { type FilterUser, readMailFacts } from '../partners/postfix/mail-facts.ts';
import { postfix } from '../partners/postfix/queue.ts';
import { allQueues } from '../partners/postfix/queues.ts';
import { helperTools, ownTools, type PrivilegedTools } from '../partners/privileged-tools.ts';
import type { LetGoList } from '../ports/inbound/inbound.ts';
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
import { askEveryMs, type KnownPostfix, openPostfixFacts } from './postfix-facts.ts';

/** The part of the configuration that is needed here. */
type MailServerConfig = {
  readonly accounts: {
    readonly default_domain: string;
    readonly login_domains: readonly string[];
    readonly local_domains: readonly string[];
    readonly local_transports: readonly string[];
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
}): {
  mta: Mta | undefined;
  logins: LoginDoor | undefined;
  /** This server's own domains, and transports to which mail does not leave; they change. */
  readonly localDomains: ReadonlySet<string>;
  readonly localTransports: Pick<ReadonlySet<string>, 'has'>;
  readonly loginDomains: LoginDomains;
  /** Users of filters that hand mail back through sendmail(1). */
  filterUsers(): readonly FilterUser[];
  /** Tells whether a client with this address may relay without a login. */
  mayRelay(client: string): boolean;
  /** What `postern connect` found out about Postfix. */
  readonly connected: ConnectedReader;
  /** The list of mail that waits, which root keeps; undefined without the root helper. */
  readonly letGo: LetGoList | undefined;
  /** Tools for a configuration folder that need root; undefined where Postern may use none. */
  toolsOf: ((directory: string) => PrivilegedTools) | undefined;
  close(): void;
} {
  const { config, log, state } = options;
  const { client_networks, local_domains, local_transports } = config.accounts;
  const localDomains = new Set<string>();
  let localTransports: ReadonlySet<string> = new Set();
  let relaying: readonly NetworkRule[] = [];
  let filterUsers: readonly FilterUser[] = [];
  const logins = loginDomains(config.accounts);
  const learn = (all: readonly KnownPostfix[]): void => {
    localDomains.clear();
    for (const domain of [...local_domains, ...all.flatMap((one) => one.localDomains)]) {
      localDomains.add(domain.toLowerCase());
    }
    localTransports = localTransportsOf(
      local_transports,
      all.flatMap(({ ways }) => ways),
    );
    logins.learn(all.flatMap((one) => one.logins ?? [])[0]);
    filterUsers = all.flatMap((one) => one.filterUsers);
    const found = all.map(({ clientNetworks }) => clientNetworks ?? thisMachine);
    const networks = [...client_networks, ...(found.length === 0 ? thisMachine : found.flat())];
    relaying = networks.flatMap((text) => parseNetworkRule(text) ?? []);
  };
  const facts = openPostfixFacts({ learn, read: readMailFacts, log });
  const connected = openConnected(join(state, connectedFile), facts.told, log);
  connected.read();
  const stopLooking = startTimer(lookEveryMs, () => void connected.read());
  const stopAsking = startTimer(askEveryMs, () => void facts.ask());
  const stop = (): void => {
    stopLooking();
    stopAsking();
  };
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
    localDomains,
    localTransports: { has: (name) => localTransports.has(name) },
    loginDomains: logins.known,
    filterUsers: () => filterUsers,
    mayRelay: (client) => isListed(client, relaying),
    letGo: way === 'helper' ? letGoList(helperTools(socket), log) : undefined,
    connected,
    toolsOf:
      way === 'off'
        ? undefined
        : (directory) => toolsOf(directory === systemDirectory ? '' : directory),
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

/** The settings count before what the files of Postfix tell. */
function loginDomains(set: MailServerConfig['accounts']): {
  readonly known: LoginDomains;
  learn(facts: LoginFacts | undefined): void;
} {
  const configured = new Set(set.login_domains.map((domain) => domain.toLowerCase()));
  const known: { defaultDomain: string; domains: ReadonlySet<string> | undefined } = {
    defaultDomain: set.default_domain,
    domains: configured.size > 0 ? configured : undefined,
  };
  return {
    known,
    learn(facts) {
      known.defaultDomain = set.default_domain || (facts?.defaultDomain ?? '');
      const found = facts === undefined ? undefined : new Set(facts.domains);
      known.domains = configured.size > 0 ? configured : found;
    },
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
