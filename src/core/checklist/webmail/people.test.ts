/** Whether the guard knows who is behind a webmail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkWebmail, type WebmailFacts } from './people.ts';

const usual: WebmailFacts = {
  hosts: ['192.0.2.20'],
  users: [],
  webUsers: ['www-data', 'web*'],
  counts: { known: 30, nothing: 2, otherProgram: 0 },
};
const none = { known: 0, nothing: 0, otherProgram: 0 };

const rows: readonly (readonly [string, Partial<WebmailFacts>, string, RegExp])[] = [
  ['most are known', {}, 'ok', /known in 30 of 32/],
  ['no mail yet', { counts: none }, 'ok', /no mail yet/],
  ['no guard', { counts: undefined }, 'ok', /no mail yet/],
  ['by XCLIENT, without a named host', { hosts: [] }, 'ok', /known in 30/],
  ['nobody is known', { counts: { ...none, nothing: 10 } }, 'warn', /known in 0 of 10/],
  ['too few to tell', { counts: { ...none, nothing: 9 } }, 'ok', /known in 0 of 9/],
  ['another user', { counts: { ...none, otherProgram: 3 } }, 'warn', /3 messages came from/],
  ['a user of many websites', { users: ['web7'] }, 'warn', /every website of web7/],
];
for (const [why, change, kind, found] of rows) {
  test(`${why}: ${kind}`, () => {
    const finding = checkWebmail({ ...usual, ...change });
    assert.equal(finding?.kind, kind);
    assert.match(finding.found, found);
    assert.equal(finding.fix !== '', kind === 'warn');
  });
}

test('where no webmail is named there is nothing to say', () => {
  assert.equal(checkWebmail({ ...usual, hosts: [], counts: none }), undefined);
});
