/** Names that nobody knows, and lists that are longer than what is shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { postern, type Ran, stateFolder } from './command-line.ts';
import { stage, testToken } from './doubles/client.ts';

async function asked(...words: readonly string[]): Promise<Ran & { calls: readonly string[] }> {
  await using at = await stage('hijack');
  const doors = { milter: 'off', policy: 'off', http: at.door.address };
  await using state = await stateFolder({ doors, token: testToken });
  return { ...(await postern(...words, '--state', state.path)), calls: at.calls };
}

const until = ['--until', 'tomorrow'] as const;

for (const words of [['suspend'], ['allow', ...until]] as const) {
  const [verb, ...more] = words;
  test(`accounts ${verb} of an unknown name does nothing, and says which are near`, async () => {
    const { calls, err, exit, out } = await asked(
      'accounts',
      verb,
      'joe.webre@example.org',
      ...more,
    );
    assert.deepEqual([exit, out, calls], [67, '', []]);
    assert.equal(
      err,
      'postern: joe.webre@example.org has never sent mail here\n' +
        'postern: did you mean joe.weber@example.org? If it is this one, give --unknown\n',
    );
  });

  test(`accounts ${verb} --unknown asks the guard to do it`, async () => {
    const { calls } = await asked('accounts', verb, 'new@example.org', '--unknown', ...more);
    assert.equal(calls.length, 1);
    assert.match(calls[0] ?? '', new RegExp(`^${verb} new@example.org`));
  });
}

test('a list that is cut says how much there is', async () => {
  const accounts = await asked('accounts', 'list', '--limit', '3');
  assert.match(accounts.out, /\n\n3 of [\d,]+ accounts shown; --limit shows more\.\n$/);
  const some = await asked('accounts', 'list', '--limit', '1', '--only', 'watched');
  assert.match(some.out, /\n\nThe first 1 accounts are shown, and there are more; --limit/);
  const held = await asked('held', 'list', '--limit', '1');
  assert.match(held.out, /1 of \d+ held messages shown; --limit shows more\.\n$/);
  const whole = await asked('accounts', 'list', '--only', 'suspended');
  assert.doesNotMatch(whole.out, /shown/);
});

test('JSON stays one value; that it is cut stands beside it', async () => {
  const { err, out } = await asked('accounts', 'list', '--limit', '2', '--json');
  assert.equal((JSON.parse(out) as unknown[]).length, 2);
  assert.match(err, /^postern: 2 of \d+ accounts shown/);
});

test('--state with a state is still read, with a warning', async () => {
  const { err, exit, out } = await asked('accounts', 'list', '--state', 'suspended');
  assert.equal(exit, 0);
  assert.equal(out.trim().split('\n').length, 2);
  assert.equal(err, 'postern: --state suspended is the old name of --only suspended\n');
});

test('accounts bound says how many strangers a thief reaches, and what lowers it', async () => {
  const { exit, out } = await asked('accounts', 'bound', 'press@example.org');
  assert.equal(exit, 0);
  assert.match(out, /: at most 44 strangers in a day, 136 in a week, 260 in 30 days/);
  assert.match(out, /What lowers it\n/);
  const json = await asked('accounts', 'bound', 'press@example.org', '--json');
  const told = JSON.parse(json.out) as { account: string; most: { day: number } };
  assert.deepEqual([told.account, told.most.day], ['press@example.org', 44]);
  const none = await asked('accounts', 'bound', 'nobody@example.org');
  assert.deepEqual([none.exit, none.out], [67, '']);
});
