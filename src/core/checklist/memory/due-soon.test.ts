/** What breaks soon is told 14 days and 3 days before, once each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checklistItem } from '../../../../test/doubles/checklist.ts';
import { dayMs, type Millis } from '../../../lib/time.ts';
import type { ItemState } from '../items/item.ts';
import { dueSoon, type ToldDue } from './due-soon.ts';
import { noteItems, type RememberedItem } from './remember.ts';

const iso = (at: Millis): string => new Date(at).toISOString();
const start = (20_775 * dayMs) as Millis;

function row(dueInDays: number, state: ItemState = 'done', id = 'server.tls'): RememberedItem {
  const due = { at: (start + dueInDays * dayMs) as Millis, what: 'certificate of mail.test' };
  const run = { at: start, by: 'op', asRoot: false, nightly: true };
  const { rows } = noteItems(new Map(), [checklistItem(id, { state, due })], run);
  const [first] = rows;
  return first ?? assert.fail();
}

test('over twenty nights two lines come, at 14 and at 3 days', () => {
  let told: ToldDue = {};
  const nights: string[] = [];
  for (let night = 0; night <= 20; night++) {
    const found = dueSoon([row(20)], told, {
      iso,
      now: (start + night * dayMs) as Millis,
    });
    ({ told } = found);
    for (const { signal, text } of found.lines) nights.push(`night ${night}: ${signal}: ${text}`);
  }
  const text = 'server.tls is in place (server.tls): breaks';
  const rest = '(2026-12-08): certificate of mail.test; next: postern checklist show server.tls';
  assert.deepEqual(nights, [
    `night 6: due: ${text} in 14 days ${rest}`,
    `night 17: due: ${text} in 3 days ${rest}`,
  ]);
});

test('what is found late is told once, and a new certificate begins anew', () => {
  const first = dueSoon([row(2)], {}, { iso, now: start });
  assert.match(first.lines[0]?.text ?? '', /breaks in 2 days/);
  assert.deepEqual(dueSoon([row(2)], first.told, { iso, now: start }).lines, []);
  const renewed = dueSoon([row(90)], first.told, { iso, now: start });
  assert.deepEqual([renewed.lines, renewed.told], [[], {}]);
  assert.equal(dueSoon([row(10)], renewed.told, { iso, now: start }).lines.length, 1);
});

test('what is past is told once; what is broken is told elsewhere', () => {
  const past = dueSoon([row(-1)], {}, { iso, now: start });
  assert.match(past.lines[0]?.text ?? '', /breaks any time now/);
  assert.deepEqual(dueSoon([row(-1)], past.told, { iso, now: start }).lines, []);
  assert.deepEqual(dueSoon([row(1, 'broken')], {}, { iso, now: start }).lines, []);
});

test('the soonest comes first', () => {
  const rows = [row(9, 'done', 'a'), row(2, 'missing', 'b'), row(30, 'done', 'c')];
  const { lines } = dueSoon(rows, {}, { iso, now: start });
  assert.deepEqual(
    lines.map(({ text }) => text.slice(0, 1)),
    ['b', 'a'],
  );
});
