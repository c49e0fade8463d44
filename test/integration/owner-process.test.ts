/** A process of another user that root asks: what that user can do to it must not hold root up. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openOwnerProcess } from '../../src/commands/guard/owner-process.ts';

const isRoot = process.geteuid?.() === 0;
const nobody = { uid: 65_534, gid: 65_534, name: 'nobody' };

test('an answer that never comes ends the process and the wait', {
  skip: isRoot ? false : 'needs root',
}, async () => {
  const script = join(import.meta.dirname, 'stopped-child.ts');
  const asked = openOwnerProcess(script, [], { ...nobody, limitMs: 2_000 });
  await assert.rejects(asked.ask({}), {
    code: 'owner-process',
    message: /did not answer within 2 s/,
  });
  await assert.rejects(asked.ask({}), { code: 'owner-process' }, 'it has ended');
});
