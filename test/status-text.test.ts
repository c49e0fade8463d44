/** What `postern status` says about held mail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusText } from '../src/commands/status.ts';
import type { Millis } from '../src/lib/time.ts';
import { scriptedAdmin } from './doubles/admin.ts';

const start = 1_795_000_000_000 as Millis;

for (const [account, wanted] of [
  ['local:<>', 'full: further mail is held too'],
  ['joe@example.org', 'full: further mail must wait'],
] as const) {
  test(`as much as may be is held of ${account}`, () => {
    const scripted = scriptedAdmin(() => start, 'hijack');
    scripted.holdMany(account, 200);
    const status = scripted.admin.status();
    const text = statusText({ status, suspended: [], watched: [], held: [] }, '');
    assert.ok(text.includes(`${account}: 200 of at most 100`), text);
    assert.ok(text.includes(wanted), text);
  });
}
