/** Statistics, a row a day and key. What comes is added to what is there; sketches are merged. */
import type { SQLInputValue } from 'node:sqlite';
import { decodeSketch, encodeSketch, quantiles, type Sketch } from '../../core/stats/sketch.ts';
import { dayMs } from '../../lib/brand.ts';
import type {
  RollupRow,
  StatsAnswer,
  StatsLedger,
  StatsLine,
  StatsOrder,
  StatsQuery,
  Tally,
} from '../../ports-stats.ts';
import { integer, type Row, type Statements } from './statements.ts';

export type RollupTable = StatsLedger & { put(row: RollupRow): void };

/** Columns of the table, and what they are here; points and their sums are real numbers. */
const columns: readonly (readonly [string, keyof Tally])[] = [
  ...(['messages', 'recipients', 'stopped', 'scored', 'points', 'spam'] as const),
  ...(['viruses', 'scans', 'reused', 'unscanned'] as const),
].map((name) => [name, name] as const);
const all: readonly (readonly [string, keyof Tally])[] = [...columns, ['scan_ms', 'scanMs']];
const names = all.map(([column]) => column);

/** Fewer scored messages, before or now, say nothing about a change. */
const comparedMin = 20;
const shares = [0.5, 0.9, 0.99] as const;
/** A year and a day: sketches are looked up by day. */
const daysMax = 800;

export function rollupTable(make: Statements): RollupTable {
  const known = make.query('SELECT sketch FROM rollup WHERE by = ? AND day = ? AND key = ?');
  const put = make.command(
    `INSERT INTO rollup (by, day, key, ${names.join(', ')}, sketch)
       VALUES (?, ?, ?, ${names.map(() => '?').join(', ')}, ?)
       ON CONFLICT (by, day, key) DO UPDATE SET
         ${names.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')},
         sketch = excluded.sketch`,
  );
  const ask = asking(make);
  return {
    put({ by, day, key, tally, sketch }) {
      const merged = decodeSketch(octets(known.first(by, day, key)), new Map(sketch));
      const numbers = all.map(([, name]) => tally[name]);
      put(by, day, key, ...numbers, encodeSketch(merged));
    },
    stats: (query) => answer(ask, known.first, query),
  };
}

type Ask = ReturnType<typeof asking>;

function asking(make: Statements) {
  const now = names.map((name) => `SUM(CASE WHEN day >= ?2 THEN ${name} ELSE 0 END) AS ${name}`);
  const before = ['scored', 'points'].map(
    (name) => `SUM(CASE WHEN day < ?2 THEN ${name} ELSE 0 END) AS ${name}_before`,
  );
  const sums = [...now, ...before].join(', ');
  const mean = 'CASE WHEN scored > 0 THEN points / scored END';
  const moved = `CASE WHEN scored >= ${comparedMin} AND scored_before >= ${comparedMin}
    THEN ABS(points / scored - points_before / scored_before) END`;
  const orders: Readonly<Record<StatsOrder, string>> = {
    messages: 'messages DESC',
    spam: 'spam + viruses DESC, messages DESC',
    score: `${mean} DESC NULLS LAST`,
    moved: `${moved} DESC NULLS LAST`,
  };
  const grouped = (order: string) =>
    make.query(
      `SELECT *, COUNT(*) OVER () AS keys FROM (
         SELECT key, ${sums} FROM rollup WHERE by = ?1 AND day >= ?3 AND day <= ?4 GROUP BY key)
       WHERE messages > 0 ORDER BY ${order}, key LIMIT ?5`,
    );
  return {
    byKey: {
      messages: grouped(orders.messages),
      spam: grouped(orders.spam),
      score: grouped(orders.score),
      moved: grouped(orders.moved),
    },
    days: make.query(
      `SELECT day, ${names.join(', ')}, 0 AS scored_before, 0.0 AS points_before
       FROM rollup WHERE by = 'day' AND key = '' AND day >= ?1 AND day <= ?2 ORDER BY day DESC LIMIT ?3`,
    ),
    total: make.query(
      `SELECT ${sums} FROM rollup WHERE by = ?1 AND key = '' AND day >= ?3 AND day <= ?4`,
    ),
  };
}

type Known = (...values: readonly SQLInputValue[]) => Row | undefined;

function answer(ask: Ask, known: Known, query: StatsQuery): StatsAnswer {
  const { by, until, limit } = query;
  const since = Math.max(query.since, until - daysMax);
  const before = since - (until - since + 1);
  const sketchOf = (kind: string, key: string): Sketch => {
    const sketch: Sketch = new Map();
    for (let day = since; day <= until; day++) decodeSketch(octets(known(kind, day, key)), sketch);
    return sketch;
  };
  const total = ask.total.first('day', since, before, until) ?? {};
  const rows =
    by === 'day' ? ask.days.all(since, until, limit) : byKey(ask, query, { since, before });
  const lines = rows.map((row) => {
    if (by !== 'day') {
      const key = String(row['key']);
      return line(row, key, sketchOf(by, key));
    }
    const day = integer(row, 'day');
    return line(row, dateOf(day), decodeSketch(octets(known('day', day, ''))));
  });
  const [first] = rows;
  return {
    query: { ...query, since },
    total: line(total, '', sketchOf('day', '')),
    lines,
    keys: by === 'day' || first === undefined ? lines.length : integer(first, 'keys'),
  };
}

function byKey(
  ask: Ask,
  { by, until, order, limit }: StatsQuery,
  { since, before }: { readonly since: number; readonly before: number },
): readonly Row[] {
  return ask.byKey[order].all(by, since, before, until, limit);
}

function line(row: Row, key: string, sketch: Sketch): StatsLine {
  const tally = {
    ...{ messages: 0, recipients: 0, stopped: 0, scored: 0, points: 0, spam: 0, viruses: 0 },
    ...{ scans: 0, reused: 0, unscanned: 0, scanMs: 0 },
  };
  for (const [column, name] of all) tally[name] = tidy(Number(row[column] ?? 0));
  const [p50 = 0, p90 = 0, p99 = 0] = quantiles(sketch, shares);
  const scoredBefore = Number(row['scored_before'] ?? 0);
  const enough = scoredBefore >= comparedMin && tally.scored >= comparedMin;
  return {
    ...tally,
    key,
    mean: tally.scored === 0 ? 0 : tidy(tally.points / tally.scored),
    ...{ p50, p90, p99 },
    meanBefore: enough ? tidy(Number(row['points_before'] ?? 0) / scoredBefore) : undefined,
  };
}

function octets(row: Row | undefined): Uint8Array {
  const value = row?.['sketch'];
  return value instanceof Uint8Array ? value : new Uint8Array();
}

const tidy = (value: number): number => Math.round(value * 100) / 100;

function dateOf(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}
