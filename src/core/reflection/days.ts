/** Returned mail that came in, counted by day, for two weeks. Pure. */
import { dayMs } from '../../lib/time.ts';

export type ReturnDay = {
  /** Days since 1970, UTC. */
  readonly day: number;
  proven: number;
  unproven: number;
  /** Of the unproven, those that a refusal would hit: reports and automatic answers. */
  refusable: number;
};

export const returnDays = 14;

export class ReturnDays {
  #days: ReturnDay[];

  /** `stored`: what `encoded` gave before; anything else counts as nothing. */
  constructor(stored: string | undefined) {
    this.#days = decoded(stored);
  }

  add(now: number, what: { readonly isProven: boolean; readonly isRefusable: boolean }): void {
    const day = Math.floor(now / dayMs);
    let last = this.#days.at(-1);
    if (last === undefined || last.day < day) {
      last = { day, proven: 0, unproven: 0, refusable: 0 };
      this.#days = [...this.#days, last].filter((one) => one.day > day - returnDays);
    }
    if (what.isProven) last.proven++;
    else last.unproven++;
    if (!what.isProven && what.isRefusable) last.refusable++;
  }

  /** The days that count now, the oldest first. */
  all(now: number): readonly Readonly<ReturnDay>[] {
    const day = Math.floor(now / dayMs);
    return this.#days.filter((one) => one.day > day - returnDays);
  }

  encoded(): string {
    return JSON.stringify(this.#days);
  }
}

const numbers = ['day', 'proven', 'unproven', 'refusable'] as const;

function decoded(stored: string | undefined): ReturnDay[] {
  try {
    const found: unknown = JSON.parse(stored ?? '[]');
    if (!Array.isArray(found)) return [];
    return (found as ReturnDay[])
      .filter((one) => numbers.every((name) => Number.isSafeInteger(one?.[name])))
      .slice(-returnDays);
  } catch {
    return [];
  }
}
