import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rspamdFolderSetup, rspamdSetup } from './rspamd-signer.ts';
import { authorFor, type SetupFiles, type SignerSetup } from './signer-setup.ts';

const folders = new Map<string, readonly string[]>(
  Object.entries({
    '/var/lib/rspamd/dkim': [
      'example.com.dkim.key',
      'example.com.old.key',
      'mapped.example.m1.key',
      'mapped.example.dkim.key',
      'note.txt',
    ],
    '/conf.d': ['1.conf', '2.conf', 'note.txt'],
    '/k': ['a.example', 'b.example', 'note.txt'],
    '/k/a.example': ['mail.private'],
    '/k/b.example': ['mail.private', 'old.private'],
  }),
);
const texts = new Map(
  Object.entries({
    '/etc/rspamd/dkim_selectors.map':
      '# domain selector\nmapped.example m1\nnofile.example n1\n* x\n',
    '/etc/rspamd/dkim_paths.map': 'placed.example /srv/$selector/placed.key\n',
    '/etc/rspamd/local.d/dkim_signing.conf': 'selector = "local"; path = "/l/$domain.key";',
    '/etc/rspamd/override.d/dkim_signing.conf':
      'domain { o.example { path = "/o.key" } }\npath = "/x";',
    '/var/lib/rspamd/dynamic/dkim_signing.conf': 'path = "/dynamic.key";',
    '/conf.d/1.conf': 'domain { one.example { path = "/one" } }',
    '/conf.d/2.conf': 'domain { two.example { path = "/two" } }',
    '/sign': '*@a.example k\njoe@joe.example %\n*@*.a.example k\n',
    '/paths':
      'a.example /my keys/a.key # first\n"b.example" "/my keys/b.key"\n\n' +
      '# c.example /c\nd.example\n',
    '/many': 'k1 a.example:s1:/k/1.key\nk10 b.example:s10:/k/10.key\nx c.example:x:/k/x.key\n',
    '/sign-many': '*@a.example k1\n*@B.example k10\n',
    '/sign-all': '*@a.example k1\n*@* x\n',
    '/spaces': 'k a.example:s:/my keys/a.key\n',
    '/keys': 'k a.example:s:/k/a.key\njoe.example joe.example:j:/k/j.key\n',
  }),
);
const files: SetupFiles = {
  names: (folder) => folders.get(folder),
  text: (path) => texts.get(path),
};
const organisation = (domain: string): string => domain.split('.').slice(-2).join('.');

function shown({ froms, signaturesOf, notes, gaps }: SignerSetup): readonly string[] {
  const keys = froms.map((from) => {
    const by = signaturesOf(authorFor(from)).map(({ domain, selector, key }) => {
      const place =
        key.kind === 'file' ? key.path : key.kind === 'text' ? `text ${key.text}` : key.where;
      return `${selector} of ${domain} ${place}`;
    });
    const user = from.user === undefined ? '' : `${from.user}@`;
    return `${user}${from.host}: ${by.join(' + ') || 'none'}`;
  });
  return [...keys, ...notes.map((note) => `- ${note}`), ...gaps.map((gap) => `! ${gap}`)];
}
const lines = (text: string, path = '/etc/rspamd/x.conf'): readonly string[] =>
  shown(rspamdSetup({ path, text }, files, organisation));

test('as its documentation has it: a template, maps and domains of their own', () => {
  assert.deepEqual(
    lines(`
# If false, messages with empty envelope from are not signed
allow_envfrom_empty = true;
path = "/var/lib/rspamd/dkim/$domain.$selector.key";
selector = "dkim";
selector_map = "$LOCAL_CONFDIR/dkim_selectors.map";
path_map = "/etc/rspamd/dkim_paths.map";
use_domain_sign_networks = "header"; /* a comment
over lines */
domain {
  # Domain name is used as key
  own.example {
    path = "/srv/keys/own.key";
    selector = "Own1";
  }
  both.example {
    selectors [
      { path: "/srv/keys/rsa.key"; selector: "r1" },
      { path = "/srv/keys/$domain.ed.key"; selector = "e1"; }
    ]
  }
}
domain "quoted.example" { selector = "q" }
`),
    [
      'own.example: own1 of own.example /srv/keys/own.key',
      'both.example: r1 of both.example /srv/keys/rsa.key + ' +
        'e1 of both.example /srv/keys/both.example.ed.key',
      'quoted.example: q of quoted.example /var/lib/rspamd/dkim/quoted.example.q.key',
      'placed.example: dkim of placed.example /srv/dkim/placed.key',
      'mapped.example: m1 of mapped.example /var/lib/rspamd/dkim/mapped.example.m1.key',
      'nofile.example: n1 of nofile.example /var/lib/rspamd/dkim/nofile.example.n1.key',
      'example.com: dkim of example.com /var/lib/rspamd/dkim/example.com.dkim.key',
      '- selector_map: a line with * matches no domain, ' +
        'because the keys of this map are no patterns',
    ],
  );
});

