/** Statistics, one row for each day and key. New counts are added, sketches are merged. */
import type { SQLInputValue } from 'node:sqlite';
import { decodeSketch, encodeSketch, quantiles, type Sketch } from '../../../core/stats/sketch.ts';
import { emptyTally, type GrowingTally } from '../../../core/stats/tally.ts';
import { hundredths } from '../../../lib/round.ts';
import { dayMs } from '../../../lib/time.ts';
import type {
  RollupRow,
  StatsAnswer,
  StatsLedger,
  StatsLine,
  StatsOrder,
  StatsQuery,
  Tally,
} from '../../../ports/stats.ts';
import { integer, type Row, type Statements } from './statements.ts';

export type RollupTable = Pick<StatsLedger, 'stats'> & { put(row: RollupRow): void };

/** Columns of the table and their names here. Points and their sums are real numbers. */
const columns: readonly (readonly [string, keyof Tally])[] = [
  ...(['messages', 'recipients', 'stopped', 'scored', 'points', 'spam'] as const),
  ...(['viruses', 'scans', 'reused', 'unscanned'] as const),
].map((name) => [name, name] as const);
const all: readonly (readonly [string, keyof Tally])[] = [...columns, ['scan_ms', 'scanMs']];
const names = all.map(([column]) => column);

/** With fewer scored messages, before or now, nothing is said about a change. */
const comparedMin = 20;
const shares = [0.5, 0.9, 0.99] as const;
/** Longest span in days, two years and some weeks: it is looked up day by day. */
const daysMax = 800;

export function rollupTable(make: Statements): RollupTable {
  const known = make.query(
    `SELECT ${names.join(', ')}, sketch FROM rollup WHERE by = ? AND day = ? AND key = ?`,
  );
  const put = make.command(
    `INSERT INTO rollup (by, day, key, ${names.join(', ')}, sketch)
       VALUES (?, ?, ?, ${names.map(() => '?').join(', ')}, ?)
       ON CONFLICT (by, day, key) DO UPDATE SET
         ${names.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')},
         sketch = excluded.sketch`,
  );
  const keys = ranked(make);
  return {
    put({ by, day, key, tally, sketch }) {
      const merged = decodeSketch(octets(known.first(by, day, key)), new Map(sketch));
      const numbers = all.map(([, name]) => tally[name]);
      put(by, day, key, ...numbers, encodeSketch(merged));
    },
    stats: (query) => answer(keys, known.first, query),
  };
}

type Ranked = ReturnType<typeof ranked>;

/**
 * Keys in order, and how many there are. This reads all rows of the span, so it reads only the
 * columns that decide the order. The numbers of the few keys that are shown are looked up later.
 */
function ranked(make: Statements) {
  const now = (name: string): string => `SUM(CASE WHEN day >= ?2 THEN ${name} ELSE 0 END)`;
  const old = (name: string): string => `SUM(CASE WHEN day < ?2 THEN ${name} ELSE 0 END)`;
  const moved = `CASE WHEN ${now('scored')} >= ${comparedMin} AND ${old('scored')} >= ${comparedMin}
    THEN ABS(${now('points')} / ${now('scored')} - ${old('points')} / ${old('scored')}) END`;
  const mean = 'CASE WHEN SUM(scored) > 0 THEN SUM(points) / SUM(scored) END';
  const by = (order: string, { first, sent }: { first: string; sent: string }) =>
    make.query(
      `SELECT key, COUNT(*) OVER () AS keys FROM rollup
         WHERE by = ?1 AND day >= ${first} AND day <= ?4
         GROUP BY key HAVING ${sent} > 0 ORDER BY ${order}, key LIMIT ?5`,
    );
  const span = { first: '?2', sent: 'SUM(messages)' };
  const orders: Readonly<Record<StatsOrder, ReturnType<typeof by>>> = {
    messages: by('SUM(messages) DESC', span),
    spam: by('SUM(spam) + SUM(viruses) DESC, SUM(messages) DESC', span),
    score: by(`${mean} DESC NULLS LAST`, span),
    moved: by(`${moved} DESC NULLS LAST`, { first: '?3', sent: now('messages') }),
  };
  return orders;
}

type Known = (...values: readonly SQLInputValue[]) => Row | undefined;
/** Days: first and last of the question, and the first that it is compared with. */
type Span = { readonly before: number; readonly since: number; readonly until: number };

function answer(keys: Ranked, known: Known, query: StatsQuery): StatsAnswer {
  const { by, until, limit } = query;
  const since = Math.max(query.since, until - daysMax);
  const span = { before: since - (until - since + 1), since, until };
  const total = line('', summed(known, { by: 'day', key: '' }, span));
  const asked = { ...query, since };
  if (by === 'day') {
    const lines = days(known, span).slice(0, limit);
    return { query: asked, total, lines, keys: lines.length };
  }
  const rows = keys[query.order].all(by, since, span.before, until, limit);
  const lines = rows.map((row) => {
    const key = String(row['key']);
    return line(key, summed(known, { by, key }, span));
  });
  const [first] = rows;
  return { query: asked, total, lines, keys: first === undefined ? 0 : integer(first, 'keys') };
}

/** One line for each day, the latest first. Days without mail are left out. */
function days(known: Known, { since, until }: Span): readonly StatsLine[] {
  const lines: StatsLine[] = [];
  for (let day = until; day >= since; day--) {
    const sum = summed(known, { by: 'day', key: '' }, { before: day, since: day, until: day });
    if (sum.tally.messages > 0) lines.push(line(dateOf(day), sum));
  }
  return lines;
}

type Sum = {
  readonly tally: GrowingTally;
  readonly sketch: Sketch;
  scoredBefore: number;
  pointsBefore: number;
};

function summed(
  known: Known,
  of: { readonly by: string; readonly key: string },
  { before, since, until }: Span,
): Sum {
  const tally = emptyTally();
  const sum: Sum = { tally, sketch: new Map(), scoredBefore: 0, pointsBefore: 0 };
  for (let day = before; day <= until; day++) {
    const row = known(of.by, day, of.key);
    if (row === undefined) continue;
    if (day < since) {
      sum.scoredBefore += Number(row['scored']);
      sum.pointsBefore += Number(row['points']);
      continue;
    }
    for (const [column, name] of all) tally[name] += Number(row[column]);
    decodeSketch(octets(row), sum.sketch);
  }
  return sum;
}

function line(key: string, { tally, sketch, scoredBefore, pointsBefore }: Sum): StatsLine {
  for (const [, name] of all) tally[name] = hundredths(tally[name]);
  const [p50 = 0, p90 = 0, p99 = 0] = quantiles(sketch, shares);
  const enough = scoredBefore >= comparedMin && tally.scored >= comparedMin;
  return {
    ...tally,
    key,
    mean: tally.scored === 0 ? 0 : hundredths(tally.points / tally.scored),
    p50,
    p90,
    p99,
    meanBefore: enough ? hundredths(pointsBefore / scoredBefore) : undefined,
  };
}

function octets(row: Row | undefined): Uint8Array {
  const value = row?.['sketch'];
  return value instanceof Uint8Array ? value : new Uint8Array();
}

function dateOf(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}
