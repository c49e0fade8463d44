/**
 * Reads from Postfix which mail it delivers here and who may relay: its own domains, the transports
 * that lead away, and the networks of its clients. `connect` asks as root, and the guard asks again
 * as its own user when main.cf or a table changes.
 *
 * Patterns and databases cannot be listed. They are named, so that the operator can set what is
 * missing.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expand, mainValue, parseMainCf } from '../../formats/postfix/main-cf.ts';
import { parseMasterCf } from '../../formats/postfix/master-cf.ts';
import { filtersNamed, pipeFilterUsers, tablesIn } from '../../formats/postfix/pipe-filters.ts';
import { type TransportFacts, transportsOf } from '../../formats/postfix/transports.ts';
import { programOutput } from '../program.ts';
import { filesOf } from './files.ts';
import { keysOf, listEntries, lookUp, tableEntries, wordsOf } from './lists.ts';
import { type LoginFacts, readLogins } from './logins.ts';
import { clientNetworks } from './networks.ts';
import { postconfValues } from './postconf.ts';

export type FilterUser = { readonly name: string; readonly uid: number };
export type MailFacts = {
  readonly localDomains: readonly string[];
  readonly clientNetworks: readonly string[];
  readonly transports: TransportFacts;
  /** Users of filters that hand mail back through sendmail(1) (formats/postfix/pipe-filters.ts). */
  readonly filterUsers: readonly FilterUser[];
  /** Undefined if logins with different domains are different accounts. */
  readonly logins: LoginFacts | undefined;
  /** Lists of domains and clients, tables of transports and of filters, that could not be read. */
  readonly unread: {
    readonly domains: readonly string[];
    readonly clients: readonly string[];
    readonly transports: readonly string[];
    readonly filters: readonly string[];
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
/** Their tables may name a filter. */
const checks = [
  ...['client', 'helo', 'sender', 'relay', 'recipient', 'data', 'end_of_data'].map(
    (stage) => `smtpd_${stage}_restrictions`,
  ),
  ...['header', 'mime_header', 'nested_header', 'body'].map((part) => `${part}_checks`),
];
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
  const filters = await filtersOf(configDirectory);
  return {
    localDomains: [...own.found].sort(),
    clientNetworks: clients.found,
    transports: facts,
    filterUsers: filters.users,
    logins: await readLogins(configDirectory),
    unread: {
      domains: own.unread,
      clients: clients.unread,
      transports: unread,
      filters: filters.unread,
    },
    files: [
      ...['main.cf', 'master.cf'].map((name) => join(configDirectory, name)),
      ...[...parameters.map((name) => values[name]), ...filters.tables]
        .flatMap(wordsOf)
        .flatMap(filesOf),
    ],
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

async function filtersOf(configDirectory: string): Promise<{
  readonly users: readonly FilterUser[];
  readonly tables: readonly string[];
  readonly unread: readonly string[];
}> {
  const main = parseMainCf(await readFile(join(configDirectory, 'main.cf'), 'latin1'));
  const master = parseMasterCf(await readFile(join(configDirectory, 'master.cf'), 'latin1'));
  const values = await postconfValues(checks, configDirectory);
  const look = (name: string): string | undefined => mainValue(main, name);
  const overrides = master.services
    .flatMap((service) => service.overrides)
    .filter(({ name }) => checks.includes(name))
    .map(({ value }) => expand(value, look));
  const tables = [...new Set([...Object.values(values), ...overrides].flatMap(tablesIn))];
  const named: string[] = [];
  const unread: string[] = [];
  for (const table of tables) {
    const text = await tableText(table, configDirectory).catch(() => undefined);
    if (text === undefined) unread.push(table);
    else named.push(...filtersNamed(text));
  }
  const users: FilterUser[] = [];
  for (const name of pipeFilterUsers(main, master, named)) {
    const uid = await uidOf(name);
    if (uid !== undefined) users.push({ name, uid });
  }
  return { users, tables, unread };
}

/** Values of a table, or the source of a table of patterns; undefined if it cannot be listed. */
async function tableText(table: string, configDirectory: string): Promise<string | undefined> {
  const patterns = /^(?:proxy:)?(?:regexp|pcre|cidr):(.*)$/s.exec(table)?.[1];
  if (patterns?.startsWith('/') === true) return readFile(patterns, 'latin1');
  if (patterns !== undefined) return patterns;
  const entries = await tableEntries(table, configDirectory);
  return entries?.map(({ value }) => value).join('\n');
}

async function uidOf(name: string): Promise<number | undefined> {
  const [line = ''] = await programOutput({
    program: '/usr/bin/getent',
    args: ['passwd', name],
    errors: 'complaint',
    fine: [2],
    signal: AbortSignal.timeout(10_000),
  });
  const uid = line.split(':')[2] ?? '';
  return /^\d+$/.test(uid) ? Number(uid) : undefined;
}
