/** An address that a person wants to have removed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutAddress } from './without-address.ts';

for (const [text, expected] of [
  ['to Anna@Example.net, bob@example.net', 'to (forgotten), bob@example.net'],
  ['<anna@example.net>', '<(forgotten)>'],
  ['["anna@example.net"]', '["(forgotten)"]'],
  ['anna@example.net.', '(forgotten).'],
  // Somebody else.
  ['joanna@example.net', 'joanna@example.net'],
  ['x.anna@example.net', 'x.anna@example.net'],
  ['anna@example.net.uk and anna@example.network', 'anna@example.net.uk and anna@example.network'],
  ['annaXexample.net', 'annaXexample.net'],
] as const) {
  test(`without an address: ${text}`, () => {
    assert.equal(withoutAddress(text, 'anna@example.net'), expected);
  });
}

test('an address with characters of patterns', () => {
  assert.equal(withoutAddress('to "a(b"@[::1] now', '"a(b"@[::1]'), 'to (forgotten) now');
});
