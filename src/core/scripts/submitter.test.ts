/** Under which name a script's mail is counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { shop, submitter } from '../../../test/doubles/mail.ts';
import { describeSubmitter, scriptAccount, subjectOf } from './submitter.ts';

const cases = [
  ['its owner runs it', {}, `script:${shop}`],
  ['the web server runs it', { uid: 33, user: 'www-data' }, `script:${shop}`],
  ['another person names it', { uid: 1_002, user: 'joe' }, 'user:joe'],
  ['a file that is not there', { scriptOwner: undefined }, 'user:shop'],
  ['no script', { script: '' }, 'user:shop'],
  ['no script, no name', { script: '', user: '' }, 'user:1001'],
] as const;
for (const [name, change, account] of cases) {
  test(name, () => assert.equal(scriptAccount(submitter(change)), account));
}

test('where it came from', () => {
  assert.equal(describeSubmitter(submitter()), 'php-cgi8.4 (process 4711 of shop)');
  assert.equal(
    describeSubmitter(submitter({ executable: '', user: '' })),
    'process 4711 of user number 1001',
  );
});

test('rules are about the path, whoever runs it', () => {
  assert.equal(subjectOf(submitter({ uid: 1_002, user: 'joe' })), shop);
  assert.equal(subjectOf(submitter({ script: '' })), 'user:shop');
});

test('any path becomes a short name without controls, and two paths two names', () => {
  const path = fc.string({ unit: 'binary', minLength: 1, maxLength: 600 });
  fc.assert(
    fc.property(path, path, (one, other) => {
      const names = [one, other].map((script) =>
        scriptAccount(submitter({ script: `/${script}` })),
      );
      for (const name of names) {
        assert.ok(name.length <= 256 && name.isWellFormed(), name);
        assert.doesNotMatch(name, /\p{Cc}/u);
      }
      assert.equal(names[0] === names[1], one === other);
    }),
  );
});
