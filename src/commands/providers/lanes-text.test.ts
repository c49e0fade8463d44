import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LaneStanding } from '../../core/deliverability/lane.ts';
import { hourMs, type Millis } from '../../lib/time.ts';
import type { LaneList } from '../../ports/lanes.ts';
import { laneListText } from './lanes-text.ts';

const now = (1_000 * hourMs) as Millis;

function shown(more: Partial<LaneStanding>): LaneList['lanes'][number] {
  return {
    source: '',
    family: 'ipv4',
    provider: 'google',
    state: 'healthy',
    since: (now - 30 * hourMs) as Millis,
    reply: '',
    rule: '',
    cure: '',
    link: '',
    why: 'mail is taken as usual',
    commands: [],
    causedBy: undefined,
    incident: undefined,
    lastHour: {
      at: now,
      sent: 12_345,
      deferred: 12_345,
      bounced: 2_345,
      delayP50: 3,
      delayP95: 90,
    },
    ...more,
  };
}

function listed(...lanes: LaneList['lanes']): readonly string[] {
  return laneListText({ lanes, newReplies: [], bulk: [], unread: '' }, now).split('\n');
}

test('the table fits into 80 columns, and says below why', () => {
  const why = 'they refuse our address, and have taken nothing since';
  const lines = listed(
    shown({ provider: 'united-internet', family: 'ipv6', state: 'blocked', why }),
    shown({ provider: 'small.example', state: 'unknown', why: 'too little mail: 3 answers' }),
  );
  const table = lines.slice(0, 3);
  assert.deepEqual(
    table.filter((line) => line.length > 80),
    [],
  );
  assert.match(table[1] ?? '', /^united-internet +IPv6 +blocked /);
  assert.ok(lines.includes(`  why          ${why}`));
  assert.ok(lines.includes('  small.example by IPv4: too little mail: 3 answers'));
});
