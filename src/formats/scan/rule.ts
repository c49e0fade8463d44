/** A rule of a scanner that matched a message. Points are 0 if the scanner does not report them. */
export type RuleHit = {
  readonly name: string;
  readonly points: number;
  /** The scanner's description of the rule. */
  readonly about?: string;
};
