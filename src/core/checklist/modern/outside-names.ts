/**
 * Names of others in our records: SPF records that we include, and keys that are aliases into
 * another domain. If such a name leads nowhere, mail fails; if somebody else owns it now, they can
 * send in our name. Pure.
 */
import type { DnsAnswer, DnsLookup, DnsQuestion } from '../../../formats/dns/question.ts';
import { publishedSpf } from '../../../formats/spf/published.ts';

export type OutsideNames = {
  /** What leads nowhere, a clause each: `include:gone.example in the SPF record of a.test`. */
  readonly dead: readonly string[];
  /** Registered domains of others that our records depend on. */
  readonly owners: readonly OutsideOwner[];
  /** Names that no server answered for. */
  readonly silent: readonly string[];
};
export type OutsideOwner = {
  readonly domain: string;
  /** The name of ours, or of others in between, that names it. */
  readonly usedBy: string;
  /**
   * The domains of its name servers, sorted; they change when it changes hands. None: it is no
   * zone of its own, or hides them.
   */
  readonly servers: readonly string[];
};

export type OutsideDeps = {
  readonly organisationOf: (name: string) => string | undefined;
  /** Selectors that are known for each domain. */
  readonly selectors: (domain: string) => readonly string[];
};

/** Selectors that senders of newsletters and mail providers ask their customers to publish. */
const usualSelectors = [
  ...['google', 'selector1', 'selector2', 'k1', 'k2', 'k3', 's1', 's2', 'mandrill', 'mailjet'],
  ...['zendesk1', 'zendesk2', 'hs1', 'hs2', 'fm1', 'fm2', 'fm3', 'pm', 'mte1', 'mte2', 'default'],
];
/** RFC 7208 section 4.6.4 allows 10 lookups in all; records with more fail anyway. */
const includesMax = 10;
const domainsMax = 20;
/** Domains of name servers that are remembered of one domain; most have one or two. */
const serversMax = 10;

type Trail = {
  readonly dead: string[];
  readonly silent: string[];
  /** Names of others, and what names them. */
  readonly names: Map<string, string>;
};

export function* outsideNames(
  domains: readonly string[],
  deps: OutsideDeps,
): DnsLookup<OutsideNames> {
  const trail: Trail = { dead: [], silent: [], names: new Map() };
  for (const domain of domains.slice(0, domainsMax)) {
    yield* includedBy(domain, trail);
    yield* aliasedKeys(domain, deps.selectors(domain), trail);
  }
  const own = new Set(domains.map((one) => deps.organisationOf(one) ?? one));
  const others = new Map<string, string>();
  for (const [name, usedBy] of trail.names) {
    const domain = deps.organisationOf(name);
    if (domain !== undefined && !own.has(domain) && !others.has(domain)) others.set(domain, usedBy);
  }
  const rows = [...others];
  const answers = yield rows.map(([domain]): DnsQuestion => ({ name: domain, type: 'NS' }));
  const owners = rows.flatMap(([domain, usedBy], nth) =>
    ownerOf({ domain, usedBy }, answers[nth], trail, deps),
  );
  return { dead: trail.dead, silent: trail.silent, owners };
}

function ownerOf(
  { domain, usedBy }: Omit<OutsideOwner, 'servers'>,
  answer: DnsAnswer | undefined,
  trail: Trail,
  { organisationOf }: OutsideDeps,
): readonly OutsideOwner[] {
  if (answer === undefined || answer.kind === 'failure') {
    trail.silent.push(domain);
    return [];
  }
  if (answer.kind === 'none') {
    if (answer.exists) return [{ domain, usedBy, servers: [] }];
    trail.dead.push(`${domain} (${usedBy}) is not registered: anybody can take it`);
    return [];
  }
  const servers = answer.records.flatMap((one) =>
    one.type === 'NS' ? [organisationOf(one.target) ?? one.target] : [],
  );
  return [{ domain, usedBy, servers: [...new Set(servers)].sort().slice(0, serversMax) }];
}

/** Follows `include:` and `redirect=`, breadth first. */
function* includedBy(domain: string, trail: Trail): DnsLookup<void> {
  const waiting: { readonly name: string; readonly from: string }[] = [{ name: domain, from: '' }];
  const seen = new Set<string>();
  for (let asked = 0; asked <= includesMax; asked++) {
    const next = waiting.shift();
    if (next === undefined) return;
    const spf = yield* publishedSpf(next.name);
    if (spf.kind === 'temperror') trail.silent.push(next.name);
    if (next.from !== '') {
      trail.names.set(next.name, next.from);
      if (spf.kind === 'none') trail.dead.push(`${next.from} leads nowhere: ${spf.why}`);
    }
    if (spf.kind !== 'record') continue;
    for (const term of spf.record) {
      if (term.kind !== 'include' && term.kind !== 'redirect') continue;
      const name = term.domain.toLowerCase().replace(/\.$/, '');
      // A name with a macro differs for each client.
      if (name.includes('%') || seen.has(name)) continue;
      seen.add(name);
      const sign = term.kind === 'include' ? 'include:' : 'redirect=';
      waiting.push({ name, from: `${sign}${name} in the SPF record of ${next.name}` });
    }
  }
}

function* aliasedKeys(domain: string, known: readonly string[], trail: Trail): DnsLookup<void> {
  const selectors = [...new Set([...known, ...usualSelectors])];
  const names = selectors.map((one) => `${one}._domainkey.${domain}`);
  const aliases = yield names.map((name): DnsQuestion => ({ name, type: 'CNAME' }));
  const found = names.flatMap((name, nth) => {
    const answer = aliases[nth];
    const first = answer?.kind === 'records' ? answer.records[0] : undefined;
    return first?.type === 'CNAME' ? [{ name, target: first.target }] : [];
  });
  const keys = yield found.map(({ name }): DnsQuestion => ({ name, type: 'TXT' }));
  for (const [nth, { name, target }] of found.entries()) {
    const usedBy = `${name} is an alias of ${target}`;
    trail.names.set(target, usedBy);
    const answer = keys[nth];
    if (answer?.kind === 'none') trail.dead.push(`${usedBy}, where there is no key`);
    if (answer?.kind === 'failure') trail.silent.push(target);
  }
}
