/**
 * Checks the SPF record of a name (RFC 7208): all addresses that mail leaves from pass, others do
 * not, and the record needs no more lookups than allowed. A published record is extended; a name
 * that never sends says so.
 */
import type { DnsLookup } from '../../formats/dns/question.ts';
import type { DnsRecord } from '../../formats/dns/record.ts';
import { lookupsMax, spfVoidsMax } from '../../formats/spf/check.ts';
import type { SpfCost } from '../../formats/spf/cost.ts';
import { evaluateSpf } from '../../formats/spf/evaluate.ts';
import {
  printSpf,
  printSpfTerm,
  type SpfRecord,
  type SpfTerm,
  spfKind,
} from '../../formats/spf/record.ts';
import { type Finding, fine } from '../finding.ts';
import {
  type Aspect,
  type AspectSubject,
  brokenAspect,
  comparedAspect,
  isMeant,
  type MeantTexts,
  meantTexts,
  remark,
  stuckAspect,
  textsAt,
  together,
  txt,
  unknownAspect,
} from './aspect.ts';
import { asks, asRecord, readPublished, type SpfReading, spfCostOf } from './spf-reading.ts';
import { beforeAll, closed } from './spf-repair.ts';
import type { KnownPlace, ZoneView } from './zones/place.ts';

export type SpfWish = {
  /** The domain, or the name in EHLO. */
  readonly name: string;
  readonly id: string;
  readonly title: string;
  /** Empty if the name never sends, or if its addresses are not known. */
  readonly addresses: readonly string[];
  readonly sends: boolean;
  /** Qualifier of `all` in a new record. */
  readonly all: '-' | '~';
};

export function* spfAspect(wish: SpfWish, view: ZoneView): DnsLookup<Aspect> {
  const { name, id, title } = wish;
  const subject: AspectSubject = { id, title, name, type: 'TXT' };
  const place = yield* textsAt(name, isMeant(spfKind), view);
  if (place.kind === 'unknown') return unknownAspect(subject, place.why);
  const meant = meantTexts(place.records, spfKind);
  const { published, strings, broken, unclear, hint } = meant;
  const texts = meant.texts;
  if (!wish.sends) return neverSends(subject, place, { published, texts, broken });
  if (unclear !== undefined) {
    return brokenAspect(subject, published, { version: 'v=spf1', why: unclear });
  }
  if (texts.length === 0 && wish.addresses.length === 0) return nothingKnown(subject);
  const read: SpfReading =
    texts.length === 0
      ? {
          kind: 'known',
          terms: [{ kind: 'all', qualifier: wish.all }],
          faults: [],
          undecided: [],
          harmful: false,
        }
      : yield* readPublished(name, strings);
  if (read.kind === 'unknown') return unknownAspect(subject, read.why);
  const found = yield* harmful(name, read.terms);
  const undecided = [...read.undecided, ...found.map(({ why }) => why)];
  const faults = [broken ?? [], ...read.faults].flat();
  if (undecided.length > 0) {
    const rest = read.terms.filter((one) => !found.some(({ term }) => term === one));
    const least = yield* reaching(wish, closed(rest).terms);
    if (least.kind === 'unknown') return unknownAspect(subject, least.why);
    const wrong = [...undecided, ...faults].join('; ');
    return undecidedAspect(subject, published, { wrong, rest: least.terms });
  }
  const reached = yield* reaching(wish, read.terms);
  if (reached.kind === 'unknown') return unknownAspect(subject, reached.why);
  if (reached.lacking.length > 0) faults.push(lackingText(reached.lacking, texts.length));
  const cost = yield* spfCostOf(name, reached.terms);
  const over =
    overBudget(cost) ?? (faults.length > 0 ? yield* newlyBroken(name, reached.terms) : undefined);
  if (over !== undefined) return yield* tooCostly(subject, published, reached.terms, over);
  const lone = oneFamilyOver(cost);
  // Our mail fails or mail of strangers passes; other faults are only untidy.
  const isOne = broken === undefined && texts.length === 1;
  const isHarmful = read.harmful || reached.lacking.length > 0 || !isOne;
  if (lone !== undefined) {
    return stuckAspect(subject, {
      ...lone,
      published,
      severity: isHarmful ? 'fail' : 'warn',
      wrong: [...faults, lone.wrong].join('; '),
    });
  }
  const record = comparedAspect(subject, place, {
    published,
    wanted: faults.length === 0 ? published : [txt(place.name, printSpf(reached.terms))],
    severity: isHarmful ? 'fail' : 'warn',
    right:
      wish.addresses.length === 0
        ? 'the record can be used, and closes the door to strangers'
        : 'every address that mail leaves from passes, strangers do not',
    wrong: faults.join('; '),
    hint:
      hint !== ''
        ? hint
        : reached.terms.some(({ kind }) => kind === 'ptr')
          ? 'ptr is slow and unreliable (RFC 7208 section 5.5): name the hosts or addresses instead'
          : '',
  });
  return together([record, remark(budgetFinding(wish, cost))]);
}

