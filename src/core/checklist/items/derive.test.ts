import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Millis } from '../../../lib/time.ts';
import { type Finding, fine } from '../../finding.ts';
import { derived, type Evidence, type SeenFinding } from './derive.ts';
import type { ChecklistItem } from './item.ts';
import type { Measure, MeasureCommand } from './measure.ts';

const plain: Measure = {
  id: 'mail.sorted',
  title: 'Mail is sorted',
  effort: 'minutes',
  cost: 'free',
  effect: 'It is.',
  requiredBy: [],
  source: 'postfix',
  findings: ['sort', 'sort.*'],
  absent: { state: 'not needed', found: 'there is no mail' },
  command: { words: ['sort'], root: true },
};
const bad = (id: string, kind: Finding['kind'], more: Partial<SeenFinding> = {}): SeenFinding => ({
  id,
  kind,
  title: `title of ${id}`,
  found: `found of ${id}`,
  wanted: 'w',
  fix: `fix of ${id}`,
  ...more,
});
const ok = (id: string): Finding => fine(id, `title of ${id}`, 'it is well');

function items(
  findings: readonly SeenFinding[],
  measure: Partial<Measure> = {},
  unread: Evidence['unread'] = new Map(),
): readonly ChecklistItem[] {
  return derived([{ ...plain, ...measure }], { findings, unread }, () => 'postern sort');
}

type Row = readonly [
  name: string,
  findings: readonly SeenFinding[],
  measure: Partial<Measure>,
  state: ChecklistItem['state'],
  command: string,
];
const rows: readonly Row[] = [
  ['all is well', [ok('sort')], {}, 'done', ''],
  [
    'a warning is something missing',
    [ok('sort'), bad('sort.a', 'warn')],
    {},
    'missing',
    'postern sort',
  ],
  ['a warning may be harm', [bad('sort', 'warn')], { warning: 'broken' }, 'broken', 'postern sort'],
  ['a failure is broken', [bad('sort', 'fail')], {}, 'broken', 'postern sort'],
  [
    'a failure of what never was',
    [bad('sort', 'fail')],
    { neverThere: true },
    'missing',
    'postern sort',
  ],
  [
    'a failure of what is in place in part',
    [bad('sort', 'fail'), ok('sort.a')],
    { neverThere: true },
    'broken',
    'postern sort',
  ],
  [
    'the finding knows better',
    [bad('sort', 'fail', { state: 'missing' })],
    {},
    'missing',
    'postern sort',
  ],
  ['unknown is not done', [ok('sort'), bad('sort.a', 'unknown')], {}, 'unknown', ''],
  [
    'missing goes before unknown',
    [bad('sort', 'warn'), bad('sort.a', 'unknown')],
    {},
    'missing',
    'postern sort',
  ],
  ['a command for another state', [bad('sort', 'fail')], { commandWhile: 'missing' }, 'broken', ''],
  [
    'no command can',
    [bad('sort', 'fail', { fix: 'by hand' })],
    { command: { starts: true } },
    'broken',
    'postern sort',
  ],
  ['no finding', [], {}, 'not needed', ''],
];
for (const [name, findings, measure, state, command] of rows) {
  test(name, () => {
    const [item, ...others] = items(findings, measure);
    assert.deepEqual(others, []);
    assert.equal(item?.state, state);
    assert.equal(item?.command, command);
  });
}

test('a source that was not read hides nothing: the item is unknown, with the reason', () => {
  const [item] = items([], {}, new Map([['postfix', 'no answer within 12 s']]));
  assert.deepEqual([item?.state, item?.found], ['unknown', 'no answer within 12 s']);
  const [denied] = items([], {}, new Map([['postfix', 'EACCES: permission denied']]));
  assert.equal(denied?.fix, 'run this as root');
});

test('without a guard, what only the guard knows is unknown', () => {
  const absent = { state: 'not needed', found: 'no keys', needs: 'guard' } as const;
  const stopped = [bad('daemon.alive', 'fail')];
  const [without] = items(stopped, { absent });
  assert.equal(without?.state, 'unknown');
  const denied = [bad('daemon.alive', 'fail', { state: 'unknown', fix: 'run this as root' })];
  const [hidden] = items(denied, { absent });
  assert.deepEqual([hidden?.state, hidden?.fix], ['unknown', 'run this as root']);
  const [known] = items([ok('daemon.alive')], { absent });
  assert.deepEqual([known?.state, known?.found], ['not needed', 'no keys']);
});

test('without a domain, a Postfix or a probe, the reason says so', () => {
  const needing = (needs: NonNullable<Measure['absent']['needs']>, seen: readonly SeenFinding[]) =>
    items(seen, { absent: { state: 'done', found: 'yes', needs } })[0];
  assert.match(needing('senders', [])?.found ?? '', /no domain/);
  assert.equal(needing('senders', [ok('domain')])?.state, 'done');
  assert.match(needing('postfix', [bad('postfix', 'unknown')])?.found ?? '', /found of postfix/);
  assert.equal(needing('postfix', [ok('postfix.smtp.milter')])?.state, 'done');
  assert.match(needing('reflection', [])?.found ?? '', /no Postfix/);
  assert.equal(needing('reflection', [ok('reflection.local')])?.state, 'done');
  assert.equal(needing('probe', [])?.state, 'unknown');
});

test('several findings are named, and more are counted', () => {
  const many = ['a', 'b', 'c', 'd', 'e'].map((name) => bad(`sort.${name}`, 'warn'));
  const [item] = items(many);
  assert.match(item?.found ?? '', /^title of sort\.a: found of sort\.a; .*; and 2 more$/);
});

test('what breaks first is said', () => {
  const due = (days: number) => ({ at: days as Millis, what: `in ${days}` });
  const [item] = items([
    { ...ok('sort'), due: due(9) },
    { ...ok('sort.a'), due: due(3) },
  ]);
  assert.deepEqual(item?.due, due(3));
});

test('a finding that no measure claims is shown all the same', () => {
  const [, stray] = items([ok('sort'), bad('other', 'fail')]);
  assert.deepEqual(
    [stray?.id, stray?.state, stray?.fix],
    ['other.other', 'broken', 'fix of other'],
  );
});

test('a finding may know a better command than its measure', () => {
  const findings = [bad('sort', 'fail', { command: { postconf: 'sort=' } })];
  const print = (command: MeasureCommand): string => JSON.stringify(command);
  const [item] = derived([plain], { findings, unread: new Map() }, print);
  assert.equal(item?.command, '{"postconf":"sort="}');
});