test('the defaults, a block around it, and what is not read', () => {
  assert.deepEqual(lines(''), [
    'example.com: dkim of example.com /var/lib/rspamd/dkim/example.com.dkim.key',
    'mapped.example: dkim of mapped.example /var/lib/rspamd/dkim/mapped.example.dkim.key',
  ]);
  assert.deepEqual(lines('dkim_signing {\n selector old\n enabled = false\n}'), [
    '- the module is switched off (enabled = false), so rspamd signed nothing',
  ]);
  assert.deepEqual(lines('use_redis = false; domain { a.example { path = "/a" } }'), [
    'a.example: dkim of a.example /a',
    'example.com: dkim of example.com /var/lib/rspamd/dkim/example.com.dkim.key',
    'mapped.example: dkim of mapped.example /var/lib/rspamd/dkim/mapped.example.dkim.key',
  ]);
  assert.deepEqual(lines('use_redis = true; domain { a.example { selector = "s" } }'), [
    'a.example: s of a.example in Redis (HGET dkim_keys s.a.example)',
    '! use_redis: keys in Redis are not read, so their domains are not known here; save each key ' +
      'to a file and run postern dkim import file',
  ]);
  assert.deepEqual(
    lines('try_fallback = false; new_thing = 1;\nsign_condition =<<EOD\npath = "/x";\nEOD;\n'),
    [
      '- new_thing: this setting of rspamd is not known here',
      '! sign_condition: a Lua function decides which key signs, and is not read',
    ],
  );
});

test('a folder for each domain', () => {
  assert.deepEqual(lines('path = "/k/$domain/$selector.private"; selector = "mail";'), [
    'a.example: mail of a.example /k/a.example/mail.private',
    'b.example: mail of b.example /k/b.example/mail.private',
  ]);
  assert.deepEqual(lines(`path = "/k/\${domain}/old.private"; selector = "x";`), [
    'b.example: x of b.example /k/b.example/old.private',
  ]);
});

test('one key for every domain, and one domain for all mail', () => {
  assert.match(
    lines('path = "/k/a.example/mail.private";')[0] ?? '',
    /^! path .*: signs mail of every domain with one key; .* --selector dkim$/,
  );
  assert.deepEqual(
    lines('use_domain = "a.example"; path = "/k/$domain/mail.private"').slice(0, 2),
    [
      '*: dkim of a.example /k/a.example/mail.private',
      'a.example: dkim of a.example /k/a.example/mail.private',
    ],
  );
});

test('the organisation signs for domains below it, unless use_esld is off', () => {
  const conf =
    'try_fallback = false; domain { a.example { path = "/a" } sub.a.example { path = "/s" } }';
  assert.deepEqual(lines(conf), [
    'a.example: dkim of a.example /a',
    'sub.a.example: dkim of a.example /a',
    '- sub.a.example: rspamd signs its mail as a.example (use_esld), not with a key of its own',
  ]);
  assert.equal(lines(`use_esld = false; ${conf}`)[1], 'sub.a.example: dkim of sub.a.example /s');
});

