import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteBuffer } from './byte-buffer.ts';
import { peerText } from './peer-text.ts';

test('bytes are UTF-8 where they can be, else Latin-1, and different bytes stay different', () => {
  assert.equal(peerText(Buffer.from('jürgen')), 'jürgen');
  assert.equal(peerText(Buffer.from('jürgen', 'latin1')), 'jürgen');
  assert.equal(peerText(Buffer.from('<abc>'), 1, 4), 'abc');
  const ascii = fc.uint8Array({ maxLength: 20 });
  fc.assert(
    fc.property(ascii, (bytes) => {
      const text = peerText(Buffer.from(bytes));
      const back = [Buffer.from(text, 'utf8'), Buffer.from(text, 'latin1')];
      assert.ok(back.some((found) => found.equals(Buffer.from(bytes))));
    }),
  );
});

test('held bytes come back as they went in', () => {
  const steps = fc.array(fc.tuple(fc.uint8Array({ maxLength: 700 }), fc.nat(900)));
  fc.assert(
    fc.property(steps, (all) => {
      const held = new ByteBuffer();
      let want = Buffer.alloc(0);
      for (const [chunk, drop] of all) {
        held.append(Buffer.from(chunk));
        want = Buffer.concat([want, Buffer.from(chunk)]);
        const count = Math.min(drop, want.length);
        held.drop(count);
        want = want.subarray(count);
        assert.equal(held.length, want.length);
        assert.ok(held.bytes.equals(want));
      }
    }),
  );
});
