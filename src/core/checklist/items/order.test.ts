import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Millis } from '../../../lib/time.ts';
import type { ChecklistItem } from './item.ts';
import { checklistOrder, nextItem, topLine } from './order.ts';

const now = (1_000 * dayMs) as Millis;
const item = (id: string, more: Partial<ChecklistItem> = {}): ChecklistItem => ({
  id,
  title: id,
  state: 'missing',
  effort: 'minutes',
  cost: 'free',
  effect: '',
  requiredBy: [],
  found: '',
  fix: '',
  command: '',
  ...more,
});
const show = (id: string): string => `postern checklist show ${id}`;

test('broken comes first, then what is easy, then what is cheap, then the order as given', () => {
  const items = [
    item('days', { effort: 'days' }),
    item('done', { state: 'done' }),
    item('dear', { cost: 'money' }),
    item('second'),
    item('unknown', { state: 'unknown' }),
    item('needless', { state: 'not needed' }),
    item('third'),
    item('broken', { state: 'broken', effort: 'days', cost: 'money' }),
  ];
  const names = 'broken second third dear days unknown done needless';
  assert.deepEqual(
    checklistOrder(items).map(({ id }) => id),
    names.split(' '),
  );
});

test('the next step is the first with a command; without any, the first that is open', () => {
  const items = [item('a'), item('b', { command: 'postern b' }), item('c', { state: 'unknown' })];
  assert.equal(nextItem(items)?.id, 'b');
  assert.equal(nextItem([item('a')])?.id, 'a');
  assert.equal(nextItem([item('a', { state: 'done', command: 'x' })]), undefined);
});

const due = (days: number, what: string) => ({ due: { at: (now + days * dayMs) as Millis, what } });
const lines: readonly (readonly [string, readonly ChecklistItem[], string])[] = [
  ['all is well', [item('a', { state: 'done' })], '0 broken · nothing to do'],
  [
    'something is broken and something will break',
    [
      item('a', { state: 'broken', command: 'postern a' }),
      item('b', { state: 'done', ...due(30, 'certificate of mail.test') }),
      item('c', { state: 'done', ...due(12.5, 'key s1 of example.org') }),
    ],
    '1 broken · next to break: key s1 of example.org in 12 days · next step: postern a',
  ],
  [
    'one day, and no command',
    [item('a', due(1, 'the audit'))],
    '0 broken · next to break: the audit in 1 day · next step: postern checklist show a',
  ],
  [
    'today',
    [item('a', { state: 'done', ...due(0.5, 'k') })],
    '0 broken · next to break: k today · nothing to do',
  ],
  [
    'in the past',
    [item('a', { state: 'done', ...due(-3, 'k') })],
    '0 broken · next to break: k (overdue) · nothing to do',
  ],
  [
    'in ten years, which nobody waits for',
    [item('a', { state: 'done', ...due(3649, 'certificate of vm') })],
    '0 broken · nothing to do',
  ],
];
for (const [name, items, line] of lines) {
  test(`the line on top: ${name}`, () => {
    assert.equal(topLine({ all: items, open: items }, now, show), line);
  });
}

test('an acknowledged item is no step, and is told before it breaks', () => {
  const due = { at: (now + 3 * dayMs) as Millis, what: 'key s1 of example.org' };
  const all = [item('acknowledged', { due })];
  const line = topLine({ all, open: [] }, now, show);
  assert.equal(line, '0 broken · next to break: key s1 of example.org in 3 days · nothing to do');
});
