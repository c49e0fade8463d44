import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openMessageFeed } from './message-from-file.ts';

type ReadMessage = {
  readonly fields: readonly string[];
  readonly body: string;
  readonly fault: string | undefined;
};

function read(...chunks: readonly string[]): ReadMessage {
  const fields: string[] = [];
  let body = '';
  const feed = openMessageFeed({
    header: (name, value) => void fields.push(`${name}|${value}`),
    body: (bytes, start, end) => {
      body += bytes.toString('latin1', start, end);
    },
  });
  for (const chunk of chunks) feed.write(Buffer.from(chunk, 'latin1'));
  feed.end();
  return { fields, body, fault: feed.fault };
}

const rows = [
  ['A: 1\r\nB:2\r\n 3\r\n\r\nbody\r\n', ['A| 1', 'B|2\r\n 3'], 'body\r\n'],
  ['A: 1\nB:2\n\t3\n\nbody\nmore', ['A| 1', 'B|2\r\n\t3'], 'body\r\nmore'],
  ['A: 1\n\n\n\n', ['A| 1'], '\r\n\r\n'],
  ['A: 1\r\n', ['A| 1'], ''],
  ['A: 1', ['A| 1'], ''],
  ['From a@b Mon Nov\nA: 1\n\nx\n', ['A| 1'], 'x\r\n'],
  ['\nonly a body\n', [], 'only a body\r\n'],
  ['\r\nonly a body\r\n', [], 'only a body\r\n'],
  ['A: \r\n\r\n\rbare\r\n', ['A| '], '\rbare\r\n'],
  ['', [], ''],
] as const;
for (const [text, fields, body] of rows) {
  test(`reads ${JSON.stringify(text)}`, () => {
    const want = { fields, body, fault: undefined };
    assert.deepEqual(read(text), want);
    assert.deepEqual(read(...text), want);
  });
}

test('no message: a line without a colon, a header without end', () => {
  assert.match(read('A: 1\nwords\n\nbody').fault ?? '', /without a colon: "words"/);
  assert.equal(read('A: 1\nwords\n\nbody').body, '');
  assert.match(read('A:', 'x'.repeat(3_000_000)).fault ?? '', /more than 2048000 octets/);
});

test('cut anywhere, it reads the same', () => {
  const pieces = fc.array(
    fc.constantFrom('A:', '1', ' ', '\r\n', '\n', '\r', '\t', 'From x', '\xe9'),
  );
  fc.assert(
    fc.property(pieces, fc.array(fc.nat()), (parts, cuts) => {
      const text = parts.join('');
      const ends = [...new Set(cuts.map((at) => at % (text.length + 1)))].sort((a, b) => a - b);
      const chunks = [...ends, text.length].map((end, i) => text.slice(ends[i - 1] ?? 0, end));
      assert.deepEqual(read(...chunks), read(text));
    }),
    { numRuns: 2_000 },
  );
});
