/**
 * Turns lines of Postfix (3.4 and later) into facts. For each running smtpd it keeps how many
 * failed logins the lines of this connection already told, and the connection's TLS. Never throws.
 *
 * Clients choose names, logins and Message-IDs. So a line is read from the left, each field up to
 * where Postfix ended it.
 */
import { clientAddress } from '../../formats/postfix/client-address.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { DefaultDomain } from '../account-name.ts';
import type { LogFact } from '../event.ts';
import { tlsIn } from './client-manners.ts';
import { deliveryFact } from './postfix-delivery.ts';
import {
  actionFact,
  noticeFact,
  operatorFact,
  proxyFact,
  queueManagerFact,
} from './postfix-fate.ts';
import { failedLogin, isFailedLogin } from './postfix-login.ts';
import { cleanupFact, milterAway, pickupFact, smtpFacts } from './postfix-queue.ts';
import { isAboutMessage, isPlainLine } from './postfix-words.ts';

/** No fact is needed from the line. */
export const noFacts: readonly LogFact[] = [];

/** Facts; none for a known line without one; undefined for a line that is not understood. */
export type LineFacts = readonly LogFact[] | undefined;

/** The parts of a line that a program's reader takes. */
export type LineParts = {
  readonly host: string;
  readonly tag: string;
  readonly pid: string;
  readonly text: string;
};

/** Which lines a program of Postfix writes. */
type Way = 'smtp' | 'screen' | 'cleanup' | 'pickup' | 'queue' | 'notice' | 'operator' | 'delivery';
type Program = { readonly name: string; readonly way: Way | undefined };

/** Programs of Postfix with lines that matter. */
const ways: ReadonlyMap<string, Way> = new Map<string, Way>([
  ['smtpd', 'smtp'],
  ['qmqpd', 'smtp'],
  ['postscreen', 'screen'],
  ['cleanup', 'cleanup'],
  ['pickup', 'pickup'],
  ...['qmgr', 'nqmgr', 'oqmgr'].map((name): [string, Way] => [name, 'queue']),
  ...['bounce', 'trace', 'defer'].map((name): [string, Way] => [name, 'notice']),
  ['postsuper', 'operator'],
  ...['smtp', 'lmtp', 'relay', 'local', 'virtual', 'pipe', 'error', 'retry', 'discard'].map(
    (name): [string, Way] => [name, 'delivery'],
  ),
]);
/** Tags that are remembered: one for each service of master.cf. */
const tagsMax = 1_000;
const idLengthMin = 5;
const idLengthMax = 32;
const disconnected = /^disconnect from [^\s[\]]{1,300}\[([0-9A-Fa-f:.]{2,45})\](?::\d{1,5})? /;
const encrypted = /^[A-Z][a-z]{2,15} TLS connection established from /;
/** How many logins of a connection were right, and how many were tried. */
const logins = /^ auth=(\d{1,9})\/(\d{1,9})(?: |$)/;

/** Connections whose failed logins are counted. */
const sessionsMax = 10_000;
/** At most this many failures of one connection are counted. */
const failuresMax = 100;

export class PostfixReader {
  /** Of a running smtpd: failed logins of its connection that its lines told. */
  readonly #told = new RecentMap<string, number>(sessionsMax);
  /** Of a running smtpd: TLS of its connection. Logged from smtpd_tls_loglevel 1 on. */
  readonly #tls = new RecentMap<string, string>(sessionsMax);
  readonly #programs = new RecentMap<string, Program>(tagsMax);

  /** `times`: how many times the line was logged. */
  read(parts: LineParts, times: number, defaultDomain: DefaultDomain): LineFacts {
    const { tag, text } = parts;
    const { name, way } = this.#program(tag);
    if (way === undefined) return noFacts;
    const id = queueIdOf(text);
    if (id === '') return this.#withoutId(name, parts, times, defaultDomain);
    const rest = text.slice(id.length + 2);
    const queueId = id === 'NOQUEUE' ? '' : id;
    switch (way) {
      case 'smtp':
      case 'screen':
        return received(parts, { way, queueId, rest }, defaultDomain, this.#tls);
      case 'cleanup':
      case 'pickup':
        return (
          one(way === 'cleanup' ? cleanupFact(queueId, rest) : pickupFact(tag, queueId, rest)) ??
          one(actionFact(queueId, rest, defaultDomain)) ??
          known(isAboutMessage(rest))
        );
      case 'queue':
        return facts(queueManagerFact(queueId, rest), rest);
      case 'notice':
        return facts(noticeFact(queueId, rest), rest);
      case 'operator':
        return facts(operatorFact(queueId, rest), rest);
      case 'delivery':
        return rest.startsWith('to=')
          ? facts(deliveryFact(tag, queueId, rest), '')
          : known(isAboutMessage(rest));
    }
  }

  #program(tag: string): Program {
    const found = this.#programs.get(tag);
    if (found !== undefined) return found;
    const name = tag.slice(tag.lastIndexOf('/') + 1);
    const program: Program = { name, way: ways.get(name) };
    this.#programs.set(tag, program);
    return program;
  }

