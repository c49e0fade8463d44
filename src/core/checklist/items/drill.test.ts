/** The item of the checklist about drills: never run, fine, broken, old, from the future. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Millis } from '../../../lib/time.ts';
import type { LinkResult } from '../../drill/links.ts';
import type { DrillReport } from '../../drill/report.ts';
import { drillItem, drillOldMs } from './drill.ts';

const now = 1_795_962_893_476 as Millis;

function report(ageMs: number, state: LinkResult['state']): DrillReport {
  const fix = state === 'failed' ? 'do this' : '';
  const link: LinkResult = { id: 'login', title: 'Dovecot refuses', state, saw: 'seen', fix };
  const at = (now - ageMs) as Millis;
  return { at, tookMs: 1, host: 'h', fine: state === 'fine', links: [link], ping: 'unset' };
}

test('the state of the item follows the last drill', () => {
  const cases: readonly (readonly [DrillReport | undefined, string, string])[] = [
    [undefined, 'missing', 'no drill was run yet'],
    [report(0, 'fine'), 'done', 'today: 1 of 1 links work'],
    [report(dayMs, 'fine'), 'done', '1 day ago: 1 of 1 links work'],
    [report(2 * dayMs, 'failed'), 'broken', '2 days ago: 0 of 1 links work, 1 failed (login)'],
    [
      report(drillOldMs + dayMs, 'fine'),
      'broken',
      'the last drill was 39 days ago; the monthly one did not run',
    ],
    [
      report(-3 * dayMs, 'fine'),
      'unknown',
      'the last drill is dated in the future: the clock was set back',
    ],
  ];
  for (const [last, state, found] of cases) {
    const item = drillItem(last, now);
    assert.deepEqual([item.state, item.found], [state, found]);
    assert.equal(item.command === '', state === 'done');
  }
});

test('a drill that is fine says when the next one is due; a broken one says its fix', () => {
  assert.equal(drillItem(report(dayMs, 'fine'), now).due?.at, now - dayMs + drillOldMs);
  assert.equal(drillItem(report(dayMs, 'failed'), now).fix, 'do this');
});
