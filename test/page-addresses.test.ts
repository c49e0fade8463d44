/** Which addresses of the status page exist, and what a notice says of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, stage } from './doubles/client.ts';

test('each view has an address that answers with the page, also before the sign-in', async () => {
  await using at = await stage('hijack');
  const page = await ask(at.door, '/');
  for (const path of [
    '/find?q=x',
    '/checklist',
    '/providers',
    '/providers/google',
    '/incidents/i-1',
    '/accounts/a%2Fb%40c',
    '/messages/4bX',
  ]) {
    const answer = await ask(at.door, path);
    assert.equal(answer.status, 200, path);
    assert.equal(answer.text, page.text, path);
    assert.equal(
      answer.headers['content-security-policy'],
      page.headers['content-security-policy'],
    );
    assert.equal(answer.headers['cache-control'], 'no-store', path);
    assert.equal(answer.headers['etag'], undefined, path);
  }
});

test('what is no address of a view is not found, and none leads elsewhere', async () => {
  await using at = await stage('hijack');
  const long = 'x'.repeat(2_000);
  for (const path of [
    '/providers/google/x',
    '/other',
    '/find/x',
    '/providers//evil.example',
    '//evil.example/providers',
    `/incidents/${long}`,
    '/incidents/../../etc/passwd',
    '/page/../incidents',
  ]) {
    const answer = await ask(at.door, path);
    assert.ok([404, 200].includes(answer.status), `${path}: ${answer.status}`);
    assert.equal(answer.headers['location'], undefined, path);
    if (path !== '/page/../incidents') assert.equal(answer.status, 404, path);
  }
});
