/**
 * A stub resolver that asks recursive servers, follows aliases, and caches answers for their TTL.
 * No answer can make it throw, wait without end or grow without end. A server that does not answer
 * is a failure, which says nothing about the name.
 */

import { askable, lowerCase } from '../../formats/dns/name.ts';
import type { DnsAnswer, DnsFailure, DnsQuestion } from '../../formats/dns/question.ts';
import type { DnsRecord } from '../../formats/dns/record.ts';
import { serverText } from '../../formats/dns/server-address.ts';
import { openDeadline } from '../../lib/deadline.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { secondMs } from '../../lib/time.ts';
import type { Clock, Resolver } from '../../ports/world.ts';
import { type ExchangeOutcome, exchange, type Reply } from './exchange.ts';
import { rcodes } from './message.ts';
import type { DnsServers } from './servers.ts';

export type ResolverOptions = DnsServers & {
  readonly clock: Clock;
  /** Time limit of one try with one server. */
  readonly tryMs?: number;
  /** Time limit of a question with all its servers, tries and aliases. */
  readonly totalMs?: number;
};

/** A resolver that can be closed. Waiting questions then fail. */
export type OpenResolver = Resolver & Disposable;

/**
 * Shorter than the defaults of resolv.conf(5), because a mail must not wait a minute for a name.
 */
const tryMsDefault = 2_000;
const totalMsDefault = 10_000;
/** Servers are asked one after the other, and all of them again if none answered in time. */
const rounds = 2;
/**
 * The longest chain of aliases; a longer one is a loop or a mistake. zone-answers.ts has the same
 * limit.
 */
const aliasesMax = 8;
/** Questions asked at the same time; each holds a socket. One incoming message asks far fewer. */
const askingMax = 100;
/** Questions that may wait for a place. More come only from a flood, and should fail at once. */
const waitingMax = 5_000;
/** A full generation of the cache is about 20 MB with average answers; long answers weigh more. */
const cacheAnswersMax = 20_000;
/** An answer weighs 1 more for each 512 octets of text. */
const octetsPerWeight = 512;
/**
 * The longest time that an answer is cached. A longer TTL is often a typing mistake, and would hide
 * a corrected record.
 */
const keepMsMax = 3_600_000;
/**
 * The longest time that a negative answer is cached. RFC 2308 section 5 allows up to three hours,
 * but a person who publishes a record does not wait that long.
 */
const keepNoneMsMax = 300_000;

type CachedAnswer = { readonly answer: DnsAnswer; readonly until: number };
type FreshAnswer = { readonly answer: DnsAnswer; readonly keepMs: number };

/** A resolver that asks `options.servers`. */
export function openResolver(options: ResolverOptions): OpenResolver {
  const { clock } = options;
  const closing = new AbortController();
  const cache = new RecentMap<string, CachedAnswer>(cacheAnswersMax, ({ answer }) =>
    weight(answer),
  );
  const inFlight = new Map<string, Promise<DnsAnswer>>();
  const places = openPlaces();
  const ask = openUpstream(options);

  async function find(question: DnsQuestion, key: string): Promise<DnsAnswer> {
    // includes the wait for a place
    using whole = openDeadline(options.totalMs ?? totalMsDefault, closing.signal);
    try {
      if (!(await places.enter())) return failure('unreachable', 'too many questions wait');
      try {
        const { answer, keepMs } = await followAliases(question, ask, whole.signal);
        if (keepMs > 0) cache.set(key, { answer, until: clock.now() + keepMs });
        return answer;
      } finally {
        places.leave();
      }
    } finally {
      inFlight.delete(key);
    }
  }

  const resolve = (asked: DnsQuestion): Promise<DnsAnswer> => {
    const name = lowerCase(asked.name).replace(/(?<!\\)\.$/, '');
    const question = { name, type: asked.type };
    // No zone can contain an invalid name, so it has no records and must not be asked for.
    if (!askable(question.name)) {
      return Promise.resolve({ kind: 'none', exists: false, secure: false });
    }
    const key = `${question.type} ${question.name}`;
    const kept = cache.get(key);
    if (kept !== undefined && kept.until > clock.now()) return Promise.resolve(kept.answer);
    const running = inFlight.get(key);
    if (running !== undefined) return running;
    const found = find(question, key);
    inFlight.set(key, found);
    return found;
  };
  return Object.assign(resolve, { [Symbol.dispose]: () => closing.abort() });
}

type Failure = DnsAnswer & { readonly kind: 'failure' };

function failure(reason: DnsFailure, text: string): Failure {
  return { kind: 'failure', reason, text };
}

function weight(answer: DnsAnswer): number {
  if (answer.kind !== 'records') return 1;
  const octets = answer.records.reduce(
    (sum, one) => sum + 64 + (one.type === 'TXT' ? one.strings.join('').length : 0),
    0,
  );
  return 1 + Math.floor(octets / octetsPerWeight);
}

/** Allows at most `askingMax` questions at once. Others wait in order, at most `waitingMax`. */
function openPlaces(): { enter(): Promise<boolean>; leave(): void } {
  let taken = 0;
  const waiting: (() => void)[] = [];
  return {
    enter: () => {
      if (taken < askingMax) {
        taken += 1;
        return Promise.resolve(true);
      }
      if (waiting.length >= waitingMax) return Promise.resolve(false);
      return new Promise((resolve) => waiting.push(() => resolve(true)));
    },
    leave: () => {
      const next = waiting.shift();
      if (next === undefined) taken -= 1;
      else next();
    },
  };
}

