import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Millis } from '../../../lib/time.ts';
import { openKnowledgeTable } from './knowledge-table.ts';

const at = (seconds: number): Millis => (seconds * 1_000) as Millis;

test('an entry counts how often it was seen, apart from other kinds', () => {
  const table = openKnowledgeTable(100, 3);
  table.see('domain', 'a.example', at(10));
  table.see('domain', 'a.example', at(20));
  assert.deepEqual(table.find('domain', 'a.example'), {
    firstAt: at(10),
    lastAt: at(20),
    times: 2,
  });
  assert.equal(table.find('network', 'a.example'), undefined);
  table.forget('domain', 'a.example');
  assert.equal(table.find('domain', 'a.example'), undefined);
  table.see('domain', 'a.example', at(30));
  assert.equal(table.find('domain', 'a.example')?.times, 1);
});

test('it grows, keeps the latest entries, and never holds more than twice as many', () => {
  const table = openKnowledgeTable(10_000, 3);
  for (let n = 0; n < 50_000; n++) {
    table.see('domain', `${n}.example`, at(n));
    if (n % 1_000 === 0) assert.ok(table.find('domain', '0.example'), 'what is used stays');
    assert.ok(table.size <= 20_000);
  }
  for (let n = 40_000; n < 50_000; n++) assert.ok(table.find('domain', `${n}.example`), `${n}`);
  assert.equal(table.find('domain', '1.example'), undefined);
});
