/**
 * Finds what a probe needs: an address that may be probed, an address to come from that the server
 * does not trust, and the domains of the server.
 */
import { lookup } from 'node:dns/promises';
import { hostname, networkInterfaces } from 'node:os';
import type { Config } from '../../config/schema.ts';
import { isAmong, parseNetwork } from '../../formats/postfix/network-list.ts';
import { isOwnByDefault } from '../../formats/postfix/own-hosts.ts';
import { parseClientIp } from '../../formats/spf/network.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { type MailFacts, readMailFacts } from '../../partners/postfix/mail-facts.ts';
import { postconf } from '../../partners/postfix/postconf.ts';

export type ProbePlace = {
  readonly address: string;
  /** The name that was asked for; empty: an address, or nothing. */
  readonly name: string;
  readonly isOurs: boolean;
};

/** The address of `wanted`, which must be of this machine or in [probe] hosts. */
export async function probePlace(
  wanted: string | undefined,
  { probe }: Config,
): Promise<ProbePlace> {
  if (wanted === undefined) return { address: usualAddress(), name: '', isOurs: true };
  const isAddress = parseClientIp(wanted) !== undefined;
  const name = isAddress ? '' : wanted;
  const found = isAddress ? [wanted] : await addressesOfName(wanted);
  const own = found.find(isOfMachine);
  if (own !== undefined) return { address: own, name, isOurs: true };
  const hosts = new Set(probe.hosts.map((host) => host.toLowerCase()));
  const [first] = hosts.has(wanted.toLowerCase()) ? found : found.filter((one) => hosts.has(one));
  if (first !== undefined) return { address: first, name, isOurs: false };
  throw new OperatorError('probe-not-ours', `${wanted} is not this machine (${found.join(', ')})`, {
    hint: 'if it is your server, add it to hosts of [probe] in postern.toml; others are not probed',
    exit: sysexits.noPerm,
  });
}

async function addressesOfName(name: string): Promise<readonly string[]> {
  try {
    const found = await lookup(name, { all: true });
    return found.map(({ address }) => address);
  } catch (cause) {
    throw new OperatorError('probe-no-address', `${name} has no address`, {
      cause,
      exit: sysexits.noInput,
    });
  }
}

function machineAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.map(({ address }) => address).filter((address) => !/^fe80:/i.test(address));
}

const isLoopback = (address: string): boolean => /^127\./.test(address) || address === '::1';

function isOfMachine(address: string): boolean {
  return isLoopback(address) || machineAddresses().includes(address);
}

/** The first public address of this machine, else its first address, else 127.0.0.1. */
function usualAddress(): string {
  const all = machineAddresses().filter((address) => !isLoopback(address));
  return all.find((address) => !isOwnByDefault(address)) ?? all[0] ?? '127.0.0.1';
}

export type ServerFacts = {
  readonly host: string;
  readonly domains: readonly string[];
  /** Networks that the server trusts; undefined if that is not known. */
  readonly trusted: readonly string[] | undefined;
};

const serverDomainsMax = 10;

/** What Postfix on this machine says, if there is one and the target is this machine. */
export async function serverFacts(
  { isOurs, name }: ProbePlace,
  { identity, host, postfix }: Config,
  configDir: string | undefined,
): Promise<ServerFacts> {
  const set = identity.host || host || name;
  if (!isOurs) return { host: name || set, domains: [], trusted: undefined };
  const folder = configDir ?? (postfix.config_directory || undefined);
  const facts = await readFacts(folder);
  if (facts === undefined) {
    const own = hostname();
    return { host: name || set, domains: own.includes('.') ? [own] : [], trusted: undefined };
  }
  const mine = await postconf('myhostname', folder).catch(() => '');
  const domains = facts.localDomains.filter((one) => !one.startsWith('.') && one.includes('.'));
  const best = domains.filter((one) => !/^localhost\.|\.localdomain$/.test(one));
  return {
    host: name || set || mine,
    domains: best.slice(0, serverDomainsMax),
    trusted: facts.clientNetworks,
  };
}

async function readFacts(folder: string | undefined): Promise<MailFacts | undefined> {
  try {
    return await readMailFacts(folder ?? (await postconf('config_directory', undefined)));
  } catch {
    return undefined;
  }
}

export type ProbeSource = { readonly source: string; readonly trusted: boolean };

/** An address to come from: one that the server does not trust, if there is one. */
export function sourceFor(
  address: string,
  { trusted }: ServerFacts,
  asked: string | undefined,
): ProbeSource {
  const networks = (trusted ?? []).flatMap((text) => parseNetwork(text) ?? []);
  const isTrusted = (one: string): boolean => isAmong(one, networks);
  if (asked !== undefined && !isOfMachine(asked)) {
    throw new OperatorError('probe-from', `${asked} is no address of this machine`, {
      exit: sysexits.usage,
    });
  }
  if (asked !== undefined) return { source: asked, trusted: isTrusted(asked) };
  const family = address.includes(':');
  const own = machineAddresses().filter((one) => one.includes(':') === family);
  const loop = isLoopback(address) && !family ? ['127.0.0.2'] : [];
  const some = [...(isOfMachine(address) ? [address] : []), ...own, ...loop];
  const stranger = some.find((one) => !isTrusted(one));
  const [first = family ? '::' : '0.0.0.0'] = some;
  return stranger === undefined
    ? { source: first, trusted: true }
    : { source: stranger, trusted: false };
}
