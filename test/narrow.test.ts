/** On 60 columns no line of a list is longer, but for a single word, and no word is broken. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { paint } from '../src/commands/terminal/table.ts';
import { encodeProfile, newProfile } from '../src/core/account/profile.ts';
import type { Account } from '../src/core/account-name.ts';
import { openLedger } from '../src/ledger/sqlite/open.ts';
import { postern, stateFolder } from './command-line.ts';
import { accountOf, at, heldRow, storyRow } from './ledger/samples.ts';

const room = 60;
const long = `${'x'.repeat(228)}@example.org` as Account;
let state: Awaited<ReturnType<typeof stateFolder>>;

before(async () => {
  state = await stateFolder();
  const ledger = openLedger(`${state.path}/ledger.db`);
  const accounts = ['joe.weber@example.org' as Account, long];
  ledger.write(
    accounts.flatMap((account, nth) => [
      accountOf(account, { profile: () => encodeProfile(newProfile(at(1_000))) }),
      { kind: 'held' as const, row: heldRow({ queueId: `4bXm${nth}`, account }) },
      {
        kind: 'story' as const,
        row: storyRow({ id: `4bXm${nth}`, account, subject: 'Your parcel is waiting for you' }),
      },
    ]),
    { durable: false },
  );
  ledger.close();
});
after(() => state[Symbol.asyncDispose]());

const lists = [
  ['accounts', 'list'],
  ['held', 'list'],
  ['doctor', '--config', '/dev/null'],
  ['checklist', '--config', '/dev/null'],
] as const;
for (const words of lists) {
  test(`postern ${words.slice(0, 2).join(' ')}`, async () => {
    const whole = (await postern(...words, '--state', state.path)).out;
    process.env['COLUMNS'] = String(room);
    try {
      const { out } = await postern(...words, '--state', state.path);
      assert.notEqual(out, '');
      for (const line of out.split('\n')) {
        // A command is never broken into lines, so that it can be pasted.
        const isWhole = /^ {4}(?:do| {2}) {8}/.test(line) || !/ /.test(line.trim());
        assert.ok(line.length <= room || isWhole, `${line.length} columns: ${line}`);
      }
      const seen = new Set(out.split(/\s+/));
      if (words[0] === 'accounts' || words[0] === 'held') {
        for (const word of whole.split('\n').slice(1).join(' ').split(/\s+/)) {
          assert.ok(seen.has(word), `"${word}" is whole`);
        }
        const short = whole.split('\n').find((line) => line.includes('joe.weber')) ?? '';
        assert.ok(short.length < 228, 'a long name does not pad the other rows');
      }
    } finally {
      delete process.env['COLUMNS'];
      process.exitCode = undefined;
    }
  });
}

test('doctor says the worst first', async () => {
  const { out } = await postern('doctor', '--config', '/dev/null', '--state', state.path);
  process.exitCode = undefined;
  const order = ['FAIL', 'warning', 'unknown', 'ok'];
  const marks = [...out.matchAll(/^(FAIL|warning|unknown|ok) /gm)].map(([, mark = '']) => mark);
  assert.ok(new Set(marks).size >= 3, out);
  assert.deepEqual(
    marks,
    marks.toSorted((one, other) => order.indexOf(one) - order.indexOf(other)),
  );
});

test('colours only at a terminal that has them', () => {
  const { NO_COLOR, TERM } = process.env;
  const painted = (terminal: string, without: string, isTerminal: boolean): boolean => {
    process.stdout.isTTY = isTerminal;
    Object.assign(process.env, { TERM: terminal, NO_COLOR: without });
    return paint('red', 'FAIL') !== 'FAIL';
  };
  try {
    assert.equal(painted('xterm', '', true), true);
    assert.equal(painted('dumb', '', true), false);
    assert.equal(painted('xterm', '1', true), false);
    assert.equal(painted('xterm', '', false), false);
  } finally {
    process.stdout.isTTY = false;
    for (const [name, value] of Object.entries({ NO_COLOR, TERM })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
});
