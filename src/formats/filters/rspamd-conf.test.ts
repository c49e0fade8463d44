import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rspamdFolderKeys, rspamdKeys } from './rspamd-conf.ts';
import { parseUcl } from './ucl.ts';

const folders: Readonly<Record<string, readonly string[]>> = {
  '/var/lib/rspamd/dkim': [
    'example.com.dkim.key',
    'example.com.old.key',
    'mapped.example.m1.key',
    'mapped.example.dkim.key',
    'note.txt',
  ],
};
const texts: Readonly<Record<string, string>> = {
  '/etc/rspamd/dkim_selectors.map': '# domain selector\nmapped.example m1\nnofile.example n1\n',
  '/etc/rspamd/dkim_paths.map': 'placed.example /srv/$selector/placed.key\n',
};
const reads = {
  names: (folder: string) => folders[folder] ?? [],
  text: (path: string) => texts[path],
};
const lines = (text: string): readonly string[] => {
  const { keys, notes } = rspamdKeys(parseUcl(text), reads);
  const shown = keys.map(
    ({ domain, selector, key }) =>
      `${domain} ${selector} ${key.kind === 'file' ? key.path : key.text}`,
  );
  return [...shown, ...notes.map((note) => `- ${note}`)];
};

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
sign_condition =<<EOD
return function(task) return true end
EOD;
`),
    [
      'own.example own1 /srv/keys/own.key',
      'both.example r1 /srv/keys/rsa.key',
      'both.example e1 /srv/keys/both.example.ed.key',
      'quoted.example q /var/lib/rspamd/dkim/quoted.example.q.key',
      'placed.example dkim /srv/dkim/placed.key',
      'mapped.example m1 /var/lib/rspamd/dkim/mapped.example.m1.key',
      'nofile.example n1 /var/lib/rspamd/dkim/nofile.example.n1.key',
      'example.com dkim /var/lib/rspamd/dkim/example.com.dkim.key',
    ],
  );
});

test('the defaults, a block around it, and what is not read', () => {
  assert.deepEqual(lines(''), [
    'example.com dkim /var/lib/rspamd/dkim/example.com.dkim.key',
    'mapped.example dkim /var/lib/rspamd/dkim/mapped.example.dkim.key',
  ]);
  assert.deepEqual(lines('dkim_signing {\n selector old\n use_redis true;\n enabled = false\n}'), [
    'example.com old /var/lib/rspamd/dkim/example.com.old.key',
    '- use_redis: keys in Redis are not read; put them into files',
    '- the module is switched off (enabled = false)',
  ]);
  assert.deepEqual(lines('path = "/k/$domain/$selector.key"; domain { a.example {} }'), [
    'a.example dkim /k/a.example/dkim.key',
  ]);
});

test('a folder', () => {
  const { keys } = rspamdFolderKeys('/var/lib/rspamd/dkim/', reads);
  assert.deepEqual(
    keys.map(({ domain, selector }) => `${domain} ${selector}`),
    ['example.com dkim', 'example.com old', 'mapped.example m1', 'mapped.example dkim'],
  );
});

test('whatever the file says, it is read, and soon', () => {
  const word = fc.constantFrom(
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
    '$domain',
    '__proto__',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 5 }))), (words) => {
      rspamdKeys(parseUcl(words.join(' ')), reads);
      rspamdKeys(parseUcl(words.join('')), reads);
    }),
  );
  parseUcl('{'.repeat(100_000));
  parseUcl('a ['.repeat(100_000));
});
