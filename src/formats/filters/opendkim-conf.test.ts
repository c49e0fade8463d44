import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type DataSet,
  opendkimKeys,
  parseDataSet,
  parseOpendkimConf,
  parseTable,
  type TableRow,
} from './opendkim-conf.ts';

/** As Debian's package and the guides of the web write it. */
const conf = `
# This is a basic configuration for signing and verifying.
Syslog			yes
UMask			007
#Domain                 example.com
Canonicalization	relaxed/simple
Mode			sv
KeyTable		refile:/etc/opendkim/KeyTable
SigningTable		refile:/etc/opendkim/SigningTable   # patterns
ExternalIgnoreList	/etc/opendkim/TrustedHosts
InternalHosts		/etc/opendkim/TrustedHosts
Socket			inet:8891@localhost
OversignHeaders		From
`;
const files: Readonly<Record<string, string>> = {
  '/etc/opendkim/KeyTable': `
mail._domainkey.example.com example.com:mail:/etc/opendkim/keys/example.com/mail.private
second example.org:2024:/etc/opendkim/keys/%/2024.private
any %:default:/etc/opendkim/keys/%/default.private
inline inline.example:k1:MIIEowIBAAKCAQEA
broken nothing
`,
  '/etc/opendkim/SigningTable': `
*@example.com     mail._domainkey.example.com
*@sub.example.com mail._domainkey.example.com
joe@example.org   second
*@shop.example    any
*@inline.example  inline
*@alias.example   mail._domainkey.example.com
*@lost.example    nobody
*@bad.example     broken
*                 any
`,
};
const read = (set: DataSet): readonly TableRow[] | undefined =>
  set.kind === 'list' ? set.rows : 'path' in set ? parseTable(files[set.path] ?? '') : undefined;
const lines = (text: string): readonly string[] => {
  const { keys, notes } = opendkimKeys(parseOpendkimConf(text), read);
  const shown = keys.map(
    ({ domain, selector, key }) =>
      `${selector}._domainkey.${domain} ${key.kind === 'file' ? key.path : `text ${key.text}`}`,
  );
  return [...shown, ...notes.map((note) => `- ${note}`)];
};

test('tables with patterns', () => {
  assert.deepEqual(lines(conf), [
    'mail._domainkey.example.com /etc/opendkim/keys/example.com/mail.private',
    '2024._domainkey.example.org /etc/opendkim/keys/example.org/2024.private',
    'default._domainkey.shop.example /etc/opendkim/keys/shop.example/default.private',
    'k1._domainkey.inline.example text MIIEowIBAAKCAQEA',
    '- InternalHosts /etc/opendkim/TrustedHosts: Postern instead signs mail of ' +
      'logins and of clients in mynetworks',
    '- ExternalIgnoreList /etc/opendkim/TrustedHosts: Postern has no such setting; ' +
      'it signs mail of every client that may relay',
    '- joe@example.org: OpenDKIM signed only this address; Postern signs all of example.org',
    '- *@alias.example: mail of alias.example was signed as example.com; ' +
      'Postern signs only example.com with it',
    '- *@lost.example: there is no key nobody in KeyTable',
    '- *@bad.example: KeyTable broken is not domain:selector:key'.replace('*@bad.example: ', ''),
    '- * matches every domain; make a key for each of yours: postern dkim new',
  ]);
});

test('one key for one domain, or for several', () => {
  const single = (domain: string): readonly string[] =>
    lines(`Domain ${domain}\nKEYFILE "/etc/dkimkeys/dkim.private"\nSelector 2023\n`);
  assert.deepEqual(single('Example.COM'), [
    '2023._domainkey.example.com /etc/dkimkeys/dkim.private',
  ]);
  assert.deepEqual(single('a.example, b.example'), [
    '2023._domainkey.a.example /etc/dkimkeys/dkim.private',
    '2023._domainkey.b.example /etc/dkimkeys/dkim.private',
  ]);
  assert.match(single('*')[0] ?? '', /^- Domain \* is a pattern/);
  assert.match(lines('Mode v')[0] ?? '', /^- neither KeyTable nor/);
});

test('lists in the file itself, and a second selector', () => {
  const tables = `KeyTable csl:a=x.example:s1:/k1,b=x.example:s2:/k2
SigningTable csl:x.example=a,*@x.example=b`;
  assert.deepEqual(lines(tables), [
    's1._domainkey.x.example /k1',
    '- *@x.example: x.example already has s1; s2 is left out',
  ]);
  assert.deepEqual(lines(`${tables}\nMultipleSignatures yes`), [
    's1._domainkey.x.example /k1',
    's2._domainkey.x.example /k2',
  ]);
});

test('tables in another program are named', () => {
  assert.deepEqual(lines('KeyTable ldap://x/dc=y\nSigningTable db:/etc/s.db'), [
    '- KeyTable ldap://x/dc=y: ldap is not supported; write the rows into a file',
    '- SigningTable db:/etc/s.db: db is not supported; write the rows into a file',
  ]);
});

test('kinds of data sets', () => {
  for (const [text, kind] of [
    ['/etc/a', 'file'],
    ['file:/etc/a', 'file'],
    ['refile:/etc/a', 'refile'],
    ['csl:a,b', 'list'],
    ['example.com', 'list'],
    ['db:/etc/a.db', 'unsupported'],
    ['ldap://ldap.example/dc=x', 'unsupported'],
    ['dsn:mysql://u@h/d', 'unsupported'],
    ['lua:/etc/a.lua', 'unsupported'],
  ] as const) {
    assert.equal(parseDataSet(text).kind, kind, text);
  }
});

test('whatever the file says, it is read', () => {
  const word = fc.constantFrom(
    'KeyTable',
    'SigningTable',
    'Domain',
    ' ',
    '\n',
    '%',
    '*@',
    ':',
    'csl:',
    '=',
    '#',
    ',',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 5 }))), (words) => {
      opendkimKeys(parseOpendkimConf(words.join('')), read);
    }),
  );
});
