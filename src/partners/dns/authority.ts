/**
 * Asks every authoritative name server of a zone directly. So a new record is seen at once, and no
 * resolver remembers for an hour that it was missing. For the same reason resolvers are asked only
 * for the name servers at the top of the zone and their addresses, never for the name itself. From
 * there referrals lead down.
 */
import { isIP } from 'node:net';
import { askable, labelsOf, lowerCase, nameOf } from '../../formats/dns/name.ts';
import type { DnsAnswer, DnsFailure, DnsQuestion } from '../../formats/dns/question.ts';
import type { DnsServer } from '../../formats/dns/server-address.ts';
import type { Resolver } from '../../ports/world.ts';
import { exchange, type Reply } from './exchange.ts';
import { rcodes } from './message.ts';
import { endOfAliases, isReferral } from './resolver.ts';

export type AuthorityAnswer = {
  /** Name of the name server; empty if none could be found. */
  readonly server: string;
  readonly address: string;
  /**
   * A failure if the server is not responsible or cannot be reached: it may still have old records.
   */
  readonly answer: DnsAnswer;
};

/**
 * Asks all servers. Never rejects and never returns an empty list: if no server can be found, the
 * one answer is a failure that says so.
 */
export type Authorities = (question: DnsQuestion) => Promise<readonly AuthorityAnswer[]>;

export type AuthoritiesOptions = {
  readonly resolve: Resolver;
  /** The port on which name servers listen. */
  readonly port: number;
  /** Time limit of one try with one server. */
  readonly tryMs?: number;
};

const tryMsDefault = 3_000;
/** Tries with one server, because UDP packets may get lost. */
const triesMax = 2;
/** The root zone has 13 servers. A zone that lists more than 16 is attacked, or is an attack. */
const serversMax = 16;
const addressesMax = 32;
/** Referrals and aliases that are followed in all. */
const hopsMax = 12;
/** Each server can lead to another place, so hops alone allow thousands of questions. */
const questionsMax = 200;

export function openAuthorities({
  resolve,
  port,
  tryMs = tryMsDefault,
}: AuthoritiesOptions): Authorities {
  return async ({ name, type }) => {
    const asking: LookupContext = { resolve, port, tryMs, left: { questions: questionsMax } };
    const question = { name: lowerCase(name), type };
    if (!askable(name)) return none('servfail', `${name} is not a valid name`);
    const start = await topOfZone(question.name, resolve);
    return typeof start === 'string'
      ? none('unreachable', start)
      : askAll(asking, question, { servers: start, hops: hopsMax });
  };
}

type LookupContext = {
  readonly resolve: Resolver;
  readonly port: number;
  readonly tryMs: number;
  /** What this lookup may still ask authoritative servers. */
  readonly left: { questions: number };
};
type ZoneServers = { readonly servers: readonly string[]; readonly hops: number };

function none(reason: DnsFailure, text: string): readonly AuthorityAnswer[] {
  return [{ server: '', address: '', answer: { kind: 'failure', reason, text } }];
}

/**
 * Finds the name servers two labels below the root, or one label if there are none. These names
 * exist if the name itself can exist, so asking for them leaves no negative cache entry. Returns a
 * text that says why if there are none.
 */
async function topOfZone(name: string, resolve: Resolver): Promise<readonly string[] | string> {
  const labels = labelsOf(name);
  for (const count of [2, 1]) {
    const above = nameOf(labels.slice(-count));
    const found = await resolve({ name: above, type: 'NS' });
    if (found.kind === 'failure') return found.text;
    if (found.kind === 'records') return serversIn(found.records);
  }
  return `no name servers for ${name}`;
}

function serversIn(records: Reply['sections']['answers']): readonly string[] {
  const targets = records.flatMap((one) => (one.type === 'NS' ? [one.target] : []));
  return [...new Set(targets)].slice(0, serversMax);
}

/**
 * Asks every address of every server in parallel. A referral or an alias is replaced by the answers
 * of the servers to which it leads.
 */
