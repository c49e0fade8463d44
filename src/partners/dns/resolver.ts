/**
 * Our stub resolver: asks recursive servers, follows aliases, remembers answers as long as they
 * say. Nobody's DNS can make it throw, wait for ever or grow without end; who does not answer is a
 * failure, which is no statement about a name.
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
  /** One server, one try. */
  readonly tryMs?: number;
  /** A question with all its servers, tries and aliases. */
  readonly totalMs?: number;
};

/** A resolver that can be closed: what waits then fails. */
export type OpenResolver = Resolver & Disposable;

/** As resolv.conf(5) has them, but a mail does not wait a minute for a name. */
const tryMsDefault = 2_000;
const totalMsDefault = 10_000;
/** Servers are asked one after the other, and once more if none answered in time. */
const rounds = 2;
/** Aliases of aliases: more is a circle or a mistake. As zone-answers.ts. */
const aliasesMax = 8;
/**
 * Each question in flight holds a socket; 200 questions for one inbound message would be a very
 * long SPF record.
 */
const askingMax = 100;
/** Questions that wait for a place: more come only from a flood, and are better told so at once. */
const waitingMax = 5_000;
/** A full generation is about 20 MB of average answers; long ones weigh more. */
const cacheAnswersMax = 20_000;
/** An answer weighs one for each so many octets of text in it. */
const octetsPerWeight = 512;
/** Longer is a typing mistake that would keep a corrected record unseen. */
const keepMsMax = 3_600_000;
/** RFC 2308 section 5 has up to three hours; people who publish a record do not wait so long. */
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
    // the wait for a place too
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
    // A name that no zone can hold has no records; to ask for it would be our mistake.
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

/** At most `askingMax` at once; the others wait in order, up to `waitingMax`. */
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

/** That one server could not find out says more than that another is dead. */
function tells({ reason }: { readonly reason: DnsFailure }): number {
  return ['unreachable', 'timeout', 'malformed', 'refused', 'servfail'].indexOf(reason);
}

type Ask = (question: DnsQuestion, deadline: AbortSignal) => Promise<ExchangeOutcome>;
type Upstream = { readonly ask: Ask; readonly trusted: boolean };

/** Asks the servers in order, beginning with the one that answered last. */
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
          told = failure('refused', `${serverText(server)} does not look names up for us`);
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
        answer: failure('servfail', `aliases of ${question.name} go round in a circle`),
        keepMs: 0,
      };
    }
    wanted = { name: end.name, type: question.type };
  }
}

/** Neither an answer nor that there is none: only who else might know. */
export function isReferral({ rcode, sections }: Reply): boolean {
  const { answers, authorities } = sections;
  const has = (type: DnsRecord['type']): boolean => authorities.some((one) => one.type === type);
  return rcode === rcodes.noError && answers.length === 0 && has('NS') && !has('SOA');
}

function ttlMs({ ttlSeconds }: DnsRecord): number {
  return ttlSeconds * secondMs;
}

/** Follows the aliases inside one answer: where they lead, and what is there. */
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
 * A name as the decoder gives it: dots inside labels are like those between them, and what is not
 * UTF-8 is replaced. The server repeated our question octet for octet, so this only finds again the
 * owner that it means.
 */
function asDecoded(name: string): string {
  if (/^[\w.-]*$/.test(name)) return name;
  const octets = Buffer.from(name.replace(/\\(.)/gs, '$1'), 'latin1');
  return lowerCase(Buffer.from(octets.toString('utf8'), 'utf8').toString('latin1'));
}
