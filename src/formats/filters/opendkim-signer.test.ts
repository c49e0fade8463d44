import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { opendkimSetup } from './opendkim-signer.ts';
import { parseDataSet } from './opendkim-tables.ts';
import { authorFor, type SetupFiles } from './signer-setup.ts';

type Texts = Readonly<Record<string, string>>;

/** Files by path; a folder is what the paths say. */
function disk(texts: Texts): SetupFiles {
  return {
    text: (path) => (Object.hasOwn(texts, path) ? texts[path] : undefined),
    names(folder) {
      const start = folder === '/' ? '/' : `${folder}/`;
      const below = Object.keys(texts).filter((path) => path.startsWith(start));
      const names = below.map((path) => path.slice(start.length).split('/')[0] ?? '');
      return below.length === 0 ? undefined : [...new Set(names)].sort();
    },
  };
}

/** Who signs for each From, then notes and gaps. */
function lines(conf: string, texts: Texts = {}): readonly string[] {
  const { froms, signaturesOf, notes, gaps } = opendkimSetup(conf, disk(texts));
  const shown = froms.map((from) => {
    const by = signaturesOf(authorFor(from)).map(({ domain, selector, key }) => {
      const place = key.kind === 'file' ? key.path : key.kind === 'text' ? `text ${key.text}` : '';
      return `${selector} of ${domain} ${place}`;
    });
    const user = from.user === undefined ? '' : `${from.user}@`;
    return `${user}${from.host}: ${by.join(' + ') || 'none'}`;
  });
  return [...shown, ...notes.map((note) => `- ${note}`), ...gaps.map((gap) => `! ${gap}`)];
}

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

test('tables with patterns: the first row that fits counts', () => {
  const found = lines(conf, {
    '/etc/opendkim/KeyTable': `
mail._domainkey.example.com example.com:mail:/etc/opendkim/keys/example.com/mail.private
second example.org:2024:/etc/opendkim/keys/%/2024.private
any %:default:/etc/opendkim/keys/%/default.private
inline inline.example:k1:MIIEowIBAAKCAQEA
broken nothing
`,
    '/etc/opendkim/SigningTable': `
*@example.com     mail._domainkey.example.com
*@*.example.com   mail._domainkey.example.com
joe@example.org   second
plain.example     any
*@inline.example  inline
*@alias.example   mail._domainkey.example.com
*@lost.example    nobody
*@bad.example     broken
*@b*d.example     any
*                 any
`,
    '/etc/opendkim/keys/example.org/2024.private': '',
    '/etc/opendkim/keys/shop.example/default.private': '',
    '/etc/opendkim/keys/empty.example/other.private': '',
    '/etc/opendkim/keys/example.com/default.private': '',
  });
  const path = '/etc/opendkim/keys';
  assert.deepEqual(found, [
    `example.com: mail of example.com ${path}/example.com/mail.private`,
    `*.example.com: mail of example.com ${path}/example.com/mail.private`,
    `joe@example.org: 2024 of example.org ${path}/example.org/2024.private`,
    'inline.example: k1 of inline.example text MIIEowIBAAKCAQEA',
    `alias.example: mail of example.com ${path}/example.com/mail.private`,
    `shop.example: default of shop.example ${path}/shop.example/default.private`,
    '- joe@example.org: OpenDKIM signed only this address; Postern signs the whole domain',
    '- plain.example: matches no address; OpenDKIM wants *@plain.example in a refile',
    '- *@lost.example: there is no usable key nobody in KeyTable',
    '- *@bad.example: there is no usable key broken in KeyTable',
    '! *@b*d.example: not understood; which domains does it match?',
  ]);
});

test('tables without patterns: address, host, domains above, and * last', () => {
  const tables =
    'KeyTable csl:k1=%:s1:/k,k2=x.example:s2:/k,k3=y.example:s3:/k\n' +
    'SigningTable csl:*=k3,.a.example=k2,joe@a.example=k1,*@b.example=k1\n';
  assert.deepEqual(lines(tables, { '/k': '' }), [
    '*: s3 of y.example /k',
    'y.example: s3 of y.example /k',
    '*.a.example: s2 of x.example /k',
    'joe@a.example: s1 of a.example /k',
    '- joe@a.example: OpenDKIM signed only this address; Postern signs the whole domain',
    '- *@b.example: matches no address; only refile: has patterns',
  ]);
  assert.match(lines(`${tables}MultipleSignatures T\n`)[3] ?? '', /s1 of a\..* \+ s3 of y\./);
});

test('a first letter is enough for a setting that is on', () => {
  const tables = `KeyTable csl:a=x.example:s1:/k1,b=x.example:s2:/k2
SigningTable csl:x.example=a,*=b`;
  for (const value of ['Yes', 'yes', 'true', 'T', '1', 'y']) {
    assert.match(lines(`${tables}\nMultipleSignatures ${value}`)[0] ?? '', /s1 .* \+ s2/, value);
  }
  for (const value of ['No', 'false', '0']) {
    assert.doesNotMatch(lines(`${tables}\nMultipleSignatures ${value}`)[0] ?? '', /s2/, value);
  }
});

