/** What doctor says of a password service that ignores the domain of a login. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkLogins } from './logins.ts';

test('a login that may type any domain is a fault, unless Postern knows one domain only', () => {
  assert.equal(checkLogins({ ignoredBy: undefined, joined: false }).kind, 'ok');
  const open = checkLogins({ ignoredBy: 'Dovecot', joined: false });
  assert.equal(open.kind, 'fail');
  assert.match(open.found, /^Dovecot ignores them: .* may write as every address of the domain/);
  assert.match(open.fix ?? '', /username_format/);
  assert.equal(checkLogins({ ignoredBy: 'Dovecot', joined: true }).kind, 'warn');
  assert.equal(checkLogins({ ignoredBy: 'saslauthd', joined: false }).kind, 'fail');
});