/**
 * Ranks failures: that one server could not resolve the name says more than that another is dead.
 */
function tells({ reason }: { readonly reason: DnsFailure }): number {
  return ['unreachable', 'timeout', 'malformed', 'refused', 'servfail'].indexOf(reason);
}

type Ask = (question: DnsQuestion, deadline: AbortSignal) => Promise<ExchangeOutcome>;
type Upstream = { readonly ask: Ask; readonly trusted: boolean };

/** Asks the servers in order, starting with the one that answered last. */
function openUpstream({ servers, trusted, tryMs = tryMsDefault }: ResolverOptions): Upstream {
  let preferred = 0;
  const ask: Ask = async (question, deadline) => {
    let last: Failure | undefined;
    for (let round = 0; round < rounds; round++) {
      let silent = false;
      for (let nth = 0; nth < servers.length; nth++) {
        const index = (preferred + nth) % servers.length;
        const server = servers[index];
        if (server === undefined || deadline.aborted) break;
        using oneTry = openDeadline(tryMs, deadline);
        const how = { recursion: true, deadline: oneTry.signal };
        let told = await exchange(server, question, how);
        if (told.kind === 'reply' && isReferral(told.reply)) {
          told = failure(
            'refused',
            `${serverText(server)} does not resolve names for this machine`,
          );
        }
        if (told.kind === 'reply') {
          preferred = index;
          return told;
        }
        silent ||= told.reason === 'timeout';
        if (last === undefined || tells(told) >= tells(last)) last = told;
      }
      if (!silent) break;
    }
    return last ?? failure('timeout', `no time is left to ask for ${question.name}`);
  };
  return { ask, trusted };
}

async function followAliases(
  question: DnsQuestion,
  { ask, trusted }: Upstream,
  deadline: AbortSignal,
): Promise<FreshAnswer> {
  let wanted = question;
  let aliases = 0;
  let secure = trusted;
  let keepMs: number = keepMsMax;
  for (;;) {
    const told = await ask(wanted, deadline);
    if (told.kind === 'failure') return { answer: told, keepMs: 0 };
    const { reply } = told;
    secure &&= reply.validated;
    const end = endOfAliases(reply.sections.answers, wanted);
    aliases += end.aliases.length;
    keepMs = Math.min(keepMs, ...end.aliases.map(ttlMs), ...end.records.map(ttlMs));
    if (end.records.length > 0) {
      return { answer: { kind: 'records', records: end.records, secure }, keepMs };
    }
    const soa = reply.sections.authorities.find((one) => one.type === 'SOA');
    const isEnd = reply.rcode === rcodes.nxDomain || soa !== undefined || end.aliases.length === 0;
    if (isEnd && aliases <= aliasesMax) {
      const exists = reply.rcode !== rcodes.nxDomain;
      const negativeMs = soa?.type === 'SOA' ? Math.min(soa.ttlSeconds, soa.minimum) * secondMs : 0;
      const keep = Math.min(keepMs, negativeMs, keepNoneMsMax);
      return { answer: { kind: 'none', exists, secure }, keepMs: keep };
    }
    if (aliases > aliasesMax || !askable(end.name)) {
      return {
        answer: failure('servfail', `aliases of ${question.name} form a loop`),
        keepMs: 0,
      };
    }
    wanted = { name: end.name, type: question.type };
  }
}

/**
 * Whether a reply only names other servers, and neither answers nor says that there is no record.
 */
export function isReferral({ rcode, sections }: Reply): boolean {
  const { answers, authorities } = sections;
  const has = (type: DnsRecord['type']): boolean => authorities.some((one) => one.type === type);
  return rcode === rcodes.noError && answers.length === 0 && has('NS') && !has('SOA');
}

function ttlMs({ ttlSeconds }: DnsRecord): number {
  return ttlSeconds * secondMs;
}

/** Follows the aliases inside one answer. Returns the last name and its records. */
export function endOfAliases(
  answers: readonly DnsRecord[],
  { name, type }: DnsQuestion,
): {
  readonly name: string;
  readonly aliases: readonly DnsRecord[];
  readonly records: readonly DnsRecord[];
} {
  const aliases: DnsRecord[] = [];
  let wanted = name;
  for (;;) {
    const here = answers.filter((one) => asDecoded(one.name) === asDecoded(wanted));
    const records = here.filter((one) => one.type === type);
    const alias = here.find((one) => one.type === 'CNAME');
    if (records.length > 0 || alias?.type !== 'CNAME' || aliases.length > aliasesMax) {
      return { name: wanted, aliases, records: records.map((one) => ({ ...one, name: wanted })) };
    }
    aliases.push(alias);
    wanted = alias.target;
  }
}

/**
 * A name as the decoder returns it: dots inside labels look like dots between labels, and octets
 * that are not UTF-8 are replaced. The server repeated the question octet for octet, so the
 * comparison only has to find the same owner in its answer.
 */
function asDecoded(name: string): string {
  if (/^[\w.-]*$/.test(name)) return name;
  const octets = Buffer.from(name.replace(/\\(.)/gs, '$1'), 'latin1');
  return lowerCase(Buffer.from(octets.toString('utf8'), 'utf8').toString('latin1'));
}
