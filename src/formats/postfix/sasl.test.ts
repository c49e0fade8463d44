/** When the domain of a login says nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asksSaslauthd, ignoresRealms } from './sasl.ts';

const rows = [
  ['as Debian starts it', 'MECHANISMS="pam"\nOPTIONS="-c -m /var/run/saslauthd"\n', true],
  ['with -r', 'MECHANISMS="pam"\nOPTIONS="-c -r -m /var/run/saslauthd"\n', false],
  ['with -cr in one word', 'MECHANISMS=pam\nOPTIONS=-cr\n', false],
  ['a folder with an r is no option', 'MECHANISMS=shadow\nOPTIONS="-c -m /run/r"\n', true],
  ['an option that is commented out', 'MECHANISMS="pam"\nOPTIONS="-c"\n# OPTIONS="-r"\n', true],
  ['the last line counts', 'MECHANISMS="pam"\nOPTIONS="-c"\nOPTIONS="-r"\n', false],
  ['sasldb has realms of its own', 'MECHANISMS="sasldb"\nOPTIONS="-c"\n', false],
  ['ldap may have them', "MECHANISMS='ldap'\n", false],
  ['an empty file', '', true],
] as const;
for (const [name, text, ignored] of rows) {
  test(`saslauthd ${name}: domains are ${ignored ? 'ignored' : 'looked at'}`, () =>
    assert.equal(ignoresRealms(text), ignored));
}

test('smtpd.conf', () => {
  assert.equal(asksSaslauthd('pwcheck_method: saslauthd\nmech_list: plain login\n'), true);
  assert.equal(asksSaslauthd('pwcheck_method: auxprop saslauthd\n'), true);
  assert.equal(asksSaslauthd('# pwcheck_method: saslauthd\npwcheck_method: auxprop\n'), false);
});
