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

/** Runs the audit. False if it was stopped before every candidate was tried on every account. */
export async function audit(deps: AuditDeps): Promise<boolean> {
  const state: AuditState = { ...deps, speeds: new Map(), guessed: new Set() };
  const estimate = openEstimate(state);
  for (const dear of [false, true]) {
    for (const [nth, plan] of state.plans.entries()) {
      const groups = state.worklist
        .begin(plan.key, plan.edition)
        .filter(({ hash }) => hash.rate < dearRate === dear);
      estimate.begin(nth, groups);
      // Quick hashes first: most weak passwords are found before slow hashes take the time.
      for (const { group } of groups.toSorted((a, b) => b.hash.rate - a.hash.rate)) {
        if (!(await through(state, plan, group, estimate))) return false;
      }
    }
  }
  return true;
}

/**
 * Candidates a second. Slower hashes are tried last, after all legs of the others. Otherwise one
 * account with a very expensive hash would take the time of all others, in the first leg of each
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
 * Notes how far these accounts are in the plan. Nothing is noted for hashes without a mark: they
 * are tried again in every audit.
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
