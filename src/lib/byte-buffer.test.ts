import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteBuffer } from './byte-buffer.ts';

const step = fc.record({ append: fc.nat(700), from: fc.nat(50), drop: fc.nat(900) });

test('whatever is appended and dropped, what is held is what came and was not dropped', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const held = new ByteBuffer();
      let model = Buffer.alloc(0);
      let next = 0;
      for (const { append, from, drop } of steps) {
        const chunk = Buffer.from(Array.from({ length: append + from }, () => next++ % 251));
        held.append(chunk, from);
        chunk.fill(255); // it was only lent
        model = Buffer.concat([model, Buffer.from(chunkOf(append, next))]);
        assert.ok(held.bytes.equals(model));
        const count = Math.min(drop, held.length);
        held.drop(count);
        model = model.subarray(count);
        assert.equal(held.length, model.length);
        assert.ok(held.bytes.equals(model));
      }
    }),
  );
});

/** The last `length` numbers before `next`. */
function chunkOf(length: number, next: number): readonly number[] {
  return Array.from({ length }, (_, index) => (next - length + index) % 251);
}

test('a stream that never runs dry is held in one place', () => {
  const held = new ByteBuffer();
  const places = new Set<ArrayBufferLike>();
  for (let round = 0; round < 500; round++) {
    held.append(Buffer.alloc(65_536));
    held.drop(Math.min(held.length - 1, 65_540));
    if (round > 4) places.add(held.bytes.buffer);
  }
  assert.equal(places.size, 1);
});
