/**
 * What the guard should know of the Postfix it was connected to: where its configuration is, and which domains it
 * delivers itself. Written to the state folder, which belongs to an unprivileged user: never through a link of his.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type ConnectedPostfix, connectedFile } from '../partners/mail-server.ts';
import { programOutput } from '../partners/program.ts';

/** Tables whose keys postmap(1) can list. */
const listable = /^(?:hash|btree|lmdb|cdb|dbm|sdbm|texthash):/;
const domainsMax = 100_000;
const parameters = ['mydestination', 'virtual_mailbox_domains', 'virtual_alias_domains'] as const;

export async function tellGuard(
  state: string,
  configDirectory: string,
): Promise<readonly string[]> {
  const { domains, unread } = await localDomains(configDirectory);
  const path = join(state, connectedFile);
  const about: ConnectedPostfix = {
    configDirectory: resolve(configDirectory),
    localDomains: domains.slice(0, domainsMax),
  };
  await rm(`${path}.new`, { force: true });
  await writeFile(`${path}.new`, JSON.stringify(about), { mode: 0o644, flag: 'wx' });
  await rename(`${path}.new`, path);
  return unread.map(
    (table) => `the domains in ${table} cannot be listed; name them in accounts.local_domains`,
  );
}

export async function untellGuard(state: string): Promise<void> {
  await rm(join(state, connectedFile), { force: true });
}

/** Domains that Postfix delivers on this machine, and the tables that it cannot list. */
async function localDomains(
  configDirectory: string,
): Promise<{ readonly domains: readonly string[]; readonly unread: readonly string[] }> {
  const domains = new Set<string>();
  const unread: string[] = [];
  const values = await run('/usr/sbin/postconf', ['-c', configDirectory, '-hx', ...parameters]);
  for (const token of values.join(' ').split(/[\s,]+/)) {
    if (token === '' || token.startsWith('!')) continue;
    const entries = await entriesOf(token, configDirectory).catch(() => undefined);
    if (entries === undefined) unread.push(token);
    for (const entry of entries ?? []) {
      if (/^[A-Za-z0-9.-]{1,255}$/.test(entry)) domains.add(entry.toLowerCase());
    }
  }
  return { domains: [...domains].sort(), unread };
}

/** A name itself, the names in a file, or the keys of a table; undefined for a table that cannot be listed. */
async function entriesOf(
  token: string,
  configDirectory: string,
): Promise<readonly string[] | undefined> {
  if (token.startsWith('/')) return firstWords((await readFile(token, 'latin1')).split('\n'));
  if (listable.test(token)) {
    const lines = await run('/usr/sbin/postmap', ['-c', configDirectory, '-s', token]);
    return firstWords(lines);
  }
  return token.includes(':') ? undefined : [token];
}

function firstWords(lines: readonly string[]): readonly string[] {
  const words = lines.map((line) => line.trim().split(/\s+/)[0] ?? '');
  return words.filter((word) => word !== '' && !word.startsWith('#'));
}

function run(program: string, args: readonly string[]): Promise<readonly string[]> {
  return programOutput({ program, args, signal: AbortSignal.timeout(20_000), errors: 'complaint' });
}