test('Include, BaseDirectory, ChangeRootDirectory, Mode', () => {
  const table = { '/base/K': 'k a.example:s:./keys/a\n', '/base/S': '*@a.example k\n' };
  const based = 'BaseDirectory /base\nKeyTable file:K\nSigningTable refile:S\n';
  assert.deepEqual(lines(based, table), ['a.example: s of a.example /base/keys/a']);
  assert.deepEqual(lines('Include /c\nMode sv', { ...table, '/c': based }), [
    'a.example: s of a.example /base/keys/a',
  ]);
  assert.deepEqual(lines('Include /c\nInclude /d', { '/c': 'Include /c' }), [
    '- neither KeyTable nor Domain, Selector and KeyFile are set, so nothing was signed',
    '! Include /c: cannot be read',
    '! Include /d: cannot be read',
  ]);
  const rooted = { ...table, '/jail/base/keys/a': '' };
  assert.deepEqual(lines(`ChangeRootDirectory /jail\n${based}`, rooted), [
    'a.example: s of a.example /jail/base/keys/a',
  ]);
  assert.deepEqual(lines(`${based}Mode v`, table), [
    '- Mode v: OpenDKIM only verifies, so it signed nothing',
  ]);
});

test('addresses of one domain with several keys: what Postern does not do is named', () => {
  const texts = {
    '/kt': 'k1 a.example:s1:/1\nk2 b.example:s2:/2\nk3 c.example:s3:/3\n',
    '/st': 'joe@a.example k1\nann@a.example k2\nnews@c.example k2\n*@c.example k3\n',
  };
  const all = lines('KeyTable /kt\nSigningTable refile:/st\n', texts);
  assert.deepEqual(
    all.filter((line) => !/only this address/.test(line)),
    [
      'joe@a.example: s1 of a.example /1',
      'c.example: s3 of c.example /3',
      '- ann@a.example: OpenDKIM signed its mail with s2 of b.example; ' +
        'Postern signs all mail of a.example with s1 of a.example',
      '- news@c.example: OpenDKIM signed its mail with s2 of b.example; ' +
        'Postern signs all mail of c.example with s3 of c.example',
    ],
  );
});

test('a file that includes itself is read a hundred times at most', () => {
  let read = 0;
  const files = {
    text: () => {
      read++;
      return 'Include /loop\n'.repeat(100);
    },
    names: () => undefined,
  };
  const { gaps } = opendkimSetup('Include /loop\n', files);
  assert.ok(read <= 100, `${read}`);
  assert.equal(gaps.at(-1), 'Include: more than 100 files, not all are read');
});

test('% as the name of a key, and one key for all domains', () => {
  assert.deepEqual(lines('KeyTable csl:a.example=%:s:/k\nSigningTable csl:*=%'), [
    'a.example: s of a.example /k',
  ]);
  assert.match(
    lines('KeyTable csl:k=%:s:/k.pem\nSigningTable csl:*=k')[0] ?? '',
    /^! \*: signs mail of every domain .* import file \/k\.pem --domain DOMAIN --selector s$/,
  );
  assert.match(
    lines('Domain *\nSelector s\nKeyFile /k')[0] ?? '',
    /^! Domain \*: signs mail of every/,
  );
});

test('one key for one domain, or for several', () => {
  const single = (domain: string): readonly string[] =>
    lines(`Domain ${domain}\nKEYFILE /etc/dkimkeys/dkim.private\nSelector 2023\n`);
  assert.deepEqual(single('Example.COM'), [
    'example.com: 2023 of example.com /etc/dkimkeys/dkim.private',
  ]);
  assert.deepEqual(single('a.example, b.example\nSubDomains yes'), [
    'a.example: 2023 of a.example /etc/dkimkeys/dkim.private',
    '*.a.example: 2023 of a.example /etc/dkimkeys/dkim.private',
    'b.example: 2023 of b.example /etc/dkimkeys/dkim.private',
    '*.b.example: 2023 of b.example /etc/dkimkeys/dkim.private',
  ]);
  assert.match(lines('')[0] ?? '', /^- neither KeyTable nor/);
});

test('what is not read is named', () => {
  assert.deepEqual(
    lines('KeyTable ldap://x/dc=y\nSigningTable /etc/s.db\nSetupPolicyScript /x.lua\nFoo bar'),
    [
      '- foo bar: OpenDKIM has no such setting',
      '! SetupPolicyScript /x.lua: decides in Lua which keys sign, which is not read',
      '! KeyTable ldap://x/dc=y: ldap is not supported; write the rows into a file',
      '! SigningTable /etc/s.db: db is not supported; write the rows into a file',
    ],
  );
});

test('kinds of data sets', () => {
  for (const [text, kind] of [
    ['/etc/a', 'file'],
    ['file:/etc/a', 'file'],
    ['refile:/etc/a', 'refile'],
    ['csl:a,b', 'list'],
    ['example.com', 'list'],
    ['db:/etc/a.db', 'unsupported'],
    ['/etc/a.db', 'unsupported'],
    ['ldap://ldap.example/dc=x', 'unsupported'],
    ['dsn:mysql://u@h/d', 'unsupported'],
    ['lua:/etc/a.lua', 'unsupported'],
  ] as const) {
    assert.equal(parseDataSet(text).kind, kind, text);
  }
});

test('whatever the file says, it is read', () => {
  const word = fc.constantFrom(
    'KeyTable ',
    'SigningTable ',
    'Domain ',
    'Include /a',
    'refile:/a',
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
  const text = fc.array(fc.oneof(word, fc.string({ maxLength: 5 }))).map((all) => all.join(''));
  fc.assert(
    fc.property(text, text, (one, other) => {
      const { froms, signaturesOf } = opendkimSetup(one, disk({ '/a': other }));
      for (const from of froms) signaturesOf(authorFor(from));
    }),
  );
});
