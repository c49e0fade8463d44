/** The registry: what it counts, how it prints, and what it refuses to let grow. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readOpenMetrics } from '../../test/doubles/openmetrics.ts';
import { openCounters } from './counters.ts';

const definitions = [
  { name: 'mail_total', kind: 'counter', help: 'Mail.', label: 'verdict', values: ['pass'] },
  { name: 'plain_total', kind: 'counter', help: 'A "quoted" \\ help\nwith two lines.' },
  { name: 'size_bytes', kind: 'gauge', help: 'Size.' },
  { name: 'wait_seconds', kind: 'histogram', help: 'Wait.', buckets: [0.5, 1, 10] },
  { name: 'postern_unlisted_total', kind: 'counter', help: 'Unlisted.', label: 'name' },
] as const;

test('counters add, gauges take the last value, labels start at 0', () => {
  const counters = openCounters(definitions);
  counters.count('plain_total');
  counters.count('plain_total', 2.5);
  counters.count('mail_total', 1, 'hold');
  counters.set('size_bytes', 7);
  counters.set('size_bytes', 3);
  const samples = readOpenMetrics(counters.text());
  assert.equal(samples.get('plain_total'), 3.5);
  assert.equal(samples.get('mail_total{verdict="pass"}'), 0);
  assert.equal(samples.get('mail_total{verdict="hold"}'), 1);
  assert.equal(samples.get('size_bytes'), 3);
  assert.equal(counters.read('mail_total', 'hold'), 1);
});

test('a value of two labels is two words', () => {
  const counters = openCounters([
    { name: 'no_total', kind: 'counter', help: 'No.', label: 'door', secondLabel: 'uid' },
  ]);
  counters.count('no_total', 2, 'milter 33');
  for (let uid = 0; uid < 100; uid++) counters.count('no_total', 1, `policy ${uid}`);
  const samples = readOpenMetrics(counters.text());
  assert.equal(samples.get('no_total{door="milter",uid="33"}'), 2);
  assert.equal(samples.get('no_total{door="policy",uid="0"}'), 1);
  assert.ok((samples.get('no_total{door="other",uid="other"}') ?? 0) > 30);
});

test('a gauge of what is there no more is shown no more, until it is set again', () => {
  const counters = openCounters([
    { name: 'scanner_up', kind: 'gauge', help: 'Up.', label: 'scanner' },
  ]);
  counters.set('scanner_up', 1, 'one');
  counters.set('scanner_up', 1, 'two');
  counters.drop('scanner_up', 'one');
  counters.drop('scanner_up', 'never');
  assert.deepEqual([...readOpenMetrics(counters.text()).keys()], ['scanner_up{scanner="two"}']);
  counters.set('scanner_up', 0, 'one');
  assert.equal(readOpenMetrics(counters.text()).get('scanner_up{scanner="one"}'), 0);
});

test('a histogram is cumulative and ends in +Inf', () => {
  const counters = openCounters(definitions);
  for (const wait of [0.1, 0.5, 0.7, 4, 100, Number.NaN]) counters.observe('wait_seconds', wait);
  const samples = readOpenMetrics(counters.text());
  const buckets = ['0.5', '1.0', '10.0', '+Inf'].map((le) =>
    samples.get(`wait_seconds_bucket{le="${le}"}`),
  );
  assert.deepEqual(buckets, [2, 3, 4, 5]);
  assert.equal(samples.get('wait_seconds_count'), 5);
  assert.ok(Math.abs((samples.get('wait_seconds_sum') ?? 0) - 105.3) < 1e-9);
});

test('a name that is not listed is shown, and does not throw', () => {
  const counters = openCounters(definitions);
  counters.count('typo_total');
  counters.set('typo_bytes', 1);
  counters.observe('typo_seconds', 1);
  counters.count('size_bytes');
  for (const name of ['typo_total', 'typo_bytes', 'typo_seconds', 'size_bytes']) {
    assert.equal(counters.read('postern_unlisted_total', name), 1, name);
  }
});

test('an address never becomes a label, and labels do not grow without end', () => {
  const counters = openCounters(definitions);
  counters.count('mail_total', 1, 'joe@example.org');
  counters.count('mail_total', 1, 'x'.repeat(65));
  counters.count('mail_total');
  assert.equal(counters.read('mail_total', 'other'), 3);
  assert.ok(!counters.text().includes('joe'));
  for (let nth = 0; nth < 5_000; nth++) counters.count('mail_total', 1, `made-up-${nth}`);
  assert.ok(readOpenMetrics(counters.text()).size < 90);
});

test('a counter never falls', () => {
  const counters = openCounters(definitions);
  counters.count('plain_total', 5);
  counters.count('plain_total', -3);
  counters.count('plain_total', Number.NaN);
  assert.equal(counters.read('plain_total'), 5);
});

test('whatever is counted prints as strict OpenMetrics', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('mail_total', 'nonsense'), fc.double(), fc.string())),
      (counts) => {
        const counters = openCounters(definitions);
        for (const [name, by, label] of counts) {
          counters.count(name, by, label.replace(/[{},]/g, ''));
          counters.observe('wait_seconds', by);
          counters.set('size_bytes', by);
        }
        readOpenMetrics(counters.text());
      },
    ),
  );
});