async function askAll(
  asking: LookupContext,
  question: DnsQuestion,
  { servers, hops }: ZoneServers,
): Promise<readonly AuthorityAnswer[]> {
  if (hops <= 0) return none('servfail', endless(question));
  const found = (await Promise.all(servers.map((server) => addressesOf(server, asking)))).flat();
  const { left } = asking;
  const some = found.slice(0, Math.min(addressesMax, left.questions));
  if (some.length === 0 && found.length > 0) return none('servfail', endless(question));
  left.questions -= some.length;
  const told = await Promise.all(
    some.map((one) => ('answer' in one ? one : askOne(asking, question, one))),
  );
  const answers = told.flatMap((one) => ('answer' in one ? [one] : []));
  const below = [...new Set(told.flatMap((one) => ('below' in one ? one.below : [])))];
  const aliases = [...new Set(told.flatMap((one) => ('alias' in one ? [one.alias] : [])))];
  const deeper =
    below.length === 0
      ? []
      : await askAll(asking, question, { servers: below.slice(0, serversMax), hops: hops - 1 });
  const elsewhere = await Promise.all(
    aliases.map((alias) => follow(asking, { name: alias, type: question.type }, hops - 1)),
  );
  const all = reachable([...answers, ...deeper, ...elsewhere.flat()]);
  return all.length > 0
    ? all
    : none('unreachable', `no name server of ${question.name} has an address`);
}

const endless = ({ name }: DnsQuestion): string => `referrals for ${name} do not end`;

/**
 * Removes unreachable addresses of servers that answered at another address, such as IPv6 addresses
 * on a machine without IPv6.
 */
function reachable(all: readonly AuthorityAnswer[]): readonly AuthorityAnswer[] {
  const answering = new Set(
    all.flatMap(({ server, answer }) => (answer.kind === 'failure' ? [] : [server])),
  );
  return all.filter(
    ({ server, answer }) =>
      answer.kind !== 'failure' || answer.reason !== 'unreachable' || !answering.has(server),
  );
}

async function follow(
  asking: LookupContext,
  question: DnsQuestion,
  hops: number,
): Promise<readonly AuthorityAnswer[]> {
  if (!askable(question.name)) return none('servfail', 'an alias leads to an invalid name');
  const start = await topOfZone(question.name, asking.resolve);
  return typeof start === 'string'
    ? none('unreachable', start)
    : askAll(asking, question, { servers: start, hops });
}

type ServerPlace = { readonly server: string; readonly address: string };

/**
 * Finds the addresses of a server. Not finding them is a failure, because the server may exist and
 * have old records.
 */
async function addressesOf(
  server: string,
  { resolve }: LookupContext,
): Promise<readonly (ServerPlace | AuthorityAnswer)[]> {
  const answers = await Promise.all([
    resolve({ name: server, type: 'A' }),
    resolve({ name: server, type: 'AAAA' }),
  ]);
  const places = answers
    .flatMap((answer) => (answer.kind === 'records' ? answer.records : []))
    .flatMap((one) => (one.type === 'A' || one.type === 'AAAA' ? [one.address] : []))
    .filter((address) => isIP(address) !== 0)
    .map((address) => ({ server, address }));
  if (places.length > 0) return places;
  return answers
    .filter((answer) => answer.kind === 'failure')
    .slice(0, 1)
    .map((answer) => ({ server, address: '', answer }));
}

type ServerReply =
  | AuthorityAnswer
  | { readonly below: readonly string[] }
  | { readonly alias: string };

async function askOne(
  { port, tryMs }: LookupContext,
  question: DnsQuestion,
  { server, address }: ServerPlace,
): Promise<ServerReply> {
  const at: DnsServer = { address, port };
  let told = await exchange(at, question, oneTry(tryMs));
  for (let tries = 1; tries < triesMax && isSilent(told); tries++) {
    told = await exchange(at, question, oneTry(tryMs));
  }
  const failed = (reason: DnsFailure, text: string): AuthorityAnswer => ({
    server,
    address,
    answer: { kind: 'failure', reason, text: `${server}: ${text}` },
  });
  if (told.kind === 'failure') {
    const { reason, isTooLong = false } = told;
    return {
      server,
      address,
      answer: { kind: 'failure', reason, isTooLong, text: `${server}: ${told.text}` },
    };
  }
  const { reply } = told;
  if (isReferral(reply)) {
    const below = serversIn(reply.sections.authorities);
    return below.includes(server) ? failed('refused', 'refers to itself') : { below };
  }
  if (!reply.authoritative) return failed('refused', `${address} does not hold the zone`);
  const { name, aliases, records } = endOfAliases(reply.sections.answers, question);
  const secure = false; // no resolver validated it
  if (records.length > 0) return { server, address, answer: { kind: 'records', records, secure } };
  if (aliases.length > 0) return { alias: name };
  const exists = reply.rcode !== rcodes.nxDomain;
  return { server, address, answer: { kind: 'none', exists, secure } };
}

function oneTry(tryMs: number): { readonly recursion: false; readonly deadline: AbortSignal } {
  return { recursion: false, deadline: AbortSignal.timeout(tryMs) };
}

function isSilent(told: Awaited<ReturnType<typeof exchange>>): boolean {
  return told.kind === 'failure' && told.reason === 'timeout';
}
