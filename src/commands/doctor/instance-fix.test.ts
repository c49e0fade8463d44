import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forInstance } from './instance-fix.ts';

const fixed = (fix: string, folder = '/etc/postfix-out'): string =>
  forInstance({ id: 'x', kind: 'fail', title: 'x', found: 'x', wanted: 'x', fix }, folder).fix;

test('printed commands change the instance that doctor was asked about', () => {
  assert.equal(
    fixed('sudo postern connect recipients --dry-run'),
    'sudo postern connect recipients --dry-run --config-dir /etc/postfix-out',
  );
  assert.equal(
    fixed('postconf -e soft_bounce=no && postfix reload'),
    'postconf -c /etc/postfix-out -e soft_bounce=no && postfix -c /etc/postfix-out reload',
  );
  assert.equal(
    fixed('run: postern connect postfix', '/a b'),
    "run: postern connect postfix --config-dir '/a b'",
  );
});

test('a command that names its folder, and other text, stay as they are', () => {
  const named = 'postern connect postfix --config-dir /etc/postfix-in';
  assert.equal(fixed(named), named);
  assert.equal(fixed('look at what postconf says'), 'look at what postconf says');
});
