/**
 * The guard on all the mail of a small made hoster: what it stops by mistake, and what gets out of
 * hijacked accounts. The bounds are loose: bench/worlds.ts measures larger worlds. The seed is in
 * each test's name; SEED=n plays another one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateWorld } from '../../bench/worlds/evaluate.ts';
import { figuresText } from '../../bench/worlds/figures.ts';
import { smallWorld } from './small-world.ts';

const seed = Number(process.env['SEED'] ?? 1);
const named = (what: string): string => `${what} (SEED=${seed})`;

const world = smallWorld(seed);
const figures = await evaluateWorld(world);
const shown = figuresText(figures);

test('a small world is the same each time', () => {
  const again = smallWorld(seed);
  assert.deepEqual(again.truth, world.truth);
  assert.deepEqual([...(again.events as Iterable<unknown>)], world.events);
});

test(named('honest accounts of a small hoster are hardly ever stopped'), () => {
  assert.ok(figures.suspensions.length <= 1, shown);
  assert.equal(figures.refused, 0, shown);
  assert.ok(figures.stopped <= 0.04 * figures.messages, shown);
});

test(named('every hijack of a small hoster is contained or told of, and reaches few'), () => {
  assert.equal(figures.hijacks.length, world.truth.hijacks.length);
  for (const { contained, leaked, messages, style, toldAt } of figures.hijacks) {
    assert.ok(messages > 0, `${style}: nothing was sent\n${shown}`);
    assert.ok(contained || (toldAt > 0 && toldAt <= 20), `${style}: nobody knows\n${shown}`);
    assert.ok(leaked <= 60, `${style}: ${leaked} reached\n${shown}`);
  }
});
