/**
 * Tells the guard facts about its Postfix: the configuration folder, the local domains, and the
 * clients that may relay by address. They go into a file in the state folder. That folder belongs
 * to an unprivileged user, so the file is never written through a link.
 *
 * Patterns and databases cannot be listed. Mail of such domains and clients is judged like that of
 * any client, and is not signed; a note tells the operator what to set.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  type ConnectedPostfix,
  clientNetworksMax,
  connectedFile,
  localDomainsMax,
} from '../../daemon/base/connected.ts';
import { postconf } from '../../partners/postfix/postconf.ts';
import { keysOf, type Listed, listEntries, wordsOf } from './postfix-lists.ts';
import { clientNetworks } from './postfix-networks.ts';

const domainParameters = [
  'mydestination',
  'virtual_mailbox_domains',
  'virtual_alias_domains',
] as const;

/** Answers with notes for the operator. */
export async function tellGuard(
  state: string,
  configDirectory: string,
): Promise<readonly string[]> {
  const domains = await localDomains(configDirectory);
  const clients = await clientNetworks(await postconf('mynetworks', configDirectory), {
    file: (path) => readFile(path, 'latin1'),
    keys: (table) => keysOf(table, configDirectory),
  });
  const path = join(state, connectedFile);
  const about: ConnectedPostfix = {
    configDirectory: resolve(configDirectory),
    localDomains: domains.found.slice(0, localDomainsMax),
    clientNetworks: clients.found.slice(0, clientNetworksMax),
  };
  await rm(`${path}.new`, { force: true });
  await writeFile(`${path}.new`, JSON.stringify(about), { mode: 0o644, flag: 'wx' });
  await rename(`${path}.new`, path);
  const many = clients.found.length > clientNetworksMax;
  return [
    ...domains.unread.map(
      (table) => `the domains in ${table} cannot be listed; add them to accounts.local_domains`,
    ),
    ...clients.unread.map(
      (item) =>
        `${item} of mynetworks cannot be listed; add these clients to accounts.client_networks, ` +
        'or their mail is not signed',
    ),
    ...(many ? [`of mynetworks, only the first ${clientNetworksMax} entries are used`] : []),
  ];
}

export async function untellGuard(state: string): Promise<void> {
  await rm(join(state, connectedFile), { force: true });
}

/** Domains that Postfix accepts mail for, and tables that cannot be listed. */
async function localDomains(configDirectory: string): Promise<Listed> {
  const domains = new Set<string>();
  const unread: string[] = [];
  const add = async (value: string, below: 'none' | 'by dot' | 'all'): Promise<void> => {
    for (const token of wordsOf(value)) {
      if (token.startsWith('!')) continue;
      const entries = await listEntries(token, configDirectory).catch(() => undefined);
      if (entries === undefined) unread.push(token);
      for (const entry of entries ?? []) {
        if (!/^\.?[A-Za-z0-9-][A-Za-z0-9.-]{0,254}$/.test(entry)) continue;
        const name = entry.toLowerCase();
        if (below !== 'none' || !name.startsWith('.')) domains.add(name);
        if (below === 'all' && !name.startsWith('.')) domains.add(`.${name}`);
      }
    }
  };
  for (const name of domainParameters) await add(await postconf(name, configDirectory), 'none');
  const withBelow = wordsOf(await postconf('parent_domain_matches_subdomains', configDirectory));
  const below = withBelow.includes('relay_domains') ? 'all' : 'by dot';
  await add(await postconf('relay_domains', configDirectory), below);
  return { found: [...domains].sort(), unread };
}
