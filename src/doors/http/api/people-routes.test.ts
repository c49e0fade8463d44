/** Announced mailings and imports over HTTP: what reaches the admin, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, bearer, stage } from '../../../../test/doubles/client.ts';

const post = (body: unknown) => ({ method: 'POST', headers: bearer, body: JSON.stringify(body) });
const club = '/api/accounts/club%40example.org';
const part = { addresses: ['a@b.example'], source: 'x.vcf' };

test('the lists', async () => {
  await using at = await stage();
  const mailings = await ask(at.door, '/api/mailings', { headers: bearer });
  assert.equal((mailings.json() as readonly { readonly left: number }[])[0]?.left, 180);
  const imports = await ask(at.door, '/api/imports?limit=9', { headers: bearer });
  assert.equal((imports.json() as readonly { readonly id: number }[])[0]?.id, 3);
});

const taken = [
  [
    `${club}/expect`,
    { recipients: 300, until: '2099-01-01T00:00:00Z', note: 'n', by: 'op' },
    'expect club@example.org 300 true false n op',
  ],
  [`${club}/cancel`, {}, 'cancel club@example.org  command line'],
  [`${club}/import`, part, 'import club@example.org new a@b.example x.vcf false command line'],
  [
    `${club}/import`,
    { ...part, id: 4, dryRun: true, by: 'op' },
    'import club@example.org 4 a@b.example x.vcf true op',
  ],
  ['/api/imports/undo', { id: 3, by: 'op' }, 'undo 3 op'],
] as const;
for (const [path, body, call] of taken) {
  test(call, async () => {
    await using at = await stage();
    const answer = await ask(at.door, path, post(body));
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(at.calls, [call]);
  });
}

const refused = [
  [`${club}/expect`, { recipients: 0, until: 9e12 }],
  [`${club}/expect`, { recipients: 2.5, until: 9e12 }],
  [`${club}/expect`, { recipients: 3 }],
  [`${club}/expect`, { recipients: 3, until: 'soon' }],
  [`${club}/expect`, { recipients: 3, until: 9e12, all: true }],
  [`${club}/cancel`, { note: 'x'.repeat(501) }],
  [`${club}/import`, { ...part, addresses: [] }],
  [`${club}/import`, { ...part, addresses: Array(501).fill('a@b.example') }],
  [`${club}/import`, { ...part, addresses: ['x'.repeat(1_025)] }],
  [`${club}/import`, { ...part, addresses: [7] }],
  [`${club}/import`, { ...part, id: 0 }],
  [`${club}/import`, { ...part, by: 'a\nb' }],
  ['/api/imports/undo', {}],
] as const;
for (const [path, body] of refused) {
  test(`${path} refuses ${JSON.stringify(body).slice(0, 60)}`, async () => {
    await using at = await stage();
    const answer = await ask(at.door, path, post(body));
    assert.deepEqual([answer.status, at.calls], [400, []]);
  });
}

test('without the token nobody announces or imports anything', async () => {
  await using at = await stage();
  for (const path of [`${club}/expect`, `${club}/import`, '/api/imports/undo']) {
    const answer = await ask(at.door, path, { method: 'POST', body: JSON.stringify(part) });
    assert.equal(answer.status, 401, path);
  }
  assert.deepEqual(at.calls, []);
});
