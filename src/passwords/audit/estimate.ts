/** Counts the candidates that were tried, and estimates how long the rest of the audit takes. */
import type { CandidatePlan } from '../candidates/candidates.ts';
import type { AuditState } from './audit-state.ts';
import { isShared, type TryUnit, triesOf, wordsUsual } from './units.ts';
import type { Group } from './worklist.ts';

export type AuditEstimate = {
  begin(nth: number, groups: readonly Group[]): void;
  add(unit: TryUnit): void;
};

/** The estimate multiplies candidates with accounts of each group, by the speed of the group. */
export function openEstimate(state: AuditState): AuditEstimate {
  const { plans, speeds, processors } = state;
  const began = performance.now();
  let [leg, tried] = [0, 0];
  const left = new Map<string, Group>();
  const secondsOf = (plan: CandidatePlan | undefined, { group, count, hash }: Group): number => {
    if (plan === undefined) return 0;
    const salts = isShared(plan, hash) ? Math.min(count, 1) : count;
    const rate = speeds.get(group) ?? hash.rate * processors;
    return (plan.count(plan.from, plan.to, wordsUsual) * salts) / rate;
  };
  const tell = (): void => {
    let secondsLeft = 0;
    for (const group of left.values()) {
      for (const plan of plans.slice(leg + 1)) {
        secondsLeft += secondsOf(plan, everybody.get(group.group) ?? group);
      }
      secondsLeft += secondsOf(plans[leg], group);
    }
    const perSecond = tried / Math.max((performance.now() - began) / 1_000, 0.001);
    const by = plans[leg]?.leg.name ?? '';
    state.progress({ leg: by, tried, perSecond, secondsLeft, weak: state.guessed.size });
  };
  const everybody = new Map<string, Group>();
  return {
    begin(nth, groups) {
      leg = nth;
      left.clear();
      for (const one of groups) {
        left.set(one.group, one);
        if (!everybody.has(one.group)) everybody.set(one.group, one);
      }
      // If all accounts have finished this leg, nothing is known about the groups of later legs.
      if (everybody.size > 0) tell();
    },
    add(unit) {
      tried += triesOf(unit);
      const group = left.get(unit.works[0]?.hash.group ?? '');
      const share = (unit.to - unit.from) / Math.max(unit.plan.to - unit.plan.from, 1);
      if (group !== undefined) {
        const count = Math.max(0, group.count - unit.works.length * share);
        left.set(group.group, { ...group, count });
      }
      tell();
    },
  };
}
