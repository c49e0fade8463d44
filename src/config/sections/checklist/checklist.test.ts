import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checklistSettings } from './checklist.ts';

const item = { id: 'own.backup', title: 'The backup is there', command: ['/bin/true', '-x'] };

test('an item needs an id of its own, a title, and a program with its path', () => {
  const { items } = checklistSettings.parse({ items: [item] });
  assert.deepEqual(items, [{ ...item, effort: 'minutes', cost: 'free', effect: '', fix: '' }]);
  assert.deepEqual(checklistSettings.parse(undefined), { items: [] });
});

test('what could be taken for another item, or for a line of a shell, is refused', () => {
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ ...item, id: 'dns.spf' }, /must be own\.NAME/],
    [{ ...item, id: 'own.' }, /must be own\.NAME/],
    [{ ...item, id: 'own.Backup' }, /must be own\.NAME/],
    [{ ...item, command: [] }, /command/],
    [{ ...item, command: ['true'] }, /must begin with a path/],
    [{ ...item, command: '/bin/true -x' }, /command/],
    [{ ...item, command: ['/bin/true', 'a\0b'] }, /zero byte/],
    [{ ...item, title: 'a\nb' }, /control characters/],
    [{ ...item, effort: 'weeks' }, /effort/],
    [{ ...item, run_as: 'root' }, /run_as/],
  ];
  for (const [one, why] of wrong) {
    const parsed = checklistSettings.safeParse({ items: [one] });
    assert.match(parsed.error?.message ?? '', why, JSON.stringify(one));
  }
  const twice = checklistSettings.safeParse({ items: [item, item] });
  assert.match(twice.error?.message ?? '', /two items have the same id/);
  const many = Array.from({ length: 41 }, (_, nth) => ({ ...item, id: `own.a${nth}` }));
  assert.equal(checklistSettings.safeParse({ items: many }).success, false);
});
