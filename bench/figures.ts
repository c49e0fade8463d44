/**
 * What every benchmark does with its numbers: quantiles, medians, goals, tables, and how busy the
 * machine was.
 */
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { assert } from '../src/lib/assert.ts';

export type Goal = {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly least?: number;
  readonly most?: number;
};

export function met({ value, least = -Infinity, most = Infinity }: Goal): boolean {
  return value >= least && value <= most;
}

/** One line a goal: what, how much, the goal, met or MISSED. */
export function goalLines(goals: readonly Goal[]): string {
  return table([
    ['goal', 'reached', 'wanted', ''],
    ...goals.map((goal) => [
      goal.what,
      `${shown(goal.value)} ${goal.unit}`.trim(),
      goal.least === undefined
        ? `at most ${shown(goal.most ?? 0)}`
        : `at least ${shown(goal.least)}`,
      met(goal) ? 'met' : 'MISSED',
    ]),
  ]);
}

export function quantile(values: readonly number[] | Float64Array, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Three figures that matter, thousands apart. */
export function shown(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}

/** Columns as wide as they need to be; the first one to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}

/** How many processes wanted to run lately: figures of a busy machine are worth less. */
export function machineLoad(): number {
  return loadavg()[0] ?? 0;
}

/** A file in /proc. Empty when its process or thread ended before it was read. */
export function procText(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : '';
    if (code === 'ENOENT' || code === 'ESRCH') return '';
    throw cause;
  }
}

/**
 * Processor time so far of a process, all its threads, and its children that have ended. Zero when
 * the process has ended too: its parent has the time then.
 */
export function cpuMs(pid: number): number {
  const stat = procText(`${pid}/stat`);
  if (stat === '') return 0;
  // Fields from the third on: utime, stime, cutime and cstime (proc(5)). A tick is 10 ms on every
  // Linux that Node runs on.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * 10;
}

/** Resident memory of a process now, in megabytes. `RssAnon`: without what it has of files. */
export function rssMbOf(pid: number, what: 'VmRSS' | 'RssAnon' = 'VmRSS'): number {
  const found = new RegExp(`^${what}:\\s+(\\d+) kB$`, 'm').exec(procText(`${pid}/status`));
  assert(found !== null, `process ${pid}, whose memory is measured, has ended`);
  return (Number(found[1]) * 1024) / 1e6;
}

/** xorshift: the same numbers in every run. */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
