/**
 * The map that forgets: what is asked for stays, what is not goes, and neither costs more with
 * time.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RecentMap } from './recent-map.ts';

test('keeps the latest generation of keys, and never more than two generations', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }),
      (generationMax, keys) => {
        const map = new RecentMap<number, string>(generationMax);
        const latest: number[] = [];
        for (const key of keys) {
          if (map.get(key) === undefined) map.set(key, `value ${key}`);
          const before = latest.indexOf(key);
          if (before >= 0) latest.splice(before, 1);
          latest.push(key);
        }
        for (const key of latest.slice(-generationMax)) assert.equal(map.get(key), `value ${key}`);
      },
    ),
  );
});

test('a key that nobody asks for goes, one that is asked for stays', () => {
  const map = new RecentMap<string, number>(10);
  map.set('asked for', 1);
  map.set('forgotten', 2);
  for (let other = 0; other < 40; other++) {
    map.set(`other ${other}`, other);
    assert.equal(map.get('asked for'), 1);
  }
  assert.equal(map.get('forgotten'), undefined);
});

test('heavy entries make room sooner, also those that have grown', () => {
  const map = new RecentMap<string, number>(10, (weight) => weight);
  map.set('light', 1);
  map.set('heavy', 9);
  map.set('next generation', 1);
  map.grew(9);
  map.set('the one after', 1);
  assert.equal(map.get('light'), undefined);
  assert.equal(map.get('heavy'), undefined);
  assert.equal(map.get('next generation'), 1);
});

test('the newest value of a key counts, whichever generation the older one is in', () => {
  const map = new RecentMap<string, number>(2);
  map.set('key', 1);
  map.set('other', 1);
  map.set('key', 2);
  assert.equal(map.get('key'), 2);
  map.set('more', 1);
  map.set('still more', 1);
  assert.equal(map.get('key'), 2);
});

test('a deleted key is in neither generation', () => {
  const map = new RecentMap<string, number>(2);
  for (const [nth, key] of ['old', 'b', 'young'].entries()) map.set(key, nth);
  map.delete('old');
  map.delete('young');
  assert.deepEqual([map.get('old'), map.get('young'), map.get('b')], [undefined, undefined, 1]);
});
