/**
 * What the text of a plan needs besides the steps: times to live as they stand in the zone, and the
 * further records of the same name and type, which share an answer.
 */
import type { Step } from '../../../core/identity/aspect.ts';
import type { DnsAnswer, DnsQuestion } from '../../../formats/dns/question.ts';
import type { DnsRecord } from '../../../formats/dns/record.ts';
import type { Authorities } from '../../../partners/dns/authority.ts';
import type { Resolver } from '../../../ports/world.ts';
import { recordKey } from './zone-file.ts';

export type PlanStep = Step & {
  /** False: the times to live of published records are not known, and are those of new ones. */
  readonly isTtlKnown: boolean;
  /** Records of the same name and type that the step leaves alone. */
  readonly others: readonly DnsRecord[];
};

export type PlanTimes = {
  readonly answer: Resolver;
  /** Undefined if the answers are from a file, which has the true times to live. */
  readonly authorities: Authorities | undefined;
  /** For new records. */
  readonly ttlSeconds: number;
};

/** Time for the name servers to tell the times to live; resolvers only know what is left. */
const authoritiesMs = 2_500;

export function planSteps(steps: readonly Step[], times: PlanTimes): Promise<readonly PlanStep[]> {
  const late = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), authoritiesMs).unref();
  });
  return Promise.all(steps.map((step) => planStep(step, times, late)));
}

async function planStep(step: Step, times: PlanTimes, late: Promise<undefined>): Promise<PlanStep> {
  const { name, type, where } = step;
  const published = [...step.keep, ...step.remove];
  const known = published.length + step.add.length > 0;
  const question: DnsQuestion = { name, type };
  const set = known ? recordsIn(await times.answer(question), name) : [];
  // What a wildcard makes has another name in the zone.
  const keys = new Set(published.map((one) => recordKey({ ...one, name })));
  const others = set.filter((one) => !keys.has(recordKey(one)));
  const isAsked = published.length + others.length > 0 && where === 'zone';
  const truly = isAsked ? await trueTimes(question, times, late) : undefined;
  const isTtlKnown = times.authorities === undefined || truly !== undefined;
  const timeOf = (one: DnsRecord): number => {
    if (times.authorities === undefined) return one.ttlSeconds;
    return truly?.get(recordKey(one)) ?? times.ttlSeconds;
  };
  const timed = (one: DnsRecord): DnsRecord => ({ ...one, ttlSeconds: timeOf(one) });
  const [standing] = [...step.remove, ...step.keep, ...others];
  // All records of a name and type have one time to live (RFC 2181 section 5.2).
  const ttlSeconds = standing === undefined ? times.ttlSeconds : timeOf(standing);
  return {
    ...step,
    keep: step.keep.map(timed),
    remove: step.remove.map(timed),
    add: step.add.map((one) => ({ ...one, ttlSeconds })),
    isTtlKnown,
    others,
  };
}

function recordsIn(answer: DnsAnswer, name: string): readonly DnsRecord[] {
  return answer.kind === 'records' ? answer.records.filter((one) => one.name === name) : [];
}

/** The times to live that a name server of the zone has. */
async function trueTimes(
  question: DnsQuestion,
  { authorities }: PlanTimes,
  late: Promise<undefined>,
): Promise<ReadonlyMap<string, number> | undefined> {
  const told = authorities && (await Promise.race([authorities(question), late]));
  const records = told?.flatMap(({ answer }) => recordsIn(answer, question.name)) ?? [];
  if (records.length === 0) return undefined;
  return new Map(records.map((one) => [recordKey(one), one.ttlSeconds]));
}
