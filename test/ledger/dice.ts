/** Random numbers from a seed, so that a failing run can be played again with SEED=n. */
export type Dice = {
  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number;
};

/** From the environment, or a new one. */
export function seedOfThisRun(): number {
  const given = Number(process.env['SEED']);
  return Number.isInteger(given) && given > 0 ? given : 1 + Math.floor(Math.random() * 1_000_000);
}

/** xorshift32. */
export function dice(seed: number): Dice {
  let state = seed | 0 || 1;
  return {
    below(limit) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % limit;
    },
  };
}
