import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checklistItem } from '../../../../test/doubles/checklist.ts';
import { ask, stage, testToken } from '../../../../test/doubles/client.ts';

const headers = { authorization: `Bearer ${testToken}`, 'content-type': 'application/json' };

async function post(
  at: Awaited<ReturnType<typeof stage>>,
  path: string,
  value: unknown,
): Promise<{ readonly status: number; readonly text: string }> {
  return ask(at.door, path, { method: 'POST', headers, body: JSON.stringify(value) });
}

test('the list is served in order, with the next steps, and no secrets of the door', async () => {
  await using at = await stage('quiet');
  const answer = await ask(at.door, '/api/checklist', { headers });
  assert.equal(answer.status, 200);
  const { broken, items, last, next } = JSON.parse(answer.text) as {
    readonly broken: number;
    readonly items: readonly { readonly id: string; readonly state: string }[];
    readonly last: { readonly by: string };
    readonly next: readonly string[];
  };
  assert.equal(last.by, 'nightly check');
  assert.equal(broken, 2);
  assert.deepEqual(next, ['signing.published', 'logins.tls', 'postfix.recipients']);
  assert.deepEqual(
    items.map(({ state }) => state).filter((state, nth, all) => state !== all[nth - 1]),
    ['broken', 'missing', 'unknown', 'done', 'not needed'],
  );
  assert.equal((await ask(at.door, '/api/checklist')).status, 401);
});

test('what is acknowledged is no next step and not counted as broken', async () => {
  await using at = await stage('quiet');
  const asked = { id: 'signing.published', days: 30, note: 'moving', by: 'ann' };
  assert.equal((await post(at, '/api/checklist/ack', asked)).status, 200);
  const { text } = await ask(at.door, '/api/checklist', { headers });
  const { broken, next } = JSON.parse(text) as { broken: number; next: readonly string[] };
  assert.deepEqual([broken, next[0]], [1, 'logins.tls']);
  const acks = JSON.parse((await ask(at.door, '/api/checklist/acks', { headers })).text);
  assert.deepEqual([acks.length, acks[0].by, acks[0].note], [1, 'ann', 'moving']);
});

test('wrong reports and acknowledgements are refused with the reason', async () => {
  await using at = await stage('quiet');
  const run = 'r1';
  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ['/api/checklist/ack', { id: 'dns.spf', days: 731 }, /days/],
    ['/api/checklist/ack', { id: 'a b', days: 1 }, /is not the id of an item/],
    ['/api/checklist/ack', { id: 'dns.spf', days: 1, more: 1 }, /more/],
    ['/api/checklist', { run, items: [checklistItem('a', { title: 'x\u001b[2J' })] }, /control/],
    ['/api/checklist', { run, items: [{ ...checklistItem('a'), state: 'fine' }] }, /state/],
    ['/api/checklist', { run, items: Array(201).fill(checklistItem('a')) }, /items/],
  ];
  for (const [path, value, why] of wrong) {
    const { status, text } = await post(at, path, value);
    assert.equal(status, 400, text);
    assert.match(text, why);
  }
  const items = [checklistItem('a', { fix: 'first line\nsecond line' })];
  assert.equal((await post(at, '/api/checklist', { run, items })).status, 200);
  assert.equal((await ask(at.door, '/api/checklist/history?limit=0', { headers })).status, 400);
  assert.equal((await ask(at.door, '/api/checklist/history?id=a', { headers })).status, 200);
});