test('files that include each other: by priority, try, glob', () => {
  const include = (options: string, path: string): string => `.include${options} "${path}"\n`;
  const packaged =
    'dkim_signing {\n selector = "dkim"; path = "/p/$domain.key"; try_fallback = false;\n' +
    include('(try=true,priority=5)', `\${DBDIR}/dynamic/none.conf`) +
    include('(try=true,priority=1,duplicate=merge)', '$LOCAL_CONFDIR/local.d/dkim_signing.conf') +
    include('(try=true; priority=10)', '$LOCAL_CONFDIR/override.d/none.conf') +
    ' domain { a.example {} }\n}\n';
  assert.deepEqual(lines(packaged), ['a.example: none']);
  const named = packaged.replace('a.example {}', 'a.example { selector = "s" }');
  assert.deepEqual(lines(named), ['a.example: s of a.example /l/a.example.key']);
  const overridden = named.replace('dynamic/none', 'dynamic/dkim_signing');
  assert.deepEqual(lines(overridden), ['a.example: s of a.example /dynamic.key']);
  const local = texts.get('/etc/rspamd/local.d/dkim_signing.conf') ?? '';
  assert.deepEqual(lines(local, '/etc/rspamd/local.d/dkim_signing.conf'), [
    'o.example: local of o.example /o.key',
  ]);
  assert.deepEqual(
    lines(include('', '/nowhere')).at(-1),
    '! .include /nowhere: /nowhere cannot be read',
  );
  assert.deepEqual(lines('try_fallback = no;\n.include(glob=true) "/conf.d/*.conf"\n'), [
    'one.example: dkim of one.example /one',
    'two.example: dkim of two.example /two',
  ]);
  assert.deepEqual(lines('.inherit "x"\n').at(-1), '! .inherit x: is not read');
});

test('tables in the form of OpenDKIM', () => {
  assert.deepEqual(lines('signing_table = "/sign"; key_table = "/keys";'), [
    'a.example: s of a.example /k/a.key',
    'joe@joe.example: j of joe.example /k/j.key',
    '*.a.example: s of a.example /k/a.key',
    '- joe@joe.example: rspamd signed only this address; Postern signs the whole domain',
  ]);
});

test('tables in which a line fits other names too', () => {
  const conf = (name: string): string => `signing_table = "/${name}"; key_table = "/many";`;
  assert.deepEqual(lines(conf('sign-many')), [
    'a.example: s1 of a.example /k/1.key',
    'b.example: s1 of a.example /k/1.key',
    '- signing_table: 1 with capitals, such as *@B.example: rspamd signs only mail whose From ' +
      'has the same capitals; Postern signs all mail of the domain',
    '- key_table: 1 names are found by another name that is a part of them, such as k10 by k1: ' +
      'rspamd signs with the key of k1',
  ]);
  assert.deepEqual(lines(conf('sign-all')).slice(-1), [
    '! signing_table: which line counts is not certain for 1, such as a.example: rspamd with ' +
      'Hyperscan takes the line of *@*, without it an earlier line; see with --compare, or give ' +
      'each name a line that fits no other',
  ]);
});

test('values with blanks, and lines without a value', () => {
  assert.deepEqual(lines('try_fallback = false; selector = "s"; path_map = "/paths";'), [
    'a.example: s of a.example /my keys/a.key',
    'b.example: s of b.example /my keys/b.key',
    '! path_map: lines without a value that can be read: 1',
  ]);
  assert.equal(
    lines('signing_table = "/sign"; key_table = "/spaces";')[0],
    'a.example: s of a.example /my keys/a.key',
  );
});

test('a folder of keys', () => {
  assert.deepEqual(shown(rspamdFolderSetup('/var/lib/rspamd/dkim/', files)), [
    'example.com: dkim of example.com /var/lib/rspamd/dkim/example.com.dkim.key + ' +
      'old of example.com /var/lib/rspamd/dkim/example.com.old.key',
    'mapped.example: m1 of mapped.example /var/lib/rspamd/dkim/mapped.example.m1.key + ' +
      'dkim of mapped.example /var/lib/rspamd/dkim/mapped.example.dkim.key',
  ]);
});

test('whatever the file says, it is read, and soon', () => {
  const words = [
    'domain',
    'path',
    '{',
    '}',
    '[',
    ']',
    '=',
    ':',
    ';',
    '"',
    "'",
    '#',
    '/*',
    '\n',
    '\\',
  ];
  const word = fc.constantFrom(...words, '$domain', '__proto__', '.include ', '<<A\n', '"/self"');
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 5 }))), (parts) => {
      for (const text of [parts.join(' '), parts.join('')]) {
        const self = { ...files, text: (path: string) => (path === '/self' ? text : undefined) };
        rspamdSetup({ path: '/x', text }, self, organisation);
      }
    }),
  );
  lines('{'.repeat(100_000));
  lines('a ['.repeat(100_000));
});
