/** What a line of Postfix about a message says of a login. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smtpFacts } from './postfix-queue.ts';

function told(method: string): readonly string[] {
  const login = `sasl_method=${method}, sasl_username=boss@here.example`;
  const line = `client=unknown[203.0.113.7], ${login}`;
  return smtpFacts('postfix/smtpd', '4ZABC1', line, '', undefined).map(({ kind }) => kind);
}

test('a login with a password is a login', () => {
  assert.deepEqual(told('PLAIN'), ['login', 'entered']);
});

test('a login that a client only claims (XCLIENT) does not count: no password was checked', () => {
  assert.deepEqual(told('XCLIENT'), ['entered']);
});
