/** Where the canary's password may go without a certificate that names the server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback } from './submission.ts';

test('only addresses of this machine need no certificate that names them', () => {
  for (const host of ['127.0.0.1', '127.8.9.1', '::1', 'localhost']) {
    assert.equal(isLoopback(host), true, host);
  }
  for (const host of ['127.evil.test', '127.0.0.1.evil.test', '128.0.0.1', 'localhost.evil.test']) {
    assert.equal(isLoopback(host), false, host);
  }
});
