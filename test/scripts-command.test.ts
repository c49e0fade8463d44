/** `postern scripts` and what it prints: from a ledger, and to a guard that runs. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLedger } from '../src/ledger/sqlite/open.ts';
import type { ScriptListView } from '../src/ports/scripts.ts';
import { postern, type StateFolder, stateFolder } from './command-line.ts';
import { type Stage, stage, testToken } from './doubles/client.ts';
import { at, scriptRuleRow, scriptSeen } from './ledger/samples.ts';

const termin = '/var/www/praxis/termin.php';

async function filled(): Promise<StateFolder> {
  const state = await stateFolder();
  const ledger = openLedger(join(state.path, 'ledger.db'));
  const seen = scriptSeen({
    account: `script:${termin}` as never,
    subject: termin,
    user: 'praxis',
    lastAt: at(20_000),
    messages: 4,
    recipients: 8,
    held: 0,
    odd: 0,
    oddAt: undefined,
    oddText: '',
    to: [
      { key: 'praxis@praxis.example', count: 4 },
      ...['a', 'b', 'c', 'd'].map((one) => ({ key: `${one}@sit.example`, count: 1 })),
    ],
    from: [{ key: 'web@praxis.example', count: 4 }],
  });
  ledger.write(
    [
      { kind: 'script', row: scriptSeen() },
      { kind: 'script', row: seen },
      { kind: 'script-rule', row: scriptRuleRow() },
      { kind: 'script-rule', row: scriptRuleRow({ id: 'r4', removedAt: at(9) }) },
    ],
    { durable: true },
  );
  ledger.close();
  return state;
}

const scripts = (state: StateFolder, ...words: readonly string[]) =>
  postern('scripts', ...words, '--state', state.path);

test('the list: newest mail first, with rules and odd mail', async () => {
  await using state = await filled();
  const { out, exit } = await scripts(state, 'list');
  assert.equal(exit, 0);
  assert.equal(
    out,
    `scripts.mode = "observe": rules hold no mail; this is what was seen.

SCRIPT                      USER    MESSAGES  RECIPIENTS  HELD  ODD  LAST MAIL             \
RULE      WRITES MOSTLY TO
/var/www/praxis/termin.php  praxis         4           8             1970-01-01 00:00:20Z  \
none      praxis@praxis.example (4)
/var/www/shop/contact.php   shop           9          17     1    2  1970-01-01 00:00:12Z  \
r3 allow  owner@shop.example (9)

1 script has no rule; postern scripts show SCRIPT suggests one.
`,
  );
  const odd = await scripts(state, 'list', '--odd', '--json');
  const { scripts: all } = JSON.parse(odd.out) as ScriptListView;
  assert.deepEqual(
    all.map(({ subject }) => subject),
    ['/var/www/shop/contact.php'],
  );
  const none = await scripts(state, 'list', '--odd', '--like', 'termin');
  assert.match(none.out, /^No script sent odd mail: .*\n.*: postern stats --by script\n$/);
  const rules = await scripts(state, 'list', '--rules');
  assert.match(rules.out, /^1 rule; they hold no mail while/);
  assert.match(
    rules.out,
    /r3 +allow +\/var\/www\/shop\/\* +1001 +owner@shop\.example and one visitor/,
  );
});

test('one script: its rule, or the one that would fit', async () => {
  await using state = await filled();
  const { out } = await scripts(state, 'show', termin);
  assert.match(out, /sent +4 messages to 8 recipients/);
  assert.match(
    out,
    new RegExp(
      'This rule would allow what was seen:\\n {2}postern scripts allow ' +
        '/var/www/praxis/termin\\.php --owner ' +
        'praxis@praxis\\.example --from web@praxis\\.example\\n',
    ),
  );
  const ruled = await scripts(state, 'show', '/var/www/shop/contact.php');
  assert.match(ruled.out, /odd +2 messages; last .*: header injection: 2 From fields that differ/);
  assert.match(
    ruled.out,
    /Rule r3, by op: .* \(asked for\)\nTo remove the rule: postern scripts forget r3/,
  );
  const none = await scripts(state, 'show', '/var/www/shop/con.php');
  assert.equal(none.exit, 67);
});

async function running(): Promise<{ readonly state: StateFolder; readonly at: Stage }> {
  const door = await stage();
  const doors = { milter: 'off', policy: 'off', http: door.door.address };
  return { state: await stateFolder({ doors, token: testToken } as never), at: door };
}

const acts = [
  [
    [
      'allow',
      termin,
      '--owner',
      'P@praxis.example',
      '--from',
      '@praxis.example',
      '--rate',
      '20/1h',
    ],
    `rule ${termin} may send to p@praxis.example and one visitor, as @praxis.example, ` +
      'at most 20 messages within an hour () by ',
  ],
  [
    [
      'allow',
      '/var/www/**',
      '--to',
      'a@b.example,@c.example',
      '--to',
      '@*.d.example',
      '--user',
      '0',
    ],
    'rule /var/www/** of user number 0 may send to only ' +
      'a@b.example, @c.example, @*.d.example () by ',
  ],
  [['allow', termin, '--any', '--user', 'root', '--note', 'n'], 'may send to anybody (n) by '],
  [['deny', 'user:games'], 'rule user:games may send nothing () by '],
  [['observe', termin], 'is only watched: to anybody () by '],
  [['forget', 'r3'], 'forget r3 by '],
] as const;
for (const [words, call] of acts) {
  test(`postern scripts ${words.join(' ')}`, async () => {
    const { state, at: door } = await running();
    const { exit, err } = await scripts(state, ...words);
    assert.equal(exit, 0, err);
    assert.ok(door.calls[0]?.includes(call), door.calls[0]);
    await door[Symbol.asyncDispose]();
    await state[Symbol.asyncDispose]();
  });
}

test('a list of addresses in a file; other lines are refused', async () => {
  const { state, at: door } = await running();
  const file = join(state.path, 'members.txt');
  await writeFile(file, '# all\na@b.example\n@c.example, d@e.example\n');
  const { exit } = await scripts(state, 'allow', termin, '--to-file', file);
  assert.equal(exit, 0);
  assert.match(door.calls[0] ?? '', /only a@b\.example, @c\.example, d@e\.example/);
  const wrong = [
    ['allow', termin],
    ['allow', termin, '--any', '--to', 'a@b.example'],
    ['allow', termin, '--owner', 'a@b.example', '--to', 'a@b.example'],
    ['allow', termin, '--to', 'nobody'],
    ['allow', termin, '--to-file', '/nowhere'],
    ['allow', termin, '--any', '--rate', '20'],
    ['allow', termin, '--any', '--user', 'no-such-user'],
    ['allow', 'contact.php', '--any'],
    ['deny', termin, '--any'],
  ];
  for (const words of wrong) {
    const ran = await scripts(state, ...words);
    assert.equal(ran.exit, 64, words.join(' '));
  }
  assert.equal(door.calls.length, 1);
  await door[Symbol.asyncDispose]();
  await state[Symbol.asyncDispose]();
});
