import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchMtaStsPolicy } from './mta-sts-policy.ts';

const answers =
  (body: string, status: number): typeof fetch =>
  async () =>
    new Response(body, { status });
const fails =
  (code: string): typeof fetch =>
  async () => {
    throw new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
  };

const rows: readonly (readonly [string, typeof fetch, string])[] = [
  ['a policy', answers('version: STSv1\n', 200), 'text'],
  ['no such file', answers('', 404), 'none'],
  ['a redirect, which senders do not follow', answers('', 301), 'unknown'],
  ['a server in trouble', answers('', 503), 'unknown'],
  ['no such host', fails('ENOTFOUND'), 'none'],
  ['nobody listens', fails('ECONNREFUSED'), 'none'],
  ['a resolver in trouble', fails('EAI_AGAIN'), 'unknown'],
  ['a bad certificate', fails('DEPTH_ZERO_SELF_SIGNED_CERT'), 'unknown'],
];
for (const [name, fetcher, kind] of rows) {
  test(name, async () => {
    assert.equal((await fetchMtaStsPolicy('example.org', { fetcher })).kind, kind);
  });
}

test('who never stops is cut off, who never answers is left', async () => {
  const flood: typeof fetch = async () =>
    new Response(
      new ReadableStream({
        pull: (to) => to.enqueue(new TextEncoder().encode('x'.repeat(60_000))),
      }),
    );
  const long = await fetchMtaStsPolicy('example.org', { fetcher: flood });
  assert.ok(long.kind === 'text' && long.text.length < 200_000);
  const silent: typeof fetch = (_url, init) =>
    new Promise((_resolve, reject) => {
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
    });
  const left = await fetchMtaStsPolicy('example.org', { fetcher: silent, deadlineMs: 10 });
  assert.equal(left.kind, 'unknown');
});
