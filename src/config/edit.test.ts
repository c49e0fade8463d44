import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withSetting } from './edit.ts';
import { parseConfig } from './load.ts';

const place = { table: 'scan', key: 'spamassassin' };
const address = '"inet:127.0.0.1:783"';
const set = 'spamassassin = "inet:127.0.0.1:783"';

const rows = [
  ['an empty file', '', `[scan]\n${set}\n`],
  ['no such table', 'mode = "observe"\n', `mode = "observe"\n\n[scan]\n${set}\n`],
  [
    'a table with other settings and comments',
    '[scan] # ours\n# a limit\nhold_score = 12\n\n[log]\nlevel = "debug"\n',
    `[scan] # ours\n${set}\n# a limit\nhold_score = 12\n\n[log]\nlevel = "debug"\n`,
  ],
  ['another value', '[scan]\nspamassassin = "off"\nx = 1\n', `[scan]\n${set}\nx = 1\n`],
] as const;
for (const [name, before, after] of rows) {
  test(`set in ${name}, and removed again`, () => {
    assert.equal(withSetting(before, place, address), after);
    assert.equal(withSetting(after, place, address), after);
    if (!before.includes('spamassassin'))
      assert.equal(withSetting(after, place, undefined), before);
  });
}

const mode = { table: '', key: 'mode' };
const topRows = [
  ['an empty file', '', 'mode = "guard"\n'],
  [
    'a file that begins with a table',
    '[log]\nlevel = "info"\n',
    'mode = "guard"\n[log]\nlevel = "info"\n',
  ],
  [
    'a file with another value, comments, and the name in a table',
    '# ours\nmode = "observe"\n\n[scripts]\nmode = "observe"\n',
    '# ours\nmode = "guard"\n\n[scripts]\nmode = "observe"\n',
  ],
] as const;
for (const [name, before, after] of topRows) {
  test(`a setting before all tables, in ${name}`, () => {
    assert.equal(withSetting(before, mode, '"guard"'), after);
    assert.equal(parseConfig(after, 'x').config.mode, 'guard');
    const back = before.startsWith('#') ? '"observe"' : undefined;
    assert.equal(withSetting(after, mode, back), before);
  });
}

const commented = [
  ['mode = "observe" # for a week', 'mode = "guard" # for a week'],
  ["  mode='observe'\t# it\\'s \"ours\"", '  mode="guard"\t# it\\\'s "ours"'],
  ['mode = "a # \\" b"#c', 'mode = "guard"#c'],
  ['mode   =  observe   #', 'mode   =  "guard"   #'],
] as const;
for (const [before, after] of commented) {
  test(`white space and comment stay: ${before}`, () => {
    assert.equal(withSetting(`${before}\nx = 1\n`, mode, '"guard"'), `${after}\nx = 1\n`);
  });
}

test('what is written is what is read; the same name in another table stays', () => {
  const text = withSetting('[notices]\nmail_to = []\n', place, address);
  assert.equal(parseConfig(text, 'x').config.scan.spamassassin, 'inet:127.0.0.1:783');
  const other = '[other]\nspamassassin = 1\n';
  assert.equal(withSetting(other, place, undefined), other);
});
