/** docs/security.md names a test for each of its lines: the tests exist, and have these titles. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const home = resolve(import.meta.dirname, '..');
const page = readFileSync(join(home, 'docs/security.md'), 'utf8');
/** Lines of the tables, without the heads. */
const rows = page.split('\n').filter((line) => line.startsWith('| ') && !/^\| *\|/.test(line));

test('each line of the page about security names a test that exists', () => {
  const wrong = rows.flatMap((row) => {
    const [, what = '', shown = ''] = row.split('|').map((cell) => cell.trim());
    // What somebody can do needs no test.
    if (shown === '') return /^(?:\*\*)?can\b/.test(what) ? [] : [`no test: ${what}`];
    const [, file = '', title = ''] = /^`([^`]+)`: (.+)$/.exec(shown) ?? [];
    const path = join(home, file);
    if (file === '' || !existsSync(path)) return [`no such file: ${shown}`];
    return readFileSync(path, 'utf8').includes(title) ? [] : [`no such test: ${shown}`];
  });
  assert.deepEqual(wrong, []);
  assert.ok(rows.length > 40, `${rows.length} lines were found`);
});
