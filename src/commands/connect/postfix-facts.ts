/**
 * Tells the guard facts about each Postfix that is connected: its folders, its user, the doors in
 * its main.cf, the local domains, and the clients that may relay by address. They go into a file in
 * the state folder. That folder belongs to an unprivileged user, so the file is never written
 * through a link.
 */
import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { doorsAsked } from '../../core/checklist/doors.ts';
import {
  type ConnectedInstance,
  type ConnectedPostfix,
  clientNetworksMax,
  connectedFile,
  filterUsersMax,
  instancesMax,
  localDomainsMax,
  parseConnected,
  transportsMax,
} from '../../daemon/base/connected.ts';
import { parseMainCf } from '../../formats/postfix/main-cf.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { readMailFacts } from '../../partners/postfix/mail-facts.ts';
import { readOwnedFile } from '../guard/owned-file.ts';
import { installedState } from '../guard/run-file.ts';
import { makeFolderAsRoot, rootDecides } from '../guard/trusted-path.ts';
import { instanceOf } from './postfix-doors.ts';
import { readPostfixFiles } from './postfix-files.ts';

/** The list for postern-root. Its folder is root's: `postern install` makes it. */
const helperInstances = '/etc/postern/postfix-instances';

/** Of some instances with as many domains as there may be. */
const fileBytesMax = 64 * 1024 * 1024;

type ToldFacts = Pick<
  ConnectedInstance,
  'localDomains' | 'clientNetworks' | 'transports' | 'filterUsers' | 'logins'
>;

/** What Postfix delivers and who may relay, with notes for the operator. */
export async function mailFacts(
  configDirectory: string,
): Promise<{ readonly facts: ToldFacts; readonly notes: readonly string[] }> {
  const read = await readMailFacts(configDirectory);
  const { clientNetworks, filterUsers, localDomains, logins, transports, unread } = read;
  const facts = {
    localDomains: localDomains.slice(0, localDomainsMax),
    clientNetworks: clientNetworks.slice(0, clientNetworksMax),
    transports: {
      here: transports.here.slice(0, transportsMax),
      away: transports.away.slice(0, transportsMax),
    },
    filterUsers: filterUsers.slice(0, filterUsersMax),
    ...(logins === undefined ? {} : { logins }),
  };
  const many = clientNetworks.length > clientNetworksMax;
  const notes = [
    ...unread.domains.map(
      (table) => `the domains in ${table} cannot be listed; add them to accounts.local_domains`,
    ),
    ...unread.clients.map(
      (item) =>
        `${item} of mynetworks cannot be listed; add these clients to accounts.client_networks, ` +
        'or their mail is not signed',
    ),
    ...unread.transports.map(
      (table) =>
        `the transports in ${table} cannot be read; if mail for everybody goes by one of them, ` +
        'take that one out of accounts.local_transports',
    ),
    ...(logins === undefined
      ? []
      : ['saslauthd does not look at the domain of a login; joe@one and joe@two are one account']),
    ...unread.filters.map(
      (table) => `${table} cannot be listed; a filter that it names (FILTER) is not seen`,
    ),
    ...filterUsers.map(
      ({ name }) =>
        `mail that user ${name} hands in through sendmail comes back from a filter, so it is not ` +
        'judged again; no other program may run as this user',
    ),
    ...(many ? [`of mynetworks, only the first ${clientNetworksMax} entries are used`] : []),
  ];
  return { facts, notes };
}

/**
 * What the guard knows of Postfix; undefined if nothing is connected. The guard's user can write
 * any folder into the file. So for root, an instance counts only if root alone decides what its
 * configuration is: root reads that configuration, and starts Postfix's tools with it.
 */
export async function guardKnows(state: string): Promise<ConnectedPostfix | undefined> {
  let known: ConnectedPostfix;
  try {
    known = parseConnected(readOwnedFile(join(state, connectedFile), fileBytesMax));
  } catch {
    return undefined; // there is no such file, or the guard reads none either
  }
  if (process.geteuid?.() !== 0) return known;
  if (known.instances === undefined) return isOfRoot(known) ? known : undefined;
  return { ...known, instances: known.instances.filter(isOfRoot) };
}

