import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { withAuthorizedUsers, withoutAuthorizedUsers } from './authorized-users.ts';
import { mainValue, parseMainCf } from './main-cf.ts';

const value = (text: string): string | undefined =>
  mainValue(parseMainCf(text), 'authorized_submit_users');

test('set once, however often; and what was there is a comment', () => {
  const before = 'a = b\nauthorized_submit_users =\n  root, joe\nc = d\n';
  const once = withAuthorizedUsers(before, ['root', 'postern']);
  assert.equal(value(once), 'root, postern');
  assert.equal(withAuthorizedUsers(once, ['root', 'postern']), once);
  assert.match(once, /^#postern# {3}root, joe$/m);
  assert.equal(parseMainCf(once).parameters.length, 3);
  assert.equal(withoutAuthorizedUsers(once), before);
});

test('any file with a newline at its end comes back byte for byte', () => {
  const line = fc.constantFrom('a = b', '', '# c', '  x', 'authorized_submit_users = root', '\t');
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const before = lines.map((one) => `${one}\n`).join('');
      const after = withAuthorizedUsers(before, ['root', 'p']);
      assert.equal(value(after), 'root, p');
      assert.equal(withoutAuthorizedUsers(after), before);
    }),
  );
});
