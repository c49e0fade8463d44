/** Metrics of the process. */
import type { Metric } from './metric.ts';

export const processMetrics: readonly Metric[] = [
  { name: 'postern_up_seconds', kind: 'gauge', help: 'Seconds since the start.' },
  {
    name: 'process_resident_memory_bytes',
    kind: 'gauge',
    help: 'Resident memory of this process.',
  },
  { name: 'process_cpu_seconds_total', kind: 'counter', help: 'CPU time used by this process.' },
  {
    name: 'postern_unlisted_total',
    kind: 'counter',
    help:
      'Counts under a name that is not in this list. This is a mistake in Postern; please ' +
      'report it.',
    label: 'name',
  },
];
