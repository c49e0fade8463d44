import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTroubles } from './troubles.ts';

test('a trouble is logged and told once, and is over when its part says so', () => {
  const logged: string[] = [];
  const told: string[] = [];
  const troubles = openTroubles({
    world: { log: (level, event, fields) => logged.push(`${level} ${event} ${fields?.['part']}`) },
    told: { trouble: (part, why) => void told.push(`${part}: ${why}`) },
  });
  troubles.set('door milter', undefined);
  troubles.set('door milter', 'full');
  troubles.set('door milter', 'still full');
  troubles.set('ledger pages', 'damaged');
  assert.deepEqual(troubles.all(), ['still full', 'damaged']);
  troubles.set('door milter', undefined);
  assert.deepEqual(troubles.all(), ['damaged']);
  assert.deepEqual(told, ['door milter: full', 'ledger pages: damaged']);
  assert.deepEqual(logged, [
    'error trouble.begun door milter',
    'error trouble.begun ledger pages',
    'info trouble.over door milter',
  ]);
});

test('a trouble that comes and goes is logged once a minute', () => {
  const logged: string[] = [];
  let now = 0;
  const troubles = openTroubles({
    world: { log: (_level, event) => logged.push(event) },
    told: { trouble: () => undefined },
    nowMs: () => now,
  });
  for (let nth = 0; nth < 1_000; nth++) {
    now += 100;
    troubles.set('door', 'full');
    assert.deepEqual(troubles.all(), ['full']);
    troubles.set('door', undefined);
    assert.deepEqual(troubles.all(), []);
  }
  assert.deepEqual(logged, ['trouble.begun', 'trouble.over', 'trouble.begun', 'trouble.over']);
});

test('no more than 100 parts', () => {
  const troubles = openTroubles({ world: { log: () => {} }, told: { trouble: () => {} } });
  for (let part = 0; part < 200; part++) troubles.set(`part ${part}`, 'bad');
  assert.equal(troubles.all().length, 100);
});
