/** Compares the list of metrics with the code that counts, and checks what OpenMetrics allows. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readOpenMetrics } from '../../../test/doubles/openmetrics.ts';
import { openCounters } from '../../lib/counters.ts';
import { metrics } from './metrics.ts';

const source = new URL('../..', import.meta.url).pathname;

test('every name that the code counts under is listed', () => {
  const listed = new Set(metrics.map((one) => one.name));
  const counted = new Set<string>();
  for (const path of globSync(`${source}**/*.ts`)) {
    if (path.endsWith('.test.ts') || path.endsWith('/metrics.ts')) continue;
    const text = readFileSync(path, 'utf8');
    for (const [, name] of text.matchAll(/(?:\bcount|metrics\.\w+|counters\.\w+)\(\s*'(\w+)'/g))
      if (name) counted.add(name);
  }
  assert.ok(counted.size > 5, 'the search found the counts');
  assert.deepEqual(
    [...counted].filter((name) => !listed.has(name)),
    [],
  );
});

test('each metric is listed once, has a help text, and prints as OpenMetrics allows', () => {
  assert.equal(new Set(metrics.map((one) => one.name)).size, metrics.length);
  for (const { name, kind, help, values, label } of metrics) {
    assert.match(help, /^[A-Z1].*\.$/, name);
    assert.equal(name.endsWith('_total'), kind === 'counter', name);
    assert.ok(values === undefined || label !== undefined, `${name} has values without a label`);
  }
  readOpenMetrics(openCounters(metrics).text());
});
