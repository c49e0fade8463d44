/**
 * The Grafana dashboard, as data: packaging/grafana/postern.json is made from it. It imports into
 * Grafana 10 and later, and asks for the Prometheus data source.
 */

type Query = {
  readonly expr: string;
  /** `{{verdict}}` takes the value of a label. */
  readonly legend: string;
};

type Panel = {
  readonly title: string;
  readonly about: string;
  readonly kind: 'stat' | 'timeseries';
  readonly queries: readonly Query[];
  readonly unit: 'short' | 's' | 'bytes' | 'percentunit' | 'bool_yes_no' | 'dtdurations';
  /** From this value on the number is red. */
  readonly redFrom?: number;
  /** The number is red below this value. */
  readonly redBelow?: number;
};

const here = 'instance="$instance"';
const rate = '[$__rate_interval]';

const stats: readonly Panel[] = [
  {
    title: 'Running for',
    about: 'Time since the start of the guard.',
    kind: 'stat',
    queries: [{ expr: `postern_up_seconds{${here}}`, legend: '' }],
    unit: 'dtdurations',
  },
  {
    title: 'Acts on verdicts',
    about: 'Yes in mode guard; no in mode observe, in which nothing is stopped.',
    kind: 'stat',
    queries: [{ expr: `postern_guarding{${here}}`, legend: '' }],
    unit: 'bool_yes_no',
    redBelow: 1,
  },
  {
    title: 'Ledger takes writes',
    about: 'No: free space on its disk; postern status says why.',
    kind: 'stat',
    queries: [{ expr: `postern_ledger_ok{${here}}`, legend: '' }],
    unit: 'bool_yes_no',
    redBelow: 1,
  },
  {
    title: 'Suspended accounts',
    about: 'They wait for your decision: postern status.',
    kind: 'stat',
    queries: [{ expr: `postern_accounts{${here},state="suspended"}`, legend: '' }],
    unit: 'short',
    redFrom: 1,
  },
  {
    title: 'Troubles',
    about: 'Faults of the guard: postern status says what and what to do.',
    kind: 'stat',
    queries: [{ expr: `postern_troubles{${here}}`, legend: '' }],
    unit: 'short',
    redFrom: 1,
  },
  {
    title: 'Notices not delivered',
    about: 'A channel does not take them: postern try notice.',
    kind: 'stat',
    queries: [{ expr: `postern_notices_waiting{${here}}`, legend: '' }],
    unit: 'short',
    redFrom: 1,
  },
];

const charts: readonly Panel[] = [
  {
    title: 'Outgoing messages a minute, by verdict',
    about: 'What Postern did with each message.',
    kind: 'timeseries',
    queries: [
      {
        expr: `sum by (verdict) (rate(postern_verdicts_total{${here}}${rate})) * 60`,
        legend: '{{verdict}}',
      },
    ],
    unit: 'short',
  },
  {
    title: 'Held messages',
    about: 'Messages in the hold queue: postern held list.',
    kind: 'timeseries',
    queries: [{ expr: `postern_held_messages{${here}}`, legend: 'held' }],
    unit: 'short',
  },
  {
    title: 'Age of the oldest held message',
    about: 'Mail that waits for your decision.',
    kind: 'timeseries',
    queries: [{ expr: `postern_held_oldest_seconds{${here}}`, legend: 'oldest' }],
    unit: 's',
  },
  {
    title: 'Accounts',
    about: 'Accounts that are watched or suspended.',
    kind: 'timeseries',
    queries: [
      { expr: `postern_accounts{${here},state=~"watched|suspended"}`, legend: '{{state}}' },
    ],
    unit: 'short',
  },
  {
    title: 'Suspensions and releases a day',
    about: 'By the guard, and by operators.',
    kind: 'timeseries',
    queries: [
      { expr: `increase(postern_suspensions_total{${here}}[1d])`, legend: 'suspended by {{by}}' },
      { expr: `increase(postern_releases_total{${here}}[1d])`, legend: 'released by {{by}}' },
    ],
    unit: 'short',
  },
  {
    title: 'Providers: lanes that are slowed or blocked',
    about: 'postern providers list says which, and why.',
    kind: 'timeseries',
    queries: [{ expr: `postern_lanes{${here},state=~"slowed|blocked"}`, legend: '{{state}}' }],
    unit: 'short',
  },
  {
    title: 'Deliveries a minute, by provider',
    about: 'Answers of other mail servers to our attempts, the ten most frequent.',
    kind: 'timeseries',
    queries: [
      {
        expr:
          'topk(10, sum by (provider, outcome) ' +
          `(rate(postern_lane_attempts_total{${here}}${rate})) * 60)`,
        legend: '{{provider}} {{outcome}}',
      },
    ],
    unit: 'short',
  },
  {
    title: 'Mail that no door judged, in an hour',
    about: 'postern status names the way; postern doctor says what to change.',
    kind: 'timeseries',
    queries: [
      {
        expr: `sum by (service, left_by) (increase(postern_bypassed_total{${here}}[1h]))`,
        legend: '{{service}} → {{left_by}}',
      },
    ],
    unit: 'short',
  },
  {
    title: 'Time to a verdict',
    about: 'From a complete message to its verdict.',
    kind: 'timeseries',
    queries: [0.5, 0.99].map((part) => ({
      expr:
        `histogram_quantile(${part}, ` +
        `sum by (le) (rate(postern_decision_seconds_bucket{${here}}${rate})))`,
      legend: `${part * 100} % within`,
    })),
    unit: 's',
  },
  {
    title: 'Scanners',
    about: '1: the scanner is asked. 0: it fails, and is not asked.',
    kind: 'timeseries',
    queries: [{ expr: `postern_scan_up{${here}}`, legend: '{{scanner}}' }],
    unit: 'short',
  },
  {
    title: 'DKIM: signed and unsigned messages a minute',
    about: 'Why a message was not signed is the name of the line.',
    kind: 'timeseries',
    queries: [
      {
        expr: `sum by (result) (rate(postern_signing_total{${here}}${rate})) * 60`,
        legend: '{{result}}',
      },
    ],
    unit: 'short',
  },
  {
    title: 'Incoming messages a minute, by what was decided',
    about: 'Incoming mail: delivered, Junk, waits, put off.',
    kind: 'timeseries',
    queries: [
      {
        expr: `sum by (action) (rate(postern_inbound_judged_total{${here}}${rate})) * 60`,
        legend: '{{action}}',
      },
    ],
    unit: 'short',
  },
  {
    title: 'Mail log: lines a minute',
    about: 'None for long: run postern doctor.',
    kind: 'timeseries',
    queries: [{ expr: `rate(postern_mail_log_lines_total{${here}}${rate}) * 60`, legend: 'lines' }],
    unit: 'short',
  },
  {
    title: 'Memory of the guard',
    about: 'Resident memory of the process.',
    kind: 'timeseries',
    queries: [{ expr: `process_resident_memory_bytes{${here},job="postern"}`, legend: 'memory' }],
    unit: 'bytes',
  },
];

