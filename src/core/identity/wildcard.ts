/**
 * Keeps what a wildcard gives a host. A name with a record at it or below it exists, and a wildcard
 * makes nothing for names that exist, nor for names below them (RFC 4592 section 2.2.1). So a
 * planned record can take away the addresses of hosts. Such records are planned too.
 */
import { parentOf } from '../../formats/dns/name.ts';
import type { DnsAnswer, DnsLookup } from '../../formats/dns/question.ts';
import { type DnsRecord, type DnsType, sameRecords } from '../../formats/dns/record.ts';
import { spfKind } from '../../formats/spf/record.ts';
import { isMeant, type Step } from './aspect.ts';
import { isServiceName, mayBeMade, type ZoneView } from './place.ts';

/** What a host can have. Other types are not looked at, because mail does not need them. */
const types = ['CNAME', 'A', 'AAAA', 'MX', 'TXT'] as const satisfies readonly DnsType[];

export type KeptByWildcard = {
  /** Steps to add; each belongs to the aspect of the step before it. */
  readonly more: readonly { readonly because: Step; readonly step: Step }[];
  /** Steps that cannot be advised, because the DNS does not say what they take away. */
  readonly unknown: ReadonlyMap<Step, Step>;
};

/** `steps`: all steps of a plan. */
export function* keptByWildcard(steps: readonly Step[], view: ZoneView): DnsLookup<KeptByWildcard> {
  const adding = steps.filter(({ add, where }) => add.length > 0 && where === 'zone');
  const more: { because: Step; step: Step }[] = [];
  const unknown = new Map<Step, Step>();
  for (const [host, because] of hostsOf(adding, view)) {
    const made = yield* madeFor(host, view);
    if (made === 'unknown') for (const step of because) unknown.set(step, unknownStep(step, host));
    else {
      const below = `*.${host}`;
      const all = [...copies(host, made, adding), ...copies(below, made, adding)];
      more.push(...all.map((step) => ({ because: because[0], step })));
    }
  }
  return { more: more.filter(({ because }) => !unknown.has(because)), unknown };
}

/** The hosts at or above the names of the steps, with their steps. */
function hostsOf(steps: readonly Step[], view: ZoneView): ReadonlyMap<string, [Step, ...Step[]]> {
  const hosts = new Map<string, [Step, ...Step[]]>();
  for (const step of steps) {
    for (let name = step.name; mayBeMade(name, view); name = parentOf(name)) {
      if (isServiceName(name) || name.startsWith('*.')) continue;
      const before = hosts.get(name);
      if (before === undefined) hosts.set(name, [step]);
      else before.push(step);
    }
  }
  return hosts;
}

/** The records of a host that only a wildcard makes; none if the host exists by itself. */
function* madeFor(host: string, view: ZoneView): DnsLookup<readonly DnsRecord[] | 'unknown'> {
  const beside = yield* hostRecords(`${view.beside}.${parentOf(host)}`);
  if (beside === undefined) return 'unknown';
  if (beside.every((records) => records.length === 0)) return [];
  const below = yield* hostRecords(`${view.beside}.${host}`);
  if (below === undefined) return 'unknown';
  const answers = yield [...types, 'NS' as const].map((type) => ({ name: host, type }));
  if (answers.some(({ kind }) => kind === 'failure')) return 'unknown';
  const own = answers.map((answer) => at(host, answer));
  const servers = own.pop() ?? [];
  const isMade =
    servers.length === 0 &&
    [beside, below].every((others) =>
      own.every((records, nth) => sameRecords(records, others[nth] ?? [])),
    );
  return isMade ? own.flat() : [];
}

/** The records of a name by `types`; undefined if the DNS does not answer. */
function* hostRecords(name: string): DnsLookup<readonly (readonly DnsRecord[])[] | undefined> {
  const answers = yield types.map((type) => ({ name, type }));
  if (answers.some(({ kind }) => kind === 'failure')) return undefined;
  return answers.map((answer) => at(name, answer));
}

/** The records of the name itself; those behind an alias do not count. */
function at(name: string, answer: DnsAnswer): readonly DnsRecord[] {
  return answer.kind === 'records' ? answer.records.filter((one) => one.name === name) : [];
}

function copies(
  host: string,
  made: readonly DnsRecord[],
  adding: readonly Step[],
): readonly Step[] {
  const here = adding.filter(({ name }) => name === host);
  return types.flatMap((type): readonly Step[] => {
    // A step that adds records of this type adds all that the host needs; of texts, only SPF.
    const isAdded = here.some((step) => step.type === type);
    const isSpf = isMeant(spfKind);
    const add = made
      .filter((one) => one.type === type && !(isAdded && (one.type !== 'TXT' || isSpf(one))))
      .map((one) => ({ ...one, name: host }));
    if (add.length === 0) return [];
    const id = `wildcard.${host}.${type}`;
    const why =
      `${host} has this only by another wildcard, and would lose it ` +
      'once the other records of this plan stand there';
    const nothing = { keep: [], remove: [], standing: [] };
    return [{ id, state: 'missing', name: host, type, ...nothing, add, why, where: 'zone' }];
  });
}

function unknownStep(step: Step, host: string): Step {
  const why = `the DNS does not say whether ${host} has its records only by a wildcard`;
  return { ...step, state: 'unknown', keep: [], remove: [], add: [], standing: [], why };
}
