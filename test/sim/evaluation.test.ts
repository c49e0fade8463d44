/**
 * The reach that the guard must have, measured by a tool and on recorded mail that are not part of
 * this project: optional data beside the checkout. POSTERN_TRACES names the folder with the traces,
 * POSTERN_EVALUATE the tool.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const home = fileURLToPath(new URL('../..', import.meta.url));
const beside = resolve(home, '../shared');
const traces = process.env['POSTERN_TRACES'] ?? join(beside, 'traces');
const tool = process.env['POSTERN_EVALUATE'] ?? join(beside, 'tools/evaluate-guard.mjs');
const seed = Number(process.env['SEED'] ?? 1);

const files = existsSync(traces)
  ? readdirSync(traces)
      .filter((name) => /\.tsv(?:\.gz)?$/.test(name))
      .sort()
  : [];
const missing =
  files.length === 0
    ? `no traces in ${traces}; POSTERN_TRACES names their folder`
    : !existsSync(tool) && `no measuring tool at ${tool}; POSTERN_EVALUATE names it`;

type Spread = { readonly median: number; readonly p90: number; readonly worst: number };
type Figures = {
  readonly trace: string;
  readonly messages: number;
  readonly falseSuspensionsPer1000AccountMonths: number;
  readonly honestNotPassed: string;
  readonly hijacks: number;
  readonly hijacksSuspended: number;
  readonly leaked: Spread;
};

test(`the reach of the guard on recorded mail (SEED=${seed})`, { skip: missing }, async (t) => {
  const from = files.flatMap((name) => ['--trace', join(traces, name)]);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [tool, '--seed', String(seed), ...from, '--', join(home, 'postern'), 'replay', '-'],
    { maxBuffer: 16 * 1024 * 1024, timeout: 240_000 },
  );
  const measured: readonly Figures[] = JSON.parse(stdout);
  assert.equal(measured.length, files.length);
  for (const one of measured) {
    const { median, p90, worst } = one.leaked;
    t.diagnostic(
      `${one.trace}: ${one.falseSuspensionsPer1000AccountMonths} false suspensions ` +
        `per 1,000 account-months, ${one.honestNotPassed} not passed, ` +
        `leaked ${median} / ${p90} / ${worst}`,
    );
    assert.ok(one.messages > 1_000 && one.hijacks > 0);
    // The traces have nothing but numbers, and numbers alone hold mail and suspend nobody.
    assert.equal(one.hijacksSuspended, 0);
    assert.ok(one.falseSuspensionsPer1000AccountMonths <= 0.75);
    assert.ok(Number.parseFloat(one.honestNotPassed) <= 0.1);
    assert.deepEqual([median <= 5, p90 <= 10, worst <= 20], [true, true, true]);
  }
});