function lackingText(lacking: readonly string[], records: number): string {
  const list = lacking.join(', ');
  return records === 0
    ? `without it nobody knows that ${list} may send`
    : `${list} sends, and the record does not let it pass`;
}

function neverSends(
  subject: AspectSubject,
  place: KnownPlace<DnsRecord>,
  { published, texts, broken }: Pick<MeantTexts, 'published' | 'texts' | 'broken'>,
): Aspect {
  const good =
    broken === undefined && texts.length === 1 && /^v=spf1 +-all *$/i.test(texts[0] ?? '');
  return comparedAspect(subject, place, {
    published,
    wanted: good ? published : [txt(place.name, 'v=spf1 -all')],
    severity: 'warn',
    right: 'the record says that nobody may send mail for this domain',
    wrong:
      published.length === 0
        ? 'a domain that sends no mail should say so; otherwise others can forge its name'
        : 'the domain sends no mail, but its record allows somebody to send',
  });
}

function nothingKnown({ id, title }: AspectSubject): Aspect {
  return remark({
    id,
    kind: 'warn',
    title,
    found: 'nothing',
    wanted: 'v=spf1 … ~all',
    fix: 'name the addresses that mail leaves from: --ip, or identity.addresses in postern.toml',
  });
}

/**
 * Terms that only do harm: they let nearly everybody pass, or, if the record needs too many lookups
 * or cannot be evaluated, they cause that and let nobody pass. A misspelt name looks the same.
 */
function* harmful(
  name: string,
  terms: SpfRecord,
): DnsLookup<readonly { readonly term: SpfTerm; readonly why: string }[]> {
  const whole = yield* spfCostOf(name, terms);
  const over = overBudget(whole) !== undefined;
  if (!over && !isOpen(whole)) return [];
  const found: { readonly term: SpfTerm; readonly why: string }[] = [];
  for (const term of terms.filter(asks)) {
    const why = yield* harm(name, term, over);
    if (why !== undefined) found.push({ term, why });
  }
  return found;
}

/** No provider has more addresses of its own: a /8 of IPv4, a /16 of IPv6. */
const openIp4 = 1n << 24n;
const openIp6 = 1n << 112n;

function isOpen({ addresses: { ip4, ip6 } }: SpfCost): boolean {
  return ip4 >= openIp4 || ip6 >= openIp6;
}

/**
 * Why a term only does harm; undefined if it lets somebody pass, or if that is not known. `over`:
 * true if the record needs too many lookups.
 */
