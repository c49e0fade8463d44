/**
 * One audit: all accounts of the sources, leg by leg, likeliest candidates first. Work is cut into
 * units of some seconds. After each unit the store notes how far its accounts are, so that an audit
 * that was killed goes on from there.
 */
import type { CandidatePlan } from '../candidates/candidates.ts';
import type { AuditDeps, AuditState } from './audit-state.ts';
import { type AuditEstimate, openEstimate } from './estimate.ts';
import { toTheEnd } from './tried-store.ts';
import { sliced, tryUnit } from './try-unit.ts';
import { measure, nextUnit, type TryUnit, triesOf } from './units.ts';

/** True: every candidate was tried on everybody. */
export async function audit(deps: AuditDeps): Promise<boolean> {
  const state: AuditState = { ...deps, speeds: new Map(), guessed: new Set() };
  const estimate = openEstimate(state);
  for (const dear of [false, true]) {
    for (const [nth, plan] of state.plans.entries()) {
      const groups = state.worklist
        .begin(plan.key, plan.edition)
        .filter(({ hash }) => hash.rate < dearRate === dear);
      estimate.begin(nth, groups);
      // The quick ones first: most of the weak are found before the slow ones have taken the time.
      for (const { group } of groups.toSorted((a, b) => b.hash.rate - a.hash.rate)) {
        if (!(await through(state, plan, group, estimate))) return false;
      }
    }
  }
  return true;
}

/**
 * What takes longer than a second for one try goes last, through all legs: else one account, whose
 * owner had a say in what his hash costs, took the time of all others in the first leg, audit after
 * audit.
 */
const dearRate = 1;

async function through(
  state: AuditState,
  plan: CandidatePlan,
  group: string,
  estimate: AuditEstimate,
): Promise<boolean> {
  for (let next = nextUnit(state, plan, group); next; next = nextUnit(state, plan, group)) {
    if (state.signal.aborted) return false;
    const unit = sliced(state, next);
    const seconds = await tryUnit(state, unit);
    if (seconds === undefined) return false;
    measure(state.speeds, group, triesOf(unit), seconds);
    settle(state, unit);
    estimate.add(unit);
  }
  return true;
}

/**
 * Writes down how far these accounts are. Of hashes without a mark nothing is kept: they are tried
 * anew every time.
 */
function settle({ worklist, triedStore, guessed }: AuditState, { plan, works, to }: TryUnit): void {
  const { key, edition } = plan;
  const position = to >= plan.to ? toTheEnd : to;
  const rest = works.filter(({ id }) => !guessed.has(id));
  worklist.advance(key, edition, rest, position);
  const notes = rest.filter(({ mark }) => mark !== '');
  triedStore.write(
    notes.map(({ source, account, mark, progress }) => ({
      source,
      account,
      mark,
      weak: undefined,
      progress: { ...progress, [key]: [edition, position] },
    })),
  );
}
