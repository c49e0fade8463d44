/**
 * Keeps what a wildcard gives a host. A name with a record at it or below it exists, and a wildcard
 * makes nothing for names that exist, nor for names below them (RFC 4592 section 2.2.1). So a
 * planned record can take away the addresses of hosts. Such records are planned too.
 */
import { isBelow, parentOf } from '../../formats/dns/name.ts';
import { ask, type DnsLookup } from '../../formats/dns/question.ts';
import { type DnsRecord, type DnsType, sameRecords } from '../../formats/dns/record.ts';
import { spfKind } from '../../formats/spf/record.ts';
import { isMeant, type Step } from './aspect.ts';
import { besideName, isServiceName, mayBeMade, type ZoneView } from './zones/place.ts';

/** What a host can have. Other types are not looked at, because mail does not need them. */
const types = ['CNAME', 'A', 'AAAA', 'MX', 'NS', 'TXT'] as const satisfies readonly DnsType[];

export type KeptByWildcard = {
  /** Steps to add; each belongs to the aspect of the step before it. */
  readonly more: readonly { readonly because: Step; readonly step: Step }[];
  /**
   * Other steps instead of these: the DNS does not say what a step takes away, or a kept record is
   * no longer made.
   */
  readonly instead: ReadonlyMap<Step, Step>;
};

/** `steps`: all steps of a plan. */
export function* keptByWildcard(steps: readonly Step[], view: ZoneView): DnsLookup<KeptByWildcard> {
  const instead = new Map(stepsLost(steps).map((step) => [step, ownStep(step)]));
  const adding = steps
    .map((step) => instead.get(step) ?? step)
    .filter(({ add, where }) => add.length > 0 && where === 'zone');
  const more: { because: Step; step: Step }[] = [];
  const unknown = new Set<Step>();
  for (const [host, because] of hostsOf(adding, view)) {
    const made = yield* madeFor(host, view);
    if (made === 'unknown') {
      for (const step of because) {
        unknown.add(step);
        instead.set(step, unknownStep(step, host));
      }
    } else {
      const below = `*.${host}`;
      const all = [...copies(host, made, adding), ...copies(below, made, adding)];
      more.push(...all.map((step) => ({ because: because[0], step })));
    }
  }
  return { more: more.filter(({ because }) => !unknown.has(because)), instead };
}

/** Steps whose records a wildcard makes no longer, once records stand at or above their names. */
function stepsLost(steps: readonly Step[]): readonly Step[] {
  const lost: Step[] = [];
  const names = new Set(steps.flatMap(({ name, add }) => (add.length > 0 ? [name] : [])));
  for (let before = -1; before < lost.length; ) {
    before = lost.length;
    for (const step of steps) {
      if (lost.includes(step) || !isLost(step, names)) continue;
      lost.push(step);
      names.add(step.made?.name ?? step.name);
    }
  }
  return lost;
}

function isLost({ made, state }: Step, names: ReadonlySet<string>): boolean {
  if (made === undefined || state !== 'have') return false;
  const top = parentOf(made.by);
  // What hosts lose is copied, with a wildcard below them.
  for (let one = made.name; isBelow(one, top) && isServiceName(one); one = parentOf(one)) {
    if ([...names].some((name) => name === one || isBelow(name, one))) return true;
  }
  return false;
}

/** The step with records at its own name, instead of those that a wildcard makes. */
function ownStep({ made, ...step }: Step): Step {
  const name = made?.name ?? step.name;
  const add = step.keep.map((one) => ({ ...one, name }));
  const why = `${made?.by} makes it today, but not beside the other records of this plan`;
  return { ...step, name, state: 'missing', keep: [], add, why };
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

/** The records of a host that only a wildcard makes; empty for a host that exists. */
function* madeFor(host: string, view: ZoneView): DnsLookup<readonly DnsRecord[] | 'unknown'> {
  const beside = yield* hostRecords(besideName(parentOf(host), view));
  if (beside === undefined) return 'unknown';
  if (beside.length === 0) return [];
  const below = yield* hostRecords(besideName(`*.${host}`, view));
  const own = yield* hostRecords(host);
  if (below === undefined || own === undefined) return 'unknown';
  return sameRecords(own, beside) && sameRecords(own, below) ? own : [];
}

/** The records of a name itself; undefined if the DNS does not answer. */
function* hostRecords(name: string): DnsLookup<readonly DnsRecord[] | undefined> {
  const alias = yield* ask(name, 'CNAME');
  if (alias.kind !== 'none') return alias.kind === 'records' ? alias.records : undefined;
  const answers = yield types.map((type) => ({ name, type }));
  if (answers.some(({ kind }) => kind === 'failure')) return undefined;
  return answers.flatMap((answer) => (answer.kind === 'records' ? answer.records : []));
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
