import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programOutput } from './program.ts';

test('a program that is not there is told in plain words', async () => {
  const signal = AbortSignal.timeout(60_000);
  const program = '/nonexistent/postconf';
  const call = programOutput({
    program,
    package: 'postfix',
    args: [],
    errors: 'complaint',
    signal,
  });
  const message = '/nonexistent/postconf is not installed';
  await assert.rejects(call, { message, hint: 'apt-get install postfix' });
});
