import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileState, filesNow, readWithState } from './files.ts';

test('a file that changes while it is read is seen as changed at the next look', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pff-'));
  try {
    const [main, table] = [join(folder, 'main.cf'), join(folder, 'table')];
    writeFileSync(main, 'a');
    writeFileSync(table, 'a');
    const files = [main, table];
    let reads = 0;
    const read = (change: boolean) => async () => {
      reads++;
      if (change) writeFileSync(table, 'changed while it was read'.repeat(reads));
      return { files };
    };
    const first = await readWithState(await filesNow([main]), read(false));
    assert.equal(reads, 2, 'the table was not known before');
    assert.equal(first.state, await fileState(files));
    const second = await readWithState(await filesNow(files), read(true));
    assert.equal(reads, 3);
    assert.notEqual(second.state, await fileState(files));
    // The second reading fails: what the first one found counts, and the next look reads again.
    const half = await readWithState(await filesNow([main]), async () => {
      if (reads++ > 3) throw new Error('no time');
      return { files };
    });
    assert.deepEqual(half.found, { files });
    assert.notEqual(half.state, await fileState(files));
    await assert.rejects(
      readWithState(await filesNow(files), () => Promise.reject(new Error('no time'))),
    );
    // Other files each time: it ends, and the next look reads again.
    reads = 0;
    const growing = await readWithState(await filesNow([main]), async () => {
      const more = join(folder, `more-${reads++}`);
      writeFileSync(more, 'x');
      return { files: [...files, more] };
    });
    assert.equal(reads, 3);
    assert.notEqual(growing.state, await fileState(growing.found.files));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
