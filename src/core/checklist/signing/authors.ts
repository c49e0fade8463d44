/**
 * Checks who may use the keys of the guard: each domain with a key has an account that may write as
 * it; what happens to mail of others; whether an observation runs. Pure.
 */
import { domainsAbove } from '../../../formats/message/address.ts';
import { dayMs, type Millis } from '../../../lib/time.ts';
import { type Finding, fine, someOf } from '../../finding.ts';
import { counted } from './dkim-keys.ts';

export type AuthorFacts = {
  /** Domains with a key that signs or will sign. */
  readonly domains: readonly string[];
  /** Domains of logins that are known, from tables and from mail that was sent. */
  readonly logins: ReadonlySet<string>;
  /** Addresses of declarations in force: `joe@a.example`, `@a.example`, `@*.a.example`. */
  readonly declared: readonly string[];
  /** Domains whose mail is signed without a login: names of this machine, `signing.identity`. */
  readonly machine: ReadonlySet<string>;
  /** Tables of Postfix that name accounts and cannot be listed. */
  readonly unlisted: readonly string[];
  readonly foreign: 'unsigned' | 'hold';
  readonly observedUntil: Millis | undefined;
  /** Accounts that lately wrote without a right, with the messages of each. */
  readonly writers: readonly { readonly account: string; readonly messages: number }[];
  readonly now: Millis;
};

/** Names in a finding; more are counted. */
const namedMax = 5;

/** Empty where there are no keys. */
export function checkAuthors(facts: AuthorFacts): readonly Finding[] {
  if (facts.domains.length === 0) return [];
  return [unusedKeys(facts), foreignMail(facts), ...observation(facts)];
}

function unusedKeys(facts: AuthorFacts): Finding {
  const { unlisted } = facts;
  const id = 'signing.authors';
  const title = 'Accounts for DKIM keys';
  const unused = unusedDomains(facts);
  if (unused.length === 0) return fine(id, title, 'each domain with a key has one');
  const found = `no account is known that may write as ${someOf(unused, namedMax)}`;
  const wanted = 'an account for each domain with a key, or mail of the domain leaves unsigned';
  const fix = 'postern accounts may-write-as NAME @DOMAIN, or retire the key: postern dkim retire';
  if (unlisted.length === 0) return { id, kind: 'warn', title, found, wanted, fix };
  const tables = `${someOf(unlisted, namedMax)} cannot be listed, and may name some`;
  return { id, kind: 'unknown', title, found: `${found}; ${tables}`, wanted, fix };
}

/** Domains with a key that no known account may write as. */
export function unusedDomains({
  domains,
  logins,
  declared,
  machine,
}: Pick<AuthorFacts, 'domains' | 'logins' | 'declared' | 'machine'>): readonly string[] {
  const exact = new Set<string>();
  const below: string[] = [];
  for (const address of declared) {
    if (address.startsWith('@*.')) below.push(address.slice(2));
    else exact.add(address.slice(address.lastIndexOf('@') + 1));
  }
  return domains.filter(
    (domain) =>
      !machine.has(domain) &&
      !exact.has(domain) &&
      !below.some((end) => domain.endsWith(end)) &&
      // A login of example.org also writes as news.example.org.
      ![domain, ...domainsAbove(domain)].some((name) => logins.has(name)),
  );
}

function foreignMail({ foreign, writers }: AuthorFacts): Finding {
  const id = 'signing.foreign';
  const title = 'Mail without a right to its author';
  const what = foreign === 'hold' ? 'held' : 'left unsigned';
  const how = `it is ${what} (signing.foreign = "${foreign}")`;
  if (writers.length === 0) return fine(id, title, `none lately; ${how}`);
  const sum = writers.reduce((total, { messages }) => total + messages, 0);
  const most = writers.toSorted((one, other) => other.messages - one.messages);
  const names = most.map(({ account, messages }) => `${account} (${messages})`);
  return {
    id,
    kind: 'warn',
    title,
    found:
      `${counted(sum, 'message')} of ${counted(writers.length, 'account')}: ` +
      someOf(names, namedMax),
    wanted: `no such mail; ${how}`,
    fix: 'postern status names the latest, with the command that allows it',
  };
}

function observation({ observedUntil, now }: AuthorFacts): readonly Finding[] {
  if (observedUntil === undefined || observedUntil <= now) return [];
  const days = Math.ceil((observedUntil - now) / dayMs);
  return [
    fine(
      'signing.observation',
      'Observation of authors',
      `runs for ${counted(days, 'more day')}: mail without a right is still signed and noted; ` +
        'before it ends, confirm the list: postern accounts may-write-as --suggest',
    ),
  ];
}
