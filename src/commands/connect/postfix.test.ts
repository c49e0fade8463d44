import assert from 'node:assert/strict';
import { chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectPostfix } from './postfix.ts';

test('root writes no facts into a state folder that another user can replace', {
  skip: process.geteuid?.() === 0 ? false : 'only root gives folders away',
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-connect-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const theirs = join(folder, 'theirs');
  const state = join(theirs, 'state');
  mkdirSync(state, { recursive: true });
  chownSync(theirs, 47_131, 47_131);
  const connecting = connectPostfix({ configDir: folder, state, yes: true }, () => undefined);
  await assert.rejects(connecting, { code: 'path-of-other' });
});
