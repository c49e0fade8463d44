/** A number that is shown or kept, with two digits behind the point at most. */
export function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