const source = { type: 'prometheus', uid: '$datasource' } as const;
/** Grafana's grid has 24 columns. */
const columns = 24;
const statWidth = columns / stats.length;
const [statHeight, chartHeight] = [4, 8];

/** The dashboard as Grafana imports it. */
export function dashboardFile(): string {
  const dashboard = {
    uid: 'postern',
    title: 'Postern',
    description: 'Outgoing mail: verdicts, suspensions, held mail, providers. See docs/operate.md.',
    tags: ['mail', 'postern'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    timezone: '',
    refresh: '1m',
    time: { from: 'now-24h', to: 'now' },
    templating: { list: [sourceVariable, instanceVariable] },
    annotations: { list: [suspensions] },
    panels: [
      ...stats.map((panel, nth) =>
        drawn(panel, nth + 1, { x: nth * statWidth, y: 0, w: statWidth, h: statHeight }),
      ),
      ...charts.map((panel, nth) =>
        drawn(panel, stats.length + nth + 1, {
          x: (nth % 2) * (columns / 2),
          y: statHeight + Math.floor(nth / 2) * chartHeight,
          w: columns / 2,
          h: chartHeight,
        }),
      ),
    ],
  };
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}

const sourceVariable = {
  name: 'datasource',
  label: 'Prometheus',
  type: 'datasource',
  query: 'prometheus',
  refresh: 1,
};

const instanceVariable = {
  name: 'instance',
  label: 'Guard',
  type: 'query',
  datasource: source,
  query: { query: 'label_values(postern_up_seconds, instance)', refId: 'instance' },
  definition: 'label_values(postern_up_seconds, instance)',
  refresh: 2,
  sort: 1,
};

/** A mark in every chart when an account was suspended. */
const suspensions = {
  name: 'Suspensions',
  datasource: source,
  enable: true,
  iconColor: 'red',
  expr: `increase(postern_suspensions_total{${here},by="guard"}[1m]) > 0`,
  titleFormat: 'account suspended',
  step: '1m',
};

type Grid = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };

function drawn({ about, kind, queries, title, ...panel }: Panel, id: number, gridPos: Grid) {
  const options =
    kind === 'stat'
      ? { reduceOptions: { calcs: ['lastNotNull'] }, colorMode: 'value', graphMode: 'none' }
      : { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } };
  return {
    id,
    type: kind,
    title,
    description: about,
    datasource: source,
    gridPos,
    targets: queries.map(({ expr, legend }, nth) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + nth),
      datasource: source,
      expr,
      legendFormat: legend,
    })),
    fieldConfig: {
      defaults: { unit: panel.unit, min: 0, ...thresholds(panel) },
      overrides: [],
    },
    options,
  };
}

function thresholds({ redBelow, redFrom }: Pick<Panel, 'redBelow' | 'redFrom'>): object {
  if (redFrom === undefined && redBelow === undefined) return {};
  const at = redFrom ?? redBelow;
  const [first, then] = redFrom === undefined ? ['red', 'green'] : ['green', 'red'];
  const steps = [
    { color: first, value: null },
    { color: then, value: at },
  ];
  return { thresholds: { mode: 'absolute', steps } };
}
