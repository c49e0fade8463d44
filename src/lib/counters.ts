/**
 * Counters, gauges and histograms in memory, printed as OpenMetrics 1.0 text. It is pure (no clock,
 * no I/O) and bounded: too many values of a label are counted as `other`. A value with an `@` is
 * counted as `other` too, since addresses must never reach a scrape. Counting never throws: a wrong
 * name is counted as such and stops no mail.
 */
type Definition = {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly label?: string;
  /** Of a second label. A value is then two words with a space between them. */
  readonly secondLabel?: string;
  readonly values?: readonly string[];
  readonly buckets?: readonly number[];
};

export type Counters = {
  /** Adds to a counter. */
  count(name: string, by?: number, label?: string): void;
  /** Sets a gauge, or a counter whose total is kept elsewhere. */
  set(name: string, value: number, label?: string): void;
  /** Removes a gauge whose subject no longer exists. */
  drop(name: string, label: string): void;
  /** Puts one value into a histogram. */
  observe(name: string, value: number): void;
  /** The current value; 0 if it was never counted. For tests and the status command. */
  read(name: string, label?: string): number;
  /** OpenMetrics text, closed with `# EOF`. */
  text(): string;
};

export const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Distinct values kept for one label. A label with more values should not be a label. */
const labelValuesMax = 64;
const labelLengthMax = 64;

type Series = { readonly definition: Definition; readonly values: Map<string, number> };
type Histogram = { readonly bounds: readonly number[]; readonly hits: Float64Array; sum: number };

/**
 * Opens a registry for these definitions. Counts under other names go to the metric that `unlisted`
 * names.
 */
export function openCounters(
  definitions: readonly Definition[],
  unlisted = 'postern_unlisted_total',
): Counters {
  const series = new Map<string, Series>();
  const histograms = new Map<string, Histogram>();
  for (const definition of definitions) {
    const start = definition.values ?? (definition.label === undefined ? [''] : []);
    series.set(definition.name, { definition, values: new Map(start.map((label) => [label, 0])) });
    if (definition.kind === 'histogram') {
      const bounds = definition.buckets ?? [];
      histograms.set(definition.name, {
        bounds,
        hits: new Float64Array(bounds.length + 1),
        sum: 0,
      });
    }
  }

  function count(name: string, by = 1, label = ''): void {
    if (!(by >= 0)) return; // a counter that falls, or NaN, would break every rate() on it
    const known = series.get(name);
    if (known !== undefined && known.definition.kind === 'counter') add(known, by, label);
    else if (name !== unlisted) count(unlisted, 1, name);
  }

  return {
    count,
    set(name, value, label = '') {
      const known = series.get(name);
      if (known === undefined || known.definition.kind === 'histogram') count(unlisted, 1, name);
      else known.values.set(slot(known, label), value);
    },
    drop: (name, label) => void series.get(name)?.values.delete(label),
    observe(name, value) {
      const histogram = histograms.get(name);
      if (histogram === undefined) return count(unlisted, 1, name);
      if (Number.isNaN(value)) return;
      const at = histogram.bounds.findIndex((bound) => value <= bound);
      const index = at < 0 ? histogram.bounds.length : at;
      histogram.hits[index] = (histogram.hits[index] ?? 0) + 1;
      histogram.sum += value;
    },
    read: (name, label = '') => series.get(name)?.values.get(label) ?? 0,
    text: () => `${[...series.values()].map((one) => family(one, histograms)).join('')}# EOF\n`,
  };
}

function add(series: Series, by: number, label: string): void {
  const key = slot(series, label);
  series.values.set(key, (series.values.get(key) ?? 0) + by);
}

/** The label value under which a count is kept. */
function slot({ definition, values }: Series, label: string): string {
  if (definition.label === undefined) return '';
  if (values.has(label)) return label;
  const fits = label !== '' && label.length <= labelLengthMax && !label.includes('@');
  return fits && values.size < labelValuesMax ? label : 'other';
}

function family(series: Series, histograms: ReadonlyMap<string, Histogram>): string {
  const { name, kind, help, label } = series.definition;
  // OpenMetrics names the family without the `_total` that its counter samples end in.
  const title = kind === 'counter' ? name.replace(/_total$/, '') : name;
  const unit = /_(seconds|bytes)$/.exec(title)?.[1];
  const head = [`# TYPE ${title} ${kind}`];
  if (unit !== undefined) head.push(`# UNIT ${title} ${unit}`);
  head.push(`# HELP ${title} ${escaped(help)}`);
  const histogram = histograms.get(name);
  const samples =
    histogram === undefined
      ? [...series.values].map(([value, number]) =>
          label === undefined
            ? `${name} ${shown(number)}`
            : `${name}{${labels(series.definition, value)}} ${shown(number)}`,
        )
      : histogramSamples(name, histogram);
  return `${[...head, ...samples].join('\n')}\n`;
}

function labels({ label = '', secondLabel }: Definition, value: string): string {
  if (secondLabel === undefined) return `${label}="${escaped(value)}"`;
  const [first = '', second = first] = value.split(' ');
  return `${label}="${escaped(first)}",${secondLabel}="${escaped(second)}"`;
}

/** The samples of a histogram. Buckets are cumulative and end in `+Inf`, which equals the count. */
function histogramSamples(name: string, histogram: Histogram): readonly string[] {
  let total = 0;
  const lines = [...histogram.hits].map((hits, index) => {
    total += hits;
    const bound = histogram.bounds[index];
    return `${name}_bucket{le="${bound === undefined ? '+Inf' : edge(bound)}"} ${total}`;
  });
  return [...lines, `${name}_sum ${shown(histogram.sum)}`, `${name}_count ${total}`];
}

/** Prints a bound as OpenMetrics requires: `1.0` and not `1`, so that bounds compare as text. */
function edge(bound: number): string {
  return Number.isInteger(bound) ? bound.toFixed(1) : shown(bound);
}

function shown(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