  #withoutId(
    program: string,
    parts: LineParts,
    times: number,
    defaultDomain: DefaultDomain,
  ): LineFacts {
    const { text } = parts;
    const isServer = program === 'smtpd';
    if (text.startsWith('warning: ')) {
      if (isServer && isFailedLogin(text)) {
        const session = sessionOf(parts);
        this.#told.set(session, (this.#told.get(session) ?? 0) + times);
        const tls = this.#tls.get(session);
        return one(failedLogin(text, times, defaultDomain, tls)) ?? noFacts;
      }
      return one(milterAway(program, text)) ?? noFacts;
    }
    if (!isServer) return known(isPlainLine(text));
    if (text.startsWith('disconnect from ')) return this.#disconnected(parts);
    if (encrypted.test(text)) {
      const tls = tlsIn(text);
      if (tls !== undefined) this.#tls.set(sessionOf(parts), tls);
      return noFacts;
    }
    if (text.startsWith('proxy-')) return one(proxyFact(text, defaultDomain)) ?? noFacts;
    return known(isPlainLine(text));
  }

  /**
   * `auth=1/4`: four logins were tried, and one was right. Old versions have no other line about a
   * failed login, and no version has one about a login that it does not offer.
   */
  #disconnected(parts: LineParts): LineFacts {
    const { text } = parts;
    const session = sessionOf(parts);
    this.#tls.delete(session);
    const counts = text.indexOf(' auth=');
    const [, good, all] = counts < 0 ? [] : (logins.exec(text.slice(counts)) ?? []);
    const address = all === undefined ? undefined : disconnected.exec(text)?.[1];
    if (address === undefined) return noFacts;
    const told = this.#told.get(session) ?? 0;
    if (told > 0) this.#told.set(session, 0);
    const times = Math.min(Number(all) - Number(good) - told, failuresMax);
    if (!(times > 0)) return noFacts;
    const client = clientAddress(address);
    return [{ kind: 'login', account: undefined, client, ok: false, times }];
  }
}

function received(
  parts: LineParts,
  line: { readonly way: 'smtp' | 'screen'; readonly queueId: string; readonly rest: string },
  defaultDomain: DefaultDomain,
  tlsOf: Pick<RecentMap<string, string>, 'get'>,
): LineFacts {
  const { queueId, rest, way } = line;
  if (!rest.startsWith('client=')) {
    return one(actionFact(queueId, rest, defaultDomain)) ?? known(isAboutMessage(rest));
  }
  const tls = rest.includes(', sasl_username=') ? tlsOf.get(sessionOf(parts)) : undefined;
  const all = way === 'smtp' ? smtpFacts(parts.tag, queueId, rest, defaultDomain, tls) : noFacts;
  return all.length === 0 && queueId !== '' ? undefined : all;
}

function sessionOf({ host, tag, pid }: LineParts): string {
  return `${host} ${tag}[${pid}]`;
}

/**
 * The queue id in front of `: `, or NOQUEUE; empty if the line has none. An id has a digit, or is
 * hexadecimal; `warning: ` and `Requeued: ` are none.
 */
function queueIdOf(text: string): string {
  let hasDigit = false;
  let isHexadecimal = true;
  for (let at = 0; at <= idLengthMax; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x3a) {
      if (at < idLengthMin || text.charCodeAt(at + 1) !== 0x20) return '';
      const id = text.slice(0, at);
      return hasDigit || isHexadecimal || id === 'NOQUEUE' ? id : '';
    }
    if (char >= 0x30 && char <= 0x39) hasDigit = true;
    else if ((char >= 0x47 && char <= 0x5a) || (char >= 0x61 && char <= 0x7a)) {
      isHexadecimal = false;
    } else if (!(char >= 0x41 && char <= 0x46)) return '';
  }
  return '';
}

function one(fact: LogFact | undefined): readonly LogFact[] | undefined {
  return fact === undefined ? undefined : [fact];
}

function facts(fact: LogFact | 'known' | undefined, rest: string): LineFacts {
  if (fact === undefined) return rest === '' ? undefined : known(isAboutMessage(rest));
  return fact === 'known' ? noFacts : [fact];
}

function known(isKnown: boolean): LineFacts {
  return isKnown ? noFacts : undefined;
}
