/**
 * Proposes declarations for what sends without a login: hosts, scripts and mailing lists. A
 * proposal names only domains that have a key here. Pure.
 */
import { domainOf } from '../../formats/message/address.ts';
import { isAmong, type Network, parseNetwork } from '../../formats/postfix/network-list.ts';
import type { ScriptSeen } from '../scripts/register.ts';
import { type AliasRow, forwarders, listAddresses, listOf } from './list-programs.ts';
import { addressesPerHostMax, clientName, distinct, type Proposal } from './proposals.ts';

export type SenderFacts = {
  /** Entries of mynetworks: addresses and networks, with `!` for exceptions. */
  readonly networks: readonly string[];
  /** Addresses of clients that have sent mail without a login. */
  readonly clients: readonly string[];
  readonly scripts: readonly Pick<ScriptSeen, 'account' | 'messages' | 'odd' | 'from'>[];
  readonly aliases: readonly AliasRow[];
  /** Tables of aliases and transports that cannot be listed, such as those in a database. */
  readonly unlisted: readonly string[];
  /** Domain of aliases that are written without one. */
  readonly origin: string;
  /** Users of transports that start programs (pipe), by the name of the transport. */
  readonly users: ReadonlyMap<string, string>;
  /** Domains with a key. */
  readonly domains: readonly string[];
  readonly isHere: (domain: string) => boolean;
};

export type SenderProposals = {
  readonly proposals: readonly Proposal[];
  /** What is not proposed, with the reason and the command that helps: a sentence each. */
  readonly notes: readonly string[];
};

/** Clients of one network that are proposed one by one. */
const clientsPerNetworkMax = 5;
/** An address that a script rarely writes as may come from a visitor or a thief. */
const shareMin = 0.1;
/** Addresses of one domain from which a domain is proposed as a whole. */
const addressesPerDomainMax = 3;

export function senderProposals(facts: SenderFacts): SenderProposals {
  const known = new Set(facts.domains);
  const hosts = hostProposals(facts);
  const scripts = scriptProposals(facts, known);
  const lists = listProposals(facts, known);
  const away = forwarders(facts.aliases, facts.isHere);
  return {
    proposals: distinct([...hosts.proposals, ...scripts, ...lists]),
    notes: [
      ...hosts.notes,
      ...(facts.unlisted.length === 0
        ? []
        : [
            `${facts.unlisted.join(', ')} cannot be listed; mailing lists only there are ` +
              'not found. Declare them: postern accounts may-write-as user:USER LIST@DOMAIN',
          ]),
      ...(away.length === 0
        ? []
        : [
            `${away.length} ${away.length === 1 ? 'alias forwards' : 'aliases forward'} mail to ` +
              `other servers, such as ${away[0]}: this mail keeps its From and its signatures; ` +
              'nothing is declared for it',
          ]),
    ],
  };
}

const later =
  'to sign mail of known accounts for 14 days and get a list: ' +
  'postern accounts may-write-as --observe 14d';

function hostProposals({ networks, clients, domains }: SenderFacts): SenderProposals {
  const [proposals, notes]: [Proposal[], string[]] = [[], []];
  const hasExceptions = networks.some((one) => one.startsWith('!'));
  for (const entry of networks) {
    const network = parseNetwork(entry);
    if (entry.startsWith('!') || network === undefined || isThisMachine(entry, network)) continue;
    const seen = clients.filter((client) => isAmong(client, [network]));
    const isOne = network.bits === network.address.octets.length * 8;
    if (domains.length > addressesPerHostMax) {
      notes.push(
        `${entry} of mynetworks may relay, and it is not known as which of ${domains.length} ` +
          `domains it writes. Declare them, or '*' if it writes for all; or, ${later}`,
      );
      continue;
    }
    if (hasExceptions && !isOne && seen.length === 0) {
      notes.push(
        `${entry} of mynetworks has exceptions, and a declaration has none; declare each client: ` +
          'postern accounts may-write-as client:IP @DOMAIN',
      );
      continue;
    }
    const each = seen.length > 0 && (hasExceptions || seen.length <= clientsPerNetworkMax);
    const names = each ? seen : [entry];
    for (const name of names) {
      for (const domain of domains) {
        proposals.push({
          account: clientName(name),
          address: `@${domain}`,
          why: each
            ? `The host ${name} sent mail, and is in ${entry} of mynetworks`
            : `${isOne ? 'The host' : 'The network'} ${entry} is in mynetworks`,
        });
      }
    }
  }
  return { proposals, notes };
}

/** A network with an address of this machine itself; its programs are no host. */
function isThisMachine(entry: string, network: Network): boolean {
  const isMapped = /^\[?::ffff:127\./i.test(entry);
  return isMapped || ['127.0.0.1', '::1'].some((one) => isAmong(one, [network]));
}

function scriptProposals(
  { scripts }: SenderFacts,
  known: ReadonlySet<string>,
): readonly Proposal[] {
  return scripts.flatMap(({ account, messages, odd, from }) => {
    // A script that mostly sent odd mail may be misused.
    if (odd * 2 >= messages) return [];
    const own = from
      .filter(({ count }) => count >= messages * shareMin)
      .map(({ key }) => key)
      .filter((key) => known.has(domainOf(key)));
    const byDomain = Map.groupBy(own, domainOf);
    return [...byDomain].flatMap(([domain, addresses]) => {
      const some = addresses.length > addressesPerDomainMax ? [`@${domain}`] : addresses;
      return some.map((address) => ({
        account,
        address,
        why: `${account} sent ${messages} messages with this address in From`,
      }));
    });
  });
}

function listProposals(
  { aliases, origin, users }: SenderFacts,
  known: ReadonlySet<string>,
): readonly Proposal[] {
  const found = listAddresses(aliases, { origin, users }).filter(({ address }) =>
    known.has(domainOf(address)),
  );
  return [...Map.groupBy(found, ({ address }) => domainOf(address))].flatMap(([domain, all]) => {
    const others = aliases.some(({ key }) => {
      const name = key.toLowerCase();
      return name.endsWith(`@${domain}`) && !all.some(({ address }) => address === name);
    });
    const isListDomain = !others && domain !== origin;
    return all.map(({ address, program: { name, user } }) => ({
      account: `user:${user}`,
      address: isListDomain ? `@${domain}` : address,
      why: isListDomain
        ? `${name} serves all addresses of ${domain}`
        : `${name} serves the list ${listOf(address)}`,
    }));
  });
}
