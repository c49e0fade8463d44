/** Finding a line in a list that is read in blocks, against splitting it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { listHas } from './list-search.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-list-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'list');

test('a line, and nothing but a whole line', async () => {
  const word = fc.stringMatching(/^[ab]{0,3}$/);
  const list = fc.array(fc.tuple(word, fc.constantFrom('\n', '\r\n')), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(list, word, fc.boolean(), async (lines, asked, ended) => {
      const text = lines.map(([one, end]) => one + end).join('');
      writeFileSync(path, ended ? text : text.trimEnd());
      const words = new Set(lines.map(([one]) => one).filter((one) => one !== ''));
      assert.equal(await listHas(path, Buffer.from(asked)), words.has(asked));
    }),
    { numRuns: 300 },
  );
});

test('also where two blocks meet', async () => {
  const block = 1_048_576;
  for (let at = block - 16; at < block + 8; at++) {
    // Lines of 64 bytes, and a last one that ends where the password begins.
    const filler = `${'x'.repeat(63)}\n`.repeat(Math.floor(at / 64) - 1);
    const rest = at - filler.length - 1;
    writeFileSync(path, `${filler}${'y'.repeat(rest)}\nsecret-9\nend\n`);
    assert.equal(await listHas(path, Buffer.from('secret-9')), true, `at ${at}`);
    assert.equal(await listHas(path, Buffer.from('secret-')), false, `at ${at}`);
    assert.equal(await listHas(path, Buffer.from('end')), true, `at ${at}`);
  }
});

test('a list that is not there is said so', async () => {
  await assert.rejects(() => listHas(join(folder, 'none'), Buffer.from('x')), {
    code: 'list-unread',
  });
});
