/**
 * Reads from Postfix which mail it delivers here and who may relay: its own domains, the transports
 * that lead away, and the networks of its clients. `connect` asks as root, and the guard asks again
 * as its own user when main.cf or a table changes.
 *
 * Patterns and databases cannot be listed. They are named, so that the operator can set what is
 * missing.
 */
import { readFile } from 'node:fs/promises';
import { type TransportFacts, transportsOf } from '../../formats/postfix/transports.ts';
import { keysOf, listEntries, lookUp, tableEntries, wordsOf } from './lists.ts';
import { clientNetworks } from './networks.ts';
import { postconfValues } from './postconf.ts';

export type MailFacts = {
  readonly localDomains: readonly string[];
  readonly clientNetworks: readonly string[];
  readonly transports: TransportFacts;
  /** Lists of domains, of clients, and tables of transports, that could not be read. */
  readonly unread: {
    readonly domains: readonly string[];
    readonly clients: readonly string[];
    readonly transports: readonly string[];
  };
  /** Files that say something else when they change. */
  readonly files: readonly string[];
};

const parameters = [
  'mydestination',
  'virtual_mailbox_domains',
  'virtual_alias_domains',
  'relay_domains',
  'parent_domain_matches_subdomains',
  'mynetworks',
  'local_transport',
  'virtual_transport',
  'relay_transport',
  'default_transport',
  'transport_maps',
  'sender_dependent_default_transport_maps',
] as const;
type Values = Readonly<Record<(typeof parameters)[number], string>>;

/** No server accepts mail for it (RFC 6761 section 6.4). */
const nobodysDomain = 'postern-asks.invalid';

export async function readMailFacts(configDirectory: string): Promise<MailFacts> {
  const values = await postconfValues(parameters, configDirectory);
  const own = await ownDomains(values, configDirectory);
  const clients = await clientNetworks(values.mynetworks, {
    file: (path) => readFile(path, 'latin1'),
    keys: (table) => keysOf(table, configDirectory),
  });
  const { facts, unread } = await transports(values, own, configDirectory);
  return {
    localDomains: [...own.found].sort(),
    clientNetworks: clients.found,
    transports: facts,
    unread: { domains: own.unread, clients: clients.unread, transports: unread },
    files: [`${configDirectory}/main.cf`, ...parameters.flatMap((name) => filesIn(values[name]))],
  };
}

type OwnDomains = {
  readonly found: ReadonlySet<string>;
  readonly unread: readonly string[];
  /** Tables of relay_domains that cannot be listed. */
  readonly relayUnread: readonly string[];
};

async function ownDomains(values: Values, configDirectory: string): Promise<OwnDomains> {
  const found = new Set<string>();
  const unread: string[] = [];
  const add = async (value: string, below: 'none' | 'by dot' | 'all'): Promise<void> => {
    for (const token of wordsOf(value)) {
      if (token.startsWith('!')) continue;
      const entries = await listEntries(token, configDirectory).catch(() => undefined);
      if (entries === undefined) unread.push(token);
      for (const entry of entries ?? []) {
        if (!/^\.?[A-Za-z0-9-][A-Za-z0-9.-]{0,254}$/.test(entry)) continue;
        const name = entry.toLowerCase();
        if (below !== 'none' || !name.startsWith('.')) found.add(name);
        if (below === 'all' && !name.startsWith('.')) found.add(`.${name}`);
      }
    }
  };
  await add(values.mydestination, 'none');
  await add(values.virtual_mailbox_domains, 'none');
  await add(values.virtual_alias_domains, 'none');
  const before = unread.length;
  const withBelow = wordsOf(values.parent_domain_matches_subdomains);
  await add(values.relay_domains, withBelow.includes('relay_domains') ? 'all' : 'by dot');
  return { found, unread, relayUnread: unread.slice(before) };
}

async function transports(
  values: Values,
  own: OwnDomains,
  configDirectory: string,
): Promise<{ readonly facts: TransportFacts; readonly unread: readonly string[] }> {
  const unread: string[] = [];
  const world = [values.default_transport];
  for (const table of wordsOf(values.sender_dependent_default_transport_maps)) {
    const entries = await tableEntries(table, configDirectory).catch(() => undefined);
    if (entries === undefined) unread.push(table);
    world.push(...(entries ?? []).map(({ value }) => value));
  }
  for (const table of wordsOf(values.transport_maps)) {
    const found = await ofEverybody(table, configDirectory).catch(() => undefined);
    if (found === undefined) unread.push(table);
    world.push(...(found ?? []));
  }
  const facts = transportsOf({
    local: [values.local_transport, values.virtual_transport],
    world,
    relay: values.relay_transport,
    relayIsUnlisted: await hasLimits(own.relayUnread, configDirectory),
  });
  return { facts, unread };
}

/** What a table of transports says of mail to anybody. */
async function ofEverybody(table: string, configDirectory: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const key of ['*', nobodysDomain, `nobody@${nobodysDomain}`]) {
    const value = await lookUp(table, key, configDirectory);
    if (value !== undefined) found.push(value);
  }
  return found;
}

/** True if there are tables, and each of them tells some domains from the rest of the world. */
async function hasLimits(tables: readonly string[], configDirectory: string): Promise<boolean> {
  for (const table of tables) {
    const all = await lookUp(table, nobodysDomain, configDirectory).catch(() => undefined);
    if (all !== undefined) return false;
  }
  return tables.length > 0;
}

/** Files of tables, as Postfix reads them. */
function filesIn(value: string): readonly string[] {
  return wordsOf(value).flatMap((word) => {
    const path = /^!?(?:[a-z]+:)*(\/[^\s{}]+)$/.exec(word)?.[1];
    if (path === undefined) return [];
    return [path, `${path}.db`, `${path}.cdb`, `${path}.lmdb`];
  });
}
