/** Patterns of paths. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { timed } from '../../../test/processor-time.ts';
import { matchesPath, patternFault, weightOf } from './path-glob.ts';

const cases = [
  ['/var/www/shop/contact.php', '/var/www/shop/contact.php', true],
  ['/var/www/shop/contact.php', '/var/www/shop/Contact.php', false],
  ['/var/www/*/contact.php', '/var/www/shop/contact.php', true],
  ['/var/www/*/contact.php', '/var/www/shop/old/contact.php', false],
  ['/var/www/**/contact.php', '/var/www/shop/old/contact.php', true],
  ['/var/www/**', '/var/www/shop/old/contact.php', true],
  ['/var/www/**', '/var/www/../../tmp/evil.php', false],
  ['/var/www/**', '/var/www//x.php', false],
  ['/var/www/**', '/var/wwwx/shop.php', false],
  ['/srv/?/mail.cgi', '/srv/a/mail.cgi', true],
  ['/srv/?/mail.cgi', '/srv/ab/mail.cgi', false],
  ['/srv/a.b/c', '/srv/axb/c', false],
  ['user:logcheck', 'user:logcheck', true],
  ['user:log*', 'user:logcheck', true],
  ['/**', 'user:logcheck', false],
] as const;
for (const [pattern, path, matches] of cases) {
  test(`${pattern} ${matches ? 'is' : 'is not'} ${path}`, () => {
    assert.equal(matchesPath(pattern, path), matches);
  });
}

test('a path is its own pattern; what says more weighs more', () => {
  assert.ok(weightOf('/a/b/c.php') > weightOf('/a/b/*.php'));
  assert.ok(weightOf('/a/b/*.php') > weightOf('/a/**'));
  assert.ok(weightOf('/a/*/c.php') > weightOf('/a/**'));
});

test('what cannot be a pattern says why', () => {
  for (const wrong of ['', 'a.php', '/a/../b', '/a//b', '/a/***', `/${'*/'.repeat(17)}`, 'user:']) {
    assert.notEqual(patternFault(wrong), undefined, wrong);
  }
  for (const right of ['/a.php', '/a/..b/*', '/var/www/**', 'user:joe']) {
    assert.equal(patternFault(right), undefined, right);
  }
});

/** The same, by a regular expression: short texts only. */
function expected(pattern: string, path: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*|\*|\?/g, (star) => ({ '**': '[^]*', '*': '[^/]*', '?': '[^/]' })[star] ?? '');
  return new RegExp(`^${source}$`, 'u').test(path);
}

test('as a regular expression would say', () => {
  const part = fc.constantFrom('a', 'b', '/', '*', '**', '?', '.php');
  const pattern = fc.array(part, { maxLength: 8 }).map((parts) => `/${parts.join('')}`);
  const path = fc.stringMatching(/^\/[ab/.p]{0,8}$/);
  fc.assert(
    fc.property(pattern, path, (one, other) => {
      fc.pre(patternFault(one) === undefined && !/\/\/|(?:^|\/)\.{1,2}(?:\/|$)/.test(other));
      assert.equal(matchesPath(one, other), expected(one, other));
    }),
  );
});

test('stars upon stars cost no time', () => {
  const { ms: took } = timed(() => {
    assert.equal(matchesPath(`/${'a*'.repeat(15)}b`, `/${'a'.repeat(4_000)}`), false);
  });
  assert.ok(took < 1_000, `${took} ms`);
});
