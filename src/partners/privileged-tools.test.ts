/** Names that doveadm would take for a network, and those that it takes for a login. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoginName } from './privileged-tools.ts';

const networks = [
  ...['0.0.0.0/0', '10.0.0.0/8', '127.0.0.1', '127.1', '127.0.1', '1/0', '12345/8', '0/0', '/0'],
  ...['0x7f000001', '0X7F.1', '0x7f.0.0.0x1', '0x7f/8', '0177.0.0.1', '0x', '1.2.3.4/032', './8'],
  ...['::', '::/0', '[::1]', '::ffff:127.0.0.1', 'a::b', 'fe80::1%eth0', 'beef/8', '1.2.3.4.5'],
];
for (const name of networks) {
  test(`${name} is no login`, () => assert.equal(isLoginName(name), false));
}

const logins = [
  ...['joe', 'joe@example.org', '12345', '20231234', '2130706433', '3f2a9c', '12ab', '0815x'],
  ...['ed.fab', 'joe.0', '1st.platoon', '10.0.0.1@example.org', 'dep/joe@example.org', "o'brien"],
];
for (const name of logins) {
  test(`${name} is a login`, () => assert.equal(isLoginName(name), true));
}

test('wildcards, options, comments and separators are no login', () => {
  for (const name of ['*', 'j?e', '-a', '#joe', 'joe:x', 'joe x', 'joe\n', '', 'x'.repeat(255)]) {
    assert.equal(isLoginName(name), false, name);
  }
});
