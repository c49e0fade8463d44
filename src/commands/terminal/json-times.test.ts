import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonLine } from './help.ts';

const at = 1_795_963_660_401;
const row = {
  at,
  changedAt: at,
  since: at,
  bytes: at,
  count: 3,
  rows: [{ lastSeen: at }],
  endedAt: 0,
};

test('times are RFC 3339, and counts are not taken for times', () => {
  const text = '2026-11-29T14:47:40.401Z';
  assert.deepEqual(JSON.parse(jsonLine(row)), {
    ...row,
    at: text,
    changedAt: text,
    since: text,
    rows: [{ lastSeen: text }],
  });
});

test('scripts of version 0.1 have a way', () => {
  process.env['POSTERN_JSON_TIMES'] = 'epoch';
  try {
    assert.deepEqual(JSON.parse(jsonLine(row)), row);
  } finally {
    delete process.env['POSTERN_JSON_TIMES'];
  }
});
