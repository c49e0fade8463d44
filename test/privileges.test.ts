/** docs/internals/privileges.md names each command, and nothing that is no command. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { typedCommands } from './command-list.ts';

const page = join(import.meta.dirname, '../docs/internals/privileges.md');

test('the page of privileges has every command in exactly one row', async () => {
  const rows = readFileSync(page, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|')[1] ?? '');
  const named = rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  const typed = (await typedCommands()).map(({ words }) => words);
  assert.deepEqual(named.sort(), typed.sort());
});
