/**
 * A rule of a scanner that was true of a message. Points are 0 where the scanner does not tell
 * them.
 */
export type RuleHit = {
  readonly name: string;
  readonly points: number;
  /** What it is about, in the scanner's words. */
  readonly about?: string;
};
