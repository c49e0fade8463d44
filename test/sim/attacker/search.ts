/**
 * Searches the strategy that reaches most strangers unseen, for one account: first what a reader of
 * the source would try, then drawn strategies and changed good ones. For each the largest pace is
 * looked for that gives no sign.
 */
import { openDice } from '../dice.ts';
import { attack, type Outcome, type Reached, type Stage } from './attack.ts';
import { changed, openings, randomStrategy, type Strategy } from './strategy.ts';

export type Found = { readonly strategy: Strategy; readonly outcome: Outcome };
/** The best in a day, in a week, in 30 days, and of all strangers reached. */
export type Best = Readonly<Record<keyof Reached | 'all', Found>>;
export type Search = { readonly best: Best; readonly strategies: number; readonly runs: number };

/** By which factors a strategy changes its pace from one run to the next. */
const steps = [4, 2, 1.4, 1.2, 1.1] as const;
/** Good ones that are changed. */
const keptMax = 4;

export const figures: readonly (keyof Best)[] = ['day', 'week', 'month', 'all'];

export function figureOf({ all, unseen }: Outcome, figure: keyof Best): number {
  return figure === 'all' ? all : unseen[figure];
}

export function search(stage: Stage, strategies: number, seed: number): Search {
  const dice = openDice(seed);
  const found: Found[] = [];
  let runs = 0;
  const kept = (figure: keyof Best): readonly Found[] =>
    found
      .toSorted((a, b) => figureOf(b.outcome, figure) - figureOf(a.outcome, figure))
      .slice(0, keptMax);
  for (let nth = 0; nth < strategies; nth++) {
    const opening = openings[nth];
    const isNew = nth < openings.length * 2 || dice.roll() < 0.2;
    const first =
      opening ??
      (isNew ? randomStrategy(dice) : changed(dice.pick(kept(dice.pick(figures))).strategy, dice));
    const tried = atPaces(stage, first, seed + nth);
    runs += tried.length;
    // Of the paces of one strategy, those that are best at something.
    for (const figure of figures) {
      const [best] = tried.toSorted(
        (a, b) => figureOf(b.outcome, figure) - figureOf(a.outcome, figure),
      );
      if (best !== undefined && !found.includes(best)) found.push(best);
    }
  }
  const best = Object.fromEntries(figures.map((figure) => [figure, kept(figure)[0]]));
  return { best: best as Best, strategies, runs };
}

/** Without a sign the next try is faster, with one slower; steps become smaller. */
function atPaces(stage: Stage, first: Strategy, seed: number): readonly Found[] {
  const tried: Found[] = [];
  let strategy = first;
  for (const step of [...steps, 1]) {
    const outcome = attack(stage, strategy, seed);
    tried.push({ strategy, outcome });
    const factor = outcome.signDay === undefined ? step : 1 / step;
    strategy = { ...strategy, perDay: Math.max(1, strategy.perDay * factor) };
  }
  return tried;
}