function isOfRoot({ configDirectory }: Pick<ConnectedInstance, 'configDirectory'>): boolean {
  try {
    for (const name of ['main.cf', 'master.cf']) rootDecides(join(configDirectory, name));
    return true;
  } catch {
    return false;
  }
}

/** Adds an instance or renews it; the others stay. */
export async function tellGuard(state: string, instance: ConnectedInstance): Promise<void> {
  const known = await guardKnows(state);
  const others = (await instancesOf(known)).filter(
    (one) => one.configDirectory !== instance.configDirectory,
  );
  if (others.length >= instancesMax) {
    throw new OperatorError(
      'too-many-instances',
      `the guard knows ${instancesMax} instances of Postfix already`,
      { hint: 'disconnect one: postern connect postfix --undo', exit: sysexits.config },
    );
  }
  await writeKnown(state, { ...summary(instance), instances: [...others, instance] });
}

/** Version 0.1 wrote down one Postfix only, without its doors: those in its main.cf. */
async function instancesOf(
  known: ConnectedPostfix | undefined,
): Promise<readonly ConnectedInstance[]> {
  if (known === undefined || known.instances !== undefined) return known?.instances ?? [];
  const { configDirectory, localDomains, clientNetworks = [] } = known;
  try {
    const { queueDirectory, owner } = await instanceOf(configDirectory);
    const main = parseMainCf((await readPostfixFiles(configDirectory)).main);
    const asked = doorsAsked(main, queueDirectory);
    const [milter = 'off'] = asked.milter;
    const [inbound = milter] = asked.inbound;
    const [policy = 'off'] = asked.policy;
    const facts = { configDirectory, queueDirectory, localDomains, clientNetworks };
    const doors = { milter, inbound, policy };
    return milter === 'off' ? [] : [{ ...facts, mailOwner: owner.uid, doors, proved: false }];
  } catch {
    return []; // that Postfix is gone
  }
}

/** True if the guard knows this instance. */
export function knows(known: ConnectedPostfix | undefined, configDirectory: string): boolean {
  const path = resolve(configDirectory);
  return [known, ...(known?.instances ?? [])].some((one) => one?.configDirectory === path);
}

/** Takes an instance out; the others stay. */
export async function untellGuard(state: string, configDirectory: string): Promise<void> {
  const path = resolve(configDirectory);
  const known = await guardKnows(state);
  const others = (known?.instances ?? []).filter((one) => one.configDirectory !== path);
  const last = others.at(-1);
  await restoreKnown(state, last && { ...summary(last), instances: others });
}

/** Writes what was there before a connection that failed. */
export async function restoreKnown(
  state: string,
  known: ConnectedPostfix | undefined,
): Promise<void> {
  if (known !== undefined) await writeKnown(state, known);
  else {
    await rm(join(state, connectedFile), { force: true });
    if (state === installedState && process.geteuid?.() === 0) await tellHelper([]);
  }
}

async function writeKnown(state: string, known: ConnectedPostfix): Promise<void> {
  const path = join(state, connectedFile);
  await rm(`${path}.new`, { force: true });
  await writeFile(`${path}.new`, JSON.stringify(known), { mode: 0o644, flag: 'wx' });
  await rename(`${path}.new`, path);
  if (state === installedState && process.geteuid?.() === 0)
    await tellHelper(known.instances ?? []);
}

/**
 * postern-root works on the queue of an instance only if root wrote it down here. An instance whose
 * configuration another user can change is never among them.
 */
async function tellHelper(instances: readonly ConnectedInstance[]): Promise<void> {
  const paths = instances.filter(isOfRoot).map(({ configDirectory }) => configDirectory);
  const folder = dirname(helperInstances);
  if (existsSync(folder)) rootDecides(folder);
  else await makeFolderAsRoot(folder, { mode: 0o755 });
  const text = paths.map((path) => `${path}\n`).join('');
  await writeFile(`${helperInstances}.new`, text, { mode: 0o644 });
  await rename(`${helperInstances}.new`, helperInstances);
}

/** The instance connected last, as version 0.1 reads it. */
function summary({ configDirectory, localDomains, clientNetworks }: ConnectedInstance) {
  return { configDirectory, localDomains, clientNetworks };
}
