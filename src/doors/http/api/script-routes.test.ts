/**
 * The register of scripts over HTTP: a valid request reaches the admin as a rule, and others are
 * refused with a sentence.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, bearer, stage } from '../../../../test/doubles/client.ts';

const post = (body: unknown) => ({ method: 'POST', headers: bearer, body: JSON.stringify(body) });
const path = '/var/www/shop/contact.php';

test('the list, and the web user of a connection', async () => {
  await using at = await stage('hijack');
  const list = await ask(at.door, '/api/scripts?like=shop&limit=9', { headers: bearer });
  const { scripts } = list.json() as { readonly scripts: readonly unknown[] };
  assert.equal(scripts.length, 4);
  const whose = '/api/scripts/whose?address=127.0.0.1&port=40001';
  assert.deepEqual((await ask(at.door, whose, { headers: bearer })).json(), { user: 'www-data' });
});

const rules = [
  [
    {
      effect: 'allow',
      path,
      recipients: { kind: 'owner-and-visitor', owners: ['O@Shop.example'] },
    },
    `rule ${path} may send to o@shop.example and one visitor () by command line`,
  ],
  [
    {
      effect: 'allow',
      path: '/var/www/**',
      uid: 1_001,
      note: 'n',
      by: 'op',
      from: ['@shop.example'],
      rate: { messages: 20, perMs: 3_600_000 },
      recipients: { kind: 'listed', entries: ['@*.b.example'] },
    },
    'rule /var/www/** of user number 1001 may send to only @*.b.example, as @shop.example, ' +
      'at most 20 messages within an hour (n) by op',
  ],
  [{ effect: 'deny', path: 'user:joe' }, 'rule user:joe may send nothing () by command line'],
] as const;
for (const [body, call] of rules) {
  test(call, async () => {
    await using at = await stage();
    const answer = await ask(at.door, '/api/scripts/rule', post(body));
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(at.calls, [call]);
  });
}

test('a rule is removed', async () => {
  await using at = await stage();
  await ask(at.door, '/api/scripts/forget', post({ rule: 'r3', by: 'op' }));
  assert.deepEqual(at.calls, ['forget r3 by op']);
});

const refused = [
  ['/api/scripts/rule', { effect: 'allow', path: 'contact.php' }, /path: a path begins with \//],
  ['/api/scripts/rule', { effect: 'allow', path: '/a/../b' }, /no \. or \.\./],
  ['/api/scripts/rule', { effect: 'permit', path }, /effect/],
  ['/api/scripts/rule', { effect: 'allow', path, from: ['nobody'] }, /nobody is not an address/],
  [
    '/api/scripts/rule',
    { effect: 'allow', path, recipients: { kind: 'listed', entries: [] } },
    /entries/,
  ],
  ['/api/scripts/rule', { effect: 'allow', path, rate: { messages: 0, perMs: 1_000 } }, /rate/],
  ['/api/scripts/rule', { effect: 'allow', path: '/a\nb' }, /control characters/],
  ['/api/scripts/forget', {}, /rule/],
] as const;
for (const [route, body, why] of refused) {
  test(`refused: ${JSON.stringify(body)}`, async () => {
    await using at = await stage();
    const answer = await ask(at.door, route, post(body));
    assert.equal(answer.status, 400);
    assert.match(answer.text, why);
    assert.deepEqual(at.calls, []);
  });
}

test('refused: an invalid address of a connection', async () => {
  await using at = await stage();
  const answer = await ask(at.door, '/api/scripts/whose?address=x&port=1', { headers: bearer });
  assert.equal(answer.status, 400);
});