function* harm(name: string, term: SpfTerm, over: boolean): DnsLookup<string | undefined> {
  const shown = printSpfTerm(term);
  const cost = yield* spfCostOf(name, [term]);
  if (isOpen(cost)) return `${shown} lets nearly everybody in the world send`;
  if (!over) return undefined;
  if (cost.problems.some(({ kind }) => kind === 'unknown')) return undefined;
  const own = cost.problems.find((problem) => problem.domain === name);
  if (own !== undefined) return `${shown}: ${own.why}, and evaluation ends here`;
  const { ip4, ip6 } = cost.addresses;
  return ip4 === 0n && ip6 === 0n && cost.problems.length === 0
    ? `${shown} lets nobody pass`
    : undefined;
}

/** Why receivers cannot evaluate the record; undefined if they can. */
function overBudget(cost: SpfCost): string | undefined {
  const { lookups, voidsOf, complete } = cost;
  if (lookups > lookupsMax) {
    const count = complete ? `${lookups}` : `more than ${lookups}`;
    return `it makes receivers ask ${count} times, ${lookupsMax} are allowed`;
  }
  // For clients of both families; see oneFamilyOver for one.
  const voids = Math.min(voidsOf.ip4, voidsOf.ip6);
  if (voids > spfVoidsMax) {
    return `${voids} of its terms ask for what is not there, ${spfVoidsMax} are allowed`;
  }
  const error = cost.problems.find(({ kind }) => kind === 'error');
  return error === undefined
    ? undefined
    : `${error.term} in the record of ${error.domain}: ${error.why}`;
}

/**
 * What to say if too many hosts have no address of one family: its clients get permerror (RFC 7208
 * section 4.6.4). Only the operator knows which addresses the hosts will have.
 */
function oneFamilyOver({
  voidsOf: { ip4, ip6 },
}: SpfCost): { readonly wrong: string; readonly wanted: string; readonly fix: string } | undefined {
  if (Math.max(ip4, ip6) <= spfVoidsMax) return undefined;
  const [family, voids] = ip4 > ip6 ? ['IPv4', ip4] : ['IPv6', ip6];
  return {
    wrong:
      `${voids} of its terms name hosts without an ${family} address, ` +
      `${spfVoidsMax} are allowed: ${family} clients that no earlier term names get permerror`,
    wanted: `at most ${spfVoidsMax} lookups that find nothing, for clients of each family`,
    fix: 'name the addresses (ip4:, ip6:) instead of these hosts',
  };
}

/** Clients that no term names: each term is evaluated for them (RFC 5737, RFC 3849). */
const strangers = ['203.0.113.255', '2001:db8:ffff::ffff'];

/**
 * Why clients of IPv4 or IPv6 would get permerror by these terms, and do not today. Hosts without
 * an address of the client's kind are void lookups, so a term that begins to count can be too much.
 */
function* newlyBroken(name: string, terms: SpfRecord): DnsLookup<string | undefined> {
  for (const ip of strangers) {
    const question = { ip, sender: `postmaster@${name}`, helo: name, atSeconds: 0 };
    const { result, why } = yield* asRecord(name, terms, evaluateSpf(question));
    if (result !== 'permerror') continue;
    const now = yield* evaluateSpf(question);
    if (now.result !== 'permerror') {
      return `if all its terms counted, clients such as ${ip} would get permerror: ${why}`;
    }
  }
  return undefined;
}

/** Terms that let every address pass. `lacking`: the addresses that did not pass before. */
function* reaching(
  wish: SpfWish,
  terms: SpfRecord,
): DnsLookup<
  | { readonly kind: 'known'; readonly terms: SpfRecord; readonly lacking: readonly string[] }
  | { readonly kind: 'unknown'; readonly why: string }
