/** The item of the checklist about drills: never run, fine, broken, old, from the future. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Millis } from '../../../lib/time.ts';
import type { LinkResult } from '../../drill/links.ts';
import type { DrillReport } from '../../drill/report.ts';
import { type DrillFacts, drillItem, drillOldMs, sinkItem } from './drill.ts';

const now = 1_795_962_893_476 as Millis;

function report(ageMs: number, state: LinkResult['state']): DrillReport {
  const fix = state === 'failed' ? 'do this' : '';
  const link: LinkResult = { id: 'login', title: 'Dovecot refuses', state, saw: 'seen', fix };
  const at = (now - ageMs) as Millis;
  return { at, tookMs: 1, host: 'h', fine: state === 'fine', links: [link], ping: 'unset' };
}

const commands = { setup: 'sudo postern drill setup', run: 'sudo postern drill run' };
const judged = (last: DrillReport | undefined, more: Partial<DrillFacts> = {}) =>
  drillItem({ last, hasCanary: true, now, ...more }, commands);

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
    const item = judged(last);
    assert.deepEqual([item.state, item.found], [state, found]);
  }
});

test('a drill that is fine says when the next one is due; a broken one says its fix', () => {
  assert.equal(judged(report(dayMs, 'fine')).due?.at, now - dayMs + drillOldMs);
  const broken = judged(report(dayMs, 'failed'));
  assert.equal(broken.fix, 'do this\npostern drill run');
  assert.equal(broken.command, '', 'to run it again repairs nothing');
});

test('the command is offered where it moves the item', () => {
  assert.equal(judged(undefined).command, commands.run);
  assert.equal(judged(report(drillOldMs + dayMs, 'fine')).command, commands.run);
  assert.equal(judged(report(dayMs, 'fine')).command, '');
  const without = judged(undefined, { hasCanary: false });
  assert.deepEqual([without.state, without.command], ['missing', '']);
  assert.match(without.found, /no canary account is set/);
  const unread = judged(undefined, { unread: 'permission denied' });
  assert.deepEqual([unread.state, unread.found], ['unknown', 'permission denied']);
});

test('the sink is missing, in place, or cannot be seen', () => {
  const missing = sinkItem({ fault: 'transport_maps does not begin with the sink' }, commands);
  assert.deepEqual([missing.state, missing.command], ['missing', commands.setup]);
  const done = sinkItem({ fault: undefined }, commands);
  assert.deepEqual([done.state, done.command], ['done', '']);
  const unknown = sinkItem({ unread: 'Postfix cannot be read' }, commands);
  assert.deepEqual([unknown.state, unknown.command], ['unknown', '']);
});
