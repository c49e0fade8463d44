import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addScore, decodeSketch, encodeSketch, quantiles, type Sketch } from './sketch.ts';

const scores = fc.array(fc.double({ min: -50, max: 1_200, noNaN: true }), {
  minLength: 1,
  maxLength: 300,
});

function sketchOf(values: readonly number[]): Sketch {
  const sketch: Sketch = new Map();
  for (const value of values) addScore(sketch, value);
  return sketch;
}

test('a quantile is off by at most a twentieth of itself, or a tenth of a point', () => {
  fc.assert(
    fc.property(scores, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
      const [found = Number.NaN] = quantiles(sketchOf(values), [share]);
      const sorted = values.toSorted((a, b) => a - b);
      const exact = sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
      assert.ok(Math.abs(found - exact) <= 0.11 + 0.05 * Math.abs(exact), `${found} for ${exact}`);
    }),
  );
});

test('two sketches together are the sketch of all, also after storing', () => {
  fc.assert(
    fc.property(scores, scores, (one, other) => {
      const merged = decodeSketch(encodeSketch(sketchOf(one)), sketchOf(other));
      const all = sketchOf([...one, ...other]);
      assert.deepEqual(new Map([...merged].sort()), new Map([...all].sort()));
    }),
  );
});

test('it is small, and nothing is nothing', () => {
  const many = Array.from({ length: 100_000 }, (_, i) => (i % 400) / 10 - 5);
  assert.ok(encodeSketch(sketchOf(many)).length < 400);
  assert.deepEqual(quantiles(new Map(), [0.5]), [0]);
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeSketch(bytes)));
});
