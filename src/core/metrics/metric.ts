/** What is told of one metric: metrics.ts lists them all. */
export type MetricKind = 'counter' | 'gauge' | 'histogram';

export type Metric = {
  readonly name: string;
  readonly kind: MetricKind;
  /** Help text for the operator. */
  readonly help: string;
  /** Name of its only label, if it has one. */
  readonly label?: string;
  /** Name of a second label. A value is then two words with a space between them. */
  readonly secondLabel?: string;
  /**
   * Label values shown as 0 before they first happen, so that an alert on a rate works from the
   * first minute.
   */
  readonly values?: readonly string[];
  /** Upper bounds of a histogram's buckets, ascending. */
  readonly buckets?: readonly number[];
};
