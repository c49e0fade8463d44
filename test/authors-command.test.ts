/** `postern accounts may-write-as`: from a ledger, and to a guard that runs. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Account } from '../src/core/account-name.ts';
import { openLedger } from '../src/ledger/sqlite/open.ts';
import { dayMs } from '../src/lib/time.ts';
import type { AuthorsView } from '../src/ports/authors.ts';
import { postern, type StateFolder, stateFolder } from './command-line.ts';
import { ask, bearer, type Stage, stage, testToken } from './doubles/client.ts';
import { at, mayWriteAsRow, writtenAsRow } from './ledger/samples.ts';

const mayWriteAs = (state: StateFolder, ...words: readonly string[]) =>
  postern('accounts', 'may-write-as', ...words, '--state', state.path);

async function filled(): Promise<StateFolder> {
  const state = await stateFolder();
  const ledger = openLedger(join(state.path, 'ledger.db'));
  const script = 'script:/var/www/my shop/a.php' as Account;
  const observation = JSON.stringify({ from: 1, until: 1 + 14 * dayMs, isEndTold: true });
  ledger.write(
    [
      { kind: 'may-write-as', row: mayWriteAsRow() },
      { kind: 'may-write-as', row: mayWriteAsRow({ address: '@gone.test', removedAt: at(9) }) },
      { kind: 'written-as', row: writtenAsRow() },
      { kind: 'written-as', row: writtenAsRow({ account: script, messages: 70 }) },
      { kind: 'meta', key: 'authors.observation', value: observation },
    ],
    { durable: true },
  );
  ledger.close();
  return state;
}

test('without an observation, --suggest says where to look', async () => {
  await using state = await stateFolder();
  openLedger(join(state.path, 'ledger.db')).close();
  const { out } = await mayWriteAs(state, '--suggest');
  assert.match(
    out,
    /^# There was no observation: .*\n# What leaves unsigned now: postern status\n$/,
  );
});

test('declarations and suggestions from a ledger', async () => {
  await using state = await filled();
  const list = await mayWriteAs(state, '--list');
  assert.equal(
    list.out,
    'ACCOUNT          MAY WRITE AS      SINCE                 BY  NOTE\n' +
      'joe@example.org  info@example.com  1970-01-01 00:00:16Z  op  asked\n',
  );
  assert.equal((await mayWriteAs(state, '--list', 'Joe@example.org')).out, list.out);
  assert.equal((await mayWriteAs(state, '--list', 'a@b.test')).out, 'Nothing is declared.\n');
  const { out } = await mayWriteAs(state, '--suggest');
  assert.equal(
    out,
    `# Observed since 1970-01-01 00:00:00Z, ended 1970-01-15 00:00:00Z.
# 70 messages on 2 days, last 1970-01-01 00:00:17Z
postern accounts may-write-as 'script:/var/www/my shop/a.php' @example.net
# 9 messages on 2 days, last 1970-01-01 00:00:17Z; \
look at it first, a login wrote as many addresses of example.net
# postern accounts may-write-as joe@example.org @example.net
`,
  );
  const json = await mayWriteAs(state, '--suggest', '--json');
  const { suggestions } = JSON.parse(json.out) as AuthorsView;
  assert.deepEqual(
    suggestions.map(({ messages }) => messages),
    [70, 9],
  );
});

async function running(): Promise<{ readonly state: StateFolder; readonly at: Stage }> {
  const door = await stage();
  const doors = { milter: 'off', policy: 'off', http: door.door.address };
  return { state: await stateFolder({ doors, token: testToken } as never), at: door };
}

const acts = [
  [['joe@a.test', 'ceo@b.test'], 'declare joe@a.test as ceo@b.test  done by '],
  [['@a.test', '@b.test', '--note', 'n'], 'declare @a.test as @b.test n done by '],
  [['joe@a.test', 'ceo@b.test', '--dry-run'], 'declare joe@a.test as ceo@b.test  dry by '],
  [['joe@a.test', 'ceo@b.test', '--remove'], 'remove joe@a.test as ceo@b.test by '],
  [['--observe', '14d'], `observe ${14 * dayMs} by `],
  [['--observe', 'off'], 'observe 0 by '],
] as const;
for (const [words, call] of acts) {
  test(`postern accounts may-write-as ${words.join(' ')}`, async () => {
    const { state, at: door } = await running();
    const { exit, err } = await mayWriteAs(state, ...words);
    assert.equal(exit, 0, err);
    assert.ok(door.calls[0]?.startsWith(call), door.calls[0]);
    await door[Symbol.asyncDispose]();
    await state[Symbol.asyncDispose]();
  });
}

test('a list that --suggest printed is accepted; one wrong line refuses all', async () => {
  const { state, at: door } = await running();
  const file = join(state.path, 'list.txt');
  const printed = await (async () => {
    await using stored = await filled();
    return (await mayWriteAs(stored, '--suggest')).out;
  })();
  await writeFile(file, printed);
  const { exit, err } = await mayWriteAs(state, '--accept', file);
  assert.equal(exit, 0, err);
  assert.match(
    door.calls[0] ?? '',
    /^declare script:\/var\/www\/my shop\/a.php as @example.net {2}done /,
  );
  for (const line of ['joe@a.test', 'rm -rf /', 'joe@a.test ceo@b.test --remove', 'a b c']) {
    await writeFile(file, `${printed}${line}\n`);
    assert.equal((await mayWriteAs(state, '--accept', file)).exit, 65, line);
  }
  assert.equal((await mayWriteAs(state, '--accept', '/nonexistent')).exit, 66);
  assert.equal(door.calls.length, 1);
  await door[Symbol.asyncDispose]();
  await state[Symbol.asyncDispose]();
});

test('all that nothing speaks against is accepted at once, or nothing', async () => {
  const { state, at: door } = await running();
  const { exit, out } = await mayWriteAs(state, '--accept');
  assert.deepEqual([exit, out], [0, 'Nothing to declare.\n']);
  for (const words of [['joe@a.test'], ['--list', '--accept'], ['x', '--suggest'], []]) {
    assert.equal((await mayWriteAs(state, ...words)).exit, 64, words.join(' '));
  }
  assert.equal((await mayWriteAs(state, '--observe', '2h')).exit, 64);
  await door[Symbol.asyncDispose]();
  await state[Symbol.asyncDispose]();
});

test('over HTTP: what is there, and what is refused', async () => {
  await using door = await stage();
  const view = await ask(door.door, '/api/authors', { headers: bearer });
  assert.deepEqual(Object.keys(view.json() as object), [
    'declarations',
    'observation',
    'suggestions',
  ]);
  for (const [path, body] of [
    ['declare', { pairs: [] }],
    ['declare', { pairs: [{ account: 'joe' }] }],
    ['remove', {}],
    ['observe', { ms: -1 }],
  ] as const) {
    const sent = { method: 'POST', headers: bearer, body: JSON.stringify(body) };
    assert.equal((await ask(door.door, `/api/authors/${path}`, sent)).status, 400, path);
  }
  assert.deepEqual(door.calls, []);
});
