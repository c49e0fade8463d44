/** The record of a change of main.cf: kept, damaged, missing. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { changeRecords, recordOn, undone } from './record.ts';

test('a record is given back; without one nothing was changed; a damaged one is said', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pcr-'));
  try {
    const records = changeRecords('before.json');
    assert.equal(await records.read(folder), undefined);
    const kept = { main: 'a = b\n', afterDigest: 'x', set: [], files: [] };
    await records.keep(folder, kept);
    assert.deepEqual(await records.read(folder), kept);
    await writeFile(join(folder, 'before.json'), '{"main":');
    await assert.rejects(records.read(folder), { code: 'unreadable-record', exit: 77 });
    await records.drop(folder);
    assert.equal(await records.read(folder), undefined);
    const nowhere = join(folder, 'none');
    await assert.rejects(records.keep(nowhere, kept), { code: 'cannot-write', exit: 77 });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('an undo of two runs keeps what the operator changed between them', () => {
  const first = recordOn(undefined, 'a = 1\n', {
    main: 'a = 2\n',
    set: [{ name: 'a', before: '1', after: '2' }],
    made: ['/l'],
  });
  assert.deepEqual(undone('a = 2\n', first), { main: 'a = 1\n', notes: [] });
  const second = recordOn(first, 'a = 2\nmine = x\n', {
    main: 'a = 3\nmine = x\n',
    set: [{ name: 'a', before: '2', after: '3' }],
    made: [],
  });
  assert.deepEqual(second.files, ['/l']);
  assert.deepEqual(undone('a = 3\nmine = x\n', second), { main: 'a = 1\nmine = x\n', notes: [] });
  // Changed since, too: each parameter goes back behind both runs.
  const { main, notes } = undone('a = 3\nmine = y\n', second);
  assert.equal(main, 'a = 1\nmine = y\n');
  assert.equal(notes.length, 1);
});
