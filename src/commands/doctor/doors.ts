/**
 * What doctor checks of the doors for Postfix: whether main.cf of each instance names addresses
 * where they are, who holds an address that the guard does not, and the folder of the sockets.
 */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { whereOf } from '../../config/values.ts';
import { checkDoorFolder } from '../../core/checklist/door-folder.ts';
import { type DoorPlaces, doorsAsked, doorsDiffer, socketsOf } from '../../core/checklist/doors.ts';
import { type Finding, fine } from '../../core/finding.ts';
import { type MainCf, parseMainCf } from '../../formats/postfix/main-cf.ts';
import { faultText } from '../../lib/error-text.ts';
import type { SocketAddress } from '../../lib/listener.ts';
import { type HolderProcess, holderProcess } from '../../partners/kernel/holder-process.ts';
import { openIdentities } from '../../partners/kernel/identities.ts';
import { postconf } from '../../partners/postfix/postconf.ts';
import { doorNames, type Instance, instanceOf } from '../connect/postfix-doors.ts';
import { guardKnows } from '../connect/postfix-facts.ts';
import { readPostfixFiles } from '../connect/postfix-files.ts';
import { processUser } from '../guard/process-user.ts';
import type { RunFile } from '../guard/run-file.ts';

/** Every address of each door of the running guard. */
export function placesOf({ doors }: RunFile): DoorPlaces {
  const { all, inbound, milter, policy } = doors;
  const one = (address: string | undefined): readonly string[] =>
    address === undefined || address === 'off' ? [] : [address];
  return all ?? { milter: one(milter), inbound: one(inbound), policy: one(policy) };
}

/** `configDir`: the instance that doctor looks at; those that the guard knows come besides. */
export async function checkDoors(of: {
  readonly config: Config;
  readonly state: string;
  readonly live: RunFile | undefined;
  readonly configDir: string | undefined;
}): Promise<readonly Finding[]> {
  const { config, live, state } = of;
  const findings: Finding[] = [];
  const asked: string[] = [];
  for (const directory of await directories(state, of.configDir)) {
    const read = await instanceAt(directory);
    if (read === undefined) continue; // without a Postfix to read, mailServer has a finding
    const { instance, main } = read;
    asked.push(...Object.values(doorsAsked(main, instance.queueDirectory)).flat());
    if (live !== undefined) findings.push(compared(instance, main, live));
    findings.push(...(await folder(instance, main, live)));
  }
  return [...findings, ...(await held(config, live, asked))];
}

async function directories(state: string, named: string | undefined): Promise<Set<string>> {
  const own = named ?? (await postconf('config_directory', undefined).catch(() => undefined));
  const known = await guardKnows(state);
  const others = (known?.instances ?? []).map(({ configDirectory }) => configDirectory);
  return new Set([...(own === undefined ? [] : [own]), ...others]);
}

async function instanceAt(
  directory: string,
): Promise<{ readonly instance: Instance; readonly main: MainCf } | undefined> {
  try {
    const instance = await instanceOf(directory);
    return { instance, main: parseMainCf((await readPostfixFiles(directory)).main) };
  } catch {
    return undefined;
  }
}

function compared(instance: Instance, main: MainCf, live: RunFile): Finding {
  const { configDirectory, queueDirectory } = instance;
  const id = 'doors.addresses';
  const title = `Addresses of the doors in ${configDirectory}/main.cf`;
  const differ = doorsDiffer(main, queueDirectory, placesOf(live));
  if (differ.length === 0) return fine(id, title, 'each is a door of the running guard, or none');
  const wanted = 'addresses where the doors of the running guard are';
  const fix = `postern connect postfix --config-dir ${configDirectory}`;
  return { id, kind: 'fail', title, found: differ.join('; '), wanted, fix };
}

/** The folder of the sockets, if main.cf names one of them. */
async function folder(
  { owner, queueDirectory }: Instance,
  main: MainCf,
  live: RunFile | undefined,
): Promise<readonly Finding[]> {
  const sockets = socketsOf(queueDirectory);
  const asked = doorsAsked(main, queueDirectory);
  const named = doorNames.filter((name) => asked[name].includes(sockets[name]));
  if (named.length === 0) return [];
  const path = join(queueDirectory, 'postern');
  const entry = async (name: string) => [name, await entryAt(join(path, name))] as const;
  try {
    const facts = {
      path,
      folder: await entryAt(path),
      sockets: Object.fromEntries(await Promise.all(named.map(entry))),
      postfix: owner,
      guard: live === undefined ? undefined : processUser(live.pid)?.uid,
    };
    return [checkDoorFolder(facts)];
  } catch (cause) {
    return [checkDoorFolder({ path, unread: faultText(cause) })];
  }
}

async function entryAt(path: string) {
  const found = await lstat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  });
  if (found === undefined) return undefined;
  const { gid, mode, uid } = found;
  const kind = found.isDirectory() ? 'folder' : found.isSocket() ? 'socket' : 'other';
  return { kind, uid, gid, mode } as const;
}

/** Addresses of doors that another program holds: its own settings, and those in main.cf. */
async function held(
  config: Config,
  live: RunFile | undefined,
  asked: readonly string[],
): Promise<readonly Finding[]> {
  const { http, milter, policy } = config.doors;
  const own = live === undefined ? [] : Object.values(placesOf(live)).flat();
  const findings: Finding[] = [];
  for (const address of new Set([milter, policy, http, ...asked])) {
    const where = address === 'auto' || own.includes(address) ? undefined : whereOf(address, 0o600);
    if (where === undefined || isPage(where, live)) continue;
    const holder = await holderProcess(where);
    // systemd holds the sockets of a guard that is down.
    if (holder === undefined || holder.pid === 1 || holder.pid === live?.pid) continue;
    findings.push(holding(address, holder));
  }
  return findings;
}

function isPage(where: SocketAddress, live: RunFile | undefined): boolean {
  if (live === undefined || live.doors.http === 'off' || 'path' in where) return false;
  return new URL(live.doors.http).port === String(where.port);
}

function holding(address: string, { pid, program, uid }: HolderProcess): Finding {
  const { name } = openIdentities().user(uid);
  const user = name === '' ? `user ${uid}` : `user ${uid} (${name})`;
  const process = pid === undefined ? '' : `process ${pid} (${program ?? 'unknown'}) of `;
  const look = pid === undefined ? 'run doctor as root, which names the process' : `ps -fp ${pid}`;
  return {
    id: `doors.held.${address}`,
    kind: 'fail',
    title: `Address ${address}`,
    found: `${process}${user} listens there, not this guard`,
    wanted: 'an address that only Postern listens at',
    fix: `${look}; end that program, then start Postern`,
  };
}
