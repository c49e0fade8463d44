/** Metrics of the last drill. The command runs it; the guard shows its report. */
import type { Metric } from './metric.ts';

export const drillMetrics: readonly Metric[] = [
  {
    name: 'postern_drill_fine',
    kind: 'gauge',
    help: '1 if every link worked in the last drill; 0 if one did not, or no drill was run.',
  },
  {
    name: 'postern_drill_timestamp_seconds',
    kind: 'gauge',
    help: 'When the last drill began, in seconds since 1970; 0 if no drill was run.',
  },
  {
    name: 'postern_drill_links',
    kind: 'gauge',
    help: 'Links of the last drill, by outcome.',
    label: 'outcome',
    values: ['fine', 'failed', 'not reached', 'unset'],
  },
];
