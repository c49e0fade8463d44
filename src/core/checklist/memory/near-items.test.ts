import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearNames } from './near-items.ts';

const names = ['dns.spf', 'dns.spf-helo', 'dns.dkim', 'guard.runs', 'guard.mode', 'server.tls'];

test('names that contain the wrong one, or differ in few characters, are near', () => {
  assert.deepEqual(nearNames('dns.spv', names), ['dns.spf']);
  assert.deepEqual(nearNames('spf', names), ['dns.spf', 'dns.spf-helo']);
  assert.deepEqual(nearNames('GUARD.RUN', names), ['guard.runs']);
  assert.deepEqual(nearNames('gaurd.mode', names), ['guard.mode']);
  assert.deepEqual(nearNames('something else', names), []);
  assert.deepEqual(nearNames('x'.repeat(100_000), names), []);
});

test('at most five are named', () => {
  const many = Array.from({ length: 20 }, (_, nth) => `dns.a${nth}`);
  assert.equal(nearNames('dns.a', many).length, 5);
});
