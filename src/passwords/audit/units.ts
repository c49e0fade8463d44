/** Cuts the work of a plan into units of some seconds, by the measured speed of a group. */
import type { Hash } from '../../core/passwords/hash.ts';
import type { CandidatePlan } from '../candidates/candidates.ts';
import type { AuditState } from './audit-state.ts';
import type { Work } from './worklist.ts';

/**
 * How long a unit takes, about. Short enough to lose little when it is cut off, long enough that
 * the start of John does not matter.
 */
const unitSeconds = 15;
/** For a group with unknown speed. */
const firstUnitSeconds = 3;
/** Accounts in a unit. That many hashes fit into memory, and John loads them at once. */
const unitAccountsMax = 2_000;
/** Candidates in a file for our own workers. */
const unitWordsMax = 2_000_000;

/** Some accounts of one group, and the part of a plan that is tried on them. */
export type TryUnit = {
  readonly plan: CandidatePlan;
  readonly works: readonly Work[];
  readonly from: number;
  readonly to: number;
};

/** True if one computation of a candidate counts for all accounts of the group. */
export function isShared({ candidates }: CandidatePlan, { unsalted }: Hash): boolean {
  return unsalted && candidates.kind === 'list';
}

export function triesOf({ plan, works, from, to }: TryUnit): number {
  const [first] = works;
  const salts = first !== undefined && isShared(plan, first.hash) ? 1 : works.length;
  const words = works.reduce((sum, work) => sum + work.words.length, 0) / Math.max(works.length, 1);
  return plan.count(from, to, words) * salts;
}

/** Words of an account, on average. */
export const wordsUsual = 5;
/** A shorter measurement shows how fast a program starts, not how fast it tries passwords. */
const measuredSecondsMin = 0.3;

export function measure(
  speeds: Map<string, number>,
  group: string,
  tries: number,
  seconds: number,
): void {
  if (tries === 0) return;
  if (seconds < measuredSecondsMin) {
    speeds.set(group, Math.max(speeds.get(group) ?? 0, tries / measuredSecondsMin));
    return;
  }
  const now = tries / seconds;
  const before = speeds.get(group);
  speeds.set(group, before === undefined ? now : before / 2 + now / 2);
}

export function nextUnit(
  { worklist, processors, speeds }: AuditState,
  plan: CandidatePlan,
  group: string,
): TryUnit | undefined {
  const head = worklist.next(group, 1);
  const [first] = head.works;
  if (first === undefined) return undefined;
  const from = Math.max(head.position, plan.from);
  const known = speeds.get(group);
  const rate = known ?? first.hash.rate * processors;
  const wanted = rate * (known === undefined ? firstUnitSeconds : unitSeconds);
  const each = plan.count(from, plan.to, wordsUsual);
  const shared = isShared(plan, first.hash);
  const most = shared ? unitAccountsMax : Math.floor(wanted / each);
  const { works } = worklist.next(group, Math.min(Math.max(1, most), unitAccountsMax));
  const room = Math.min(wanted / (shared ? 1 : works.length), unitWordsMax);
  if (each <= room) return { plan, works: distinct(works), from, to: plan.to };
  const to = from + Math.max(1, Math.floor(((plan.to - from) * room) / each));
  return { plan, works: distinct(works), from, to: Math.min(to, plan.to) };
}

/** Without equal hashes. John keeps only one of them; the others come with the next unit. */
function distinct(works: readonly Work[]): readonly Work[] {
  const seen = new Set<string>();
  return works.filter(({ hash: { tried } }) => {
    if (tried.by !== 'john') return true;
    if (seen.has(tried.text)) return false;
    seen.add(tried.text);
    return true;
  });
}
