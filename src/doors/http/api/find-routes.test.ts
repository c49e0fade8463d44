/** Messages and incidents over HTTP: signed in only, with limits, and refused with a sentence. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, bearer, stage } from '../../../../test/doubles/client.ts';
import type { IncidentReport } from '../../../core/incidents/report.ts';
import type { ExplainAnswer, FindAnswer, IncidentDetail } from '../../../ports/asking.ts';

test('nobody without the token finds anything', async () => {
  await using at = await stage('hijack');
  for (const path of [
    '/api/find?q=parcel',
    '/api/incidents',
    '/api/incidents/i-1',
    '/api/incidents/i-1/report',
  ]) {
    assert.equal((await ask(at.door, path)).status, 401, path);
  }
});

test('find, explain and incidents answer what the admin knows', async () => {
  await using at = await stage('hijack');
  const read = async (path: string) => (await ask(at.door, path, { headers: bearer })).json();
  const found = (await read('/api/find?q=parcel&limit=2')) as FindAnswer;
  assert.deepEqual([found.found.length, found.more], [2, true]);
  const since = '2026-09-21T14:08:00Z';
  const late = (await read(`/api/find?subject=parcel&since=${since}`)) as FindAnswer;
  assert.deepEqual(
    late.found.map(({ id }) => id),
    ['4bXl2T7wQzz2', '4bXl1T7wQzz1'],
  );
  const explained = (await read('/api/explain/4bXk0T0wQzz0')) as ExplainAnswer;
  assert.equal(explained.fate?.told.brief, 'delivered');
  const incident = (await read('/api/incidents/i-1')) as IncidentDetail;
  assert.deepEqual(incident.marks, { thief: 3, owner: 1, unclear: 0 });
  assert.deepEqual(
    incident.lanes.map(({ name, share }) => `${name} ${share}`),
    ['Gmail 0.92'],
  );
  const report = (await read('/api/incidents/i-1/report?to=abuse')) as IncidentReport;
  assert.deepEqual([report.to, report.samples.length], ['abuse', 3]);
});

const refused: readonly (readonly [string, number, RegExp])[] = [
  ['/api/find?q=x&limit=1001', 400, /limit/],
  ['/api/find?q=x&since=soon', 400, /since/],
  [`/api/find?q=${'x'.repeat(1_001)}`, 400, /q/],
  ['/api/find?q=a%0ab', 400, /control characters/],
  ['/api/explain/nothing', 404, /no such message/],
  ['/api/incidents/i-9', 404, /no such incident/],
  ['/api/incidents/i-9/report', 404, /no such incident/],
  ['/api/incidents/i-1/report?to=all', 400, /to/],
];
for (const [path, status, text] of refused) {
  test(`${path.slice(0, 40)}: ${status}`, async () => {
    await using at = await stage('hijack');
    const answer = await ask(at.door, path, { headers: bearer });
    assert.equal(answer.status, status);
    assert.match(answer.text, text);
  });
}