> {
  const now = yield* failing(wish, terms);
  if (now.lacking.length === 0) {
    const [why] = now.silent;
    return why === undefined ? { kind: 'known', terms, lacking: [] } : { kind: 'unknown', why };
  }
  const { lacking } = now;
  const more = lacking.map(addressTerm);
  // Older terms for the same addresses are replaced.
  const names = new Set(more.map(addressOf));
  const rest = terms.filter((term) => !names.has(addressOf(term)));
  const late = beforeAll(rest, more);
  const then = yield* failing(wish, late);
  if (then.lacking.length === 0 && then.silent.length === 0) {
    return { kind: 'known', terms: late, lacking };
  }
  // An earlier term decides otherwise, costs too much, or is unknown: the new terms come first.
  return { kind: 'known', terms: [...more, ...rest], lacking };
}

/** The single address that a term names; undefined for other terms. */
function addressOf(term: SpfTerm): string | undefined {
  const one = 'address' in term && term.bits === (term.kind === 'ip4' ? 32 : 128);
  return one ? term.address : undefined;
}

function* failing(
  { name, addresses }: SpfWish,
  terms: SpfRecord,
): DnsLookup<{ readonly lacking: readonly string[]; readonly silent: readonly string[] }> {
  const lacking: string[] = [];
  const silent: string[] = [];
  for (const ip of addresses) {
    const question = { ip, sender: `postmaster@${name}`, helo: name, atSeconds: 0 };
    const { result, why } = yield* asRecord(name, terms, evaluateSpf(question));
    if (result === 'temperror') silent.push(why);
    else if (result !== 'pass') lacking.push(ip);
  }
  return { lacking, silent };
}

function addressTerm(address: string): SpfTerm {
  return address.includes(':')
    ? { kind: 'ip6', qualifier: '+', address, bits: 128 }
    : { kind: 'ip4', qualifier: '+', address, bits: 32 };
}

/** A dropped term may be a sender, so no record is advised. `rest`: the terms without it. */
function undecidedAspect(
  subject: AspectSubject,
  published: readonly DnsRecord[],
  { wrong, rest }: { readonly wrong: string; readonly rest: SpfRecord },
): Aspect {
  return stuckAspect(subject, {
    published,
    severity: 'fail',
    wrong,
    wanted: 'a record in which every term is plain',
    fix:
      'correct these terms by hand: Postern advises no record, because a sender may be meant. ' +
      `If nobody sends by them, publish ${printSpf(rest)}`,
  });
}

/** Only the operator knows which services are no longer needed, so no record is advised. */
function* tooCostly(
  subject: AspectSubject,
  published: readonly DnsRecord[],
  terms: SpfRecord,
  over: string,
): DnsLookup<Aspect> {
  const costs: string[] = [];
  for (const term of terms.filter(asks)) {
    const { lookups } = yield* spfCostOf(subject.name, [term]);
    costs.push(`${printSpfTerm(term)} ${lookups}`);
  }
  return stuckAspect(subject, {
    published,
    severity: 'fail',
    wrong: over,
    wanted: `at most ${lookupsMax} lookups and ${spfVoidsMax} that find nothing, and no errors`,
    fix:
      'take out what you do not need, or name addresses instead (ip4:, ip6:); ' +
      `lookups: ${costs.join(', ')}`,
  });
}

function budgetFinding({ id, title }: SpfWish, cost: SpfCost): Finding {
  const unknown = cost.problems.find(({ kind, why }) => kind === 'unknown' && !/depends/.test(why));
  const { ip4, ip6 } = cost.voidsOf;
  const other = ip4 === ip6 ? '' : ` (IPv6 clients: ${ip6})`;
  const spent =
    `${cost.lookups} of ${lookupsMax} lookups, ` +
    `${ip4} of ${spfVoidsMax} that find nothing${other}`;
  if (unknown === undefined) return fine(`${id}.budget`, `${title}: DNS lookups`, spent);
  return {
    id: `${id}.budget`,
    kind: 'unknown',
    title: `${title}: DNS lookups`,
    found: `${spent}, without ${unknown.term}: ${unknown.why}`,
    wanted: 'an answer of the DNS',
    fix: 'try again; if it stays so, take the term out',
  };
}
