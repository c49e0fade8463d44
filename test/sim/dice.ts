/** Dice with a seed: the same throws each time (xorshift). */
export type Dice = {
  /** From 0 up to, not including, 1. */
  roll(): number;
  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number;
  pick<Item>(items: readonly Item[]): Item;
  /** Exponentially distributed with this mean. */
  exponential(mean: number): number;
};

export function openDice(seed: number): Dice {
  let state = (seed * 0x9e3779b1) | 0 || 1;
  const roll = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(roll() * limit);
  return {
    roll,
    below,
    exponential: (mean) => -Math.log(1 - roll()) * mean,
    pick<Item>(items: readonly Item[]): Item {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
  };
}
