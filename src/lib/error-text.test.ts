/** Faults in words, whatever was thrown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultText } from './error-text.ts';

const cases: readonly (readonly [string, unknown, string])[] = [
  ['an error', new Error('no'), 'no'],
  ['one with a cause', new Error('no', { cause: new Error('disk full') }), 'no: disk full'],
  ['one whose cause is no error', new Error('no', { cause: 7 }), 'no'],
  ['something else', 'ECONNRESET', 'ECONNRESET'],
];
for (const [name, fault, text] of cases) {
  test(name, () => assert.equal(faultText(fault), text));
}
