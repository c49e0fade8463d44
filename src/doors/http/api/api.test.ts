/** The API: each route reaches its method of the admin, or says what was wrong. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import {
  ask,
  bearer,
  signIn,
  stage,
  testMetricsToken,
  testNow,
} from '../../../../test/doubles/client.ts';
import { readOpenMetrics } from '../../../../test/doubles/openmetrics.ts';
import { metrics as listed } from '../../../core/metrics/metrics.ts';

const joe = 'joe.weber%40example.org';
const post = (body?: unknown) => ({
  method: 'POST',
  headers: bearer,
  ...(body === undefined ? {} : { body: JSON.stringify(body) }),
});

describe('reading', () => {
  const cases: readonly (readonly [string, (value: never) => unknown, unknown])[] = [
    ['/api/status', (v: { mode: string }) => v.mode, 'guard'],
    ['/api/accounts?state=suspended', (v: unknown[]) => v.length, 1],
    ['/api/accounts?like=press', (v: { account: string }[]) => v[0]?.account, 'press@example.org'],
    ['/api/accounts?limit=2', (v: unknown[]) => v.length, 2],
    [`/api/accounts/${joe}`, (v: { incidents: unknown[] }) => v.incidents.length, 1],
    ['/api/held?state=held', (v: unknown[]) => v.length, 4],
    [`/api/held?account=${joe}`, (v: unknown[]) => v.length, 3],
    ['/api/held?offset=3', (v: { queueId: string }[]) => v[0]?.queueId, '4bXn9K2pWzz9'],
    ['/api/held-groups', (v: { count: number }) => v.count, 2],
    [
      '/api/held-groups?like=joe',
      (v: { groups: { account: string; messages: number }[] }) => v.groups[0]?.messages,
      3,
    ],
    ['/api/lookup?q=joe.weber', (v: { exact: string }) => v.exact, 'joe.weber@example.org'],
    ['/api/lookup?q=o&limit=2', (v: { accounts: unknown[] }) => v.accounts.length, 2],
    ['/api/lookup?q=4bXm0R7hQzz0', (v: { isMessage: boolean }) => v.isMessage, true],
    ['/api/held/4bXn9K2pWzz9', (v: { held: { why: string } }) => v.held.why, 'verdict'],
    [
      '/api/explain/4bXm0R7hQzz0',
      (v: { story: { subject: string } }) => v.story.subject,
      'Your parcel is waiting',
    ],
    ['/api/recent?limit=5', (v: unknown[]) => v.length, 5],
    ['/api/dkim', (v: { folder: string }) => v.folder, '/var/lib/postern/keys'],
    ['/api/providers', (v: { lanes: { state: string }[] }) => v.lanes[0]?.state, 'blocked'],
    ['/api/providers', (v: { names: Record<string, string> }) => v.names['google'], 'Google'],
    ['/api/providers/google', (v: unknown[]) => v.length, 2],
    ['/api/lane-changes?since=0&until=8000000000000', (v: unknown[]) => v.length, 4],
    ['/api/minutes', (v: unknown[]) => v.length, 120],
    [`/api/audit?account=${joe}`, (v: { action: string }[]) => v[0]?.action, 'suspend'],
    [
      '/api/overview',
      (v: { suspended: { incident: { leakedRecipients: number } }[] }) =>
        v.suspended[0]?.incident.leakedRecipients,
      7,
    ],
  ];
  for (const [path, pick, want] of cases) {
    test(path, async () => {
      await using at = await stage();
      const answer = await ask(at.door, path, { headers: bearer });
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(pick(answer.json() as never), want);
    });
  }
});

describe('acting', () => {
  const until = '2026-10-01T00:00:00Z';
  const cases: readonly (readonly [string, unknown, string])[] = [
    [
      '/api/dkim/new',
      { domain: 'example.org' },
      'make example.org rsa-sha256+ed25519-sha256 any 2048 by command line',
    ],
    [
      '/api/dkim/new',
      { domain: 'a.example', algorithms: ['rsa-sha256'], selector: 's1', bits: 4096, by: 'op' },
      'make a.example rsa-sha256 s1 4096 by op',
    ],
    ['/api/dkim/rotate', { domain: 'example.org' }, 'rotate example.org by command line'],
    [
      '/api/dkim/retire',
      { domain: 'example.org', selector: 's1', compromised: true },
      'retire s1 of example.org compromised by command line',
    ],
    [
      '/api/dkim/use',
      { domain: 'example.org', selector: 's1', note: 'ns2 is dead', by: 'op' },
      'use s1 of example.org ns2 is dead by op',
    ],
    [
      '/api/dkim/adopt',
      { keys: [{ domain: 'example.org', selector: 's1' }], note: 'from opendkim', by: 'op' },
      'adopt s1 of example.org from opendkim by op',
    ],
    [
      `/api/accounts/${joe}/release`,
      { hijacked: true },
      'release joe.weber@example.org by command line note keep held ',
    ],
    [
      `/api/accounts/${joe}/release`,
      // What the command line of version 0.1 sends without an option.
      { by: 'root', note: 'ok', keepHeld: false, falseAlarm: false },
      'release joe.weber@example.org by root note ok',
    ],
    [
      `/api/accounts/${joe}/release`,
      { note: 'newsletter', falseAlarm: true },
      'release joe.weber@example.org by command line note false alarm newsletter',
    ],
    [
      `/api/accounts/${joe}/release`,
      { note: 'new password', keepHeld: true },
      'release joe.weber@example.org by command line note keep held new password',
    ],
    [
      '/api/accounts/press%40example.org/suspend',
      {},
      'suspend press@example.org by command line note ',
    ],
    [
      '/api/accounts/local%3Awww-data%40mail.example.org/suspend',
      {},
      'suspend local:www-data@mail.example.org by command line note ',
    ],
    [
      `/api/accounts/${joe}/allow`,
      { until },
      `allow joe.weber@example.org until ${Date.parse(until)} by command line note `,
    ],
    [
      `/api/accounts/${joe}/allow`,
      { until: testNow, note: 'n' },
      `allow joe.weber@example.org until ${testNow} by command line note n`,
    ],
    ['/api/held/release', { ids: ['4bXn9K2pWzz9'] }, 'released 4bXn9K2pWzz9 by command line'],
    [
      '/api/held/drop',
      { account: 'joe.weber@example.org' },
      'dropped joe.weber@example.org by command line',
    ],
  ];
  for (const [path, body, want] of cases) {
    test(`${path} ${JSON.stringify(body)}`, async () => {
      await using at = await stage();
      const answer = await ask(at.door, path, post(body));
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(at.calls, [want]);
    });
  }

  test('a script with slashes, per cent signs and spaces in its name is found', async () => {
    await using at = await stage();
    const name = 'script:/var/www/a b/100%25 mail?.php';
    const answer = await ask(at.door, `/api/accounts/${encodeURIComponent(name)}/suspend`, post());
    assert.equal(answer.status, 409);
    assert.deepEqual(at.calls, [`suspend ${name} by command line note `]);
  });

  test('an action that fails is 409 with its reason', async () => {
    await using at = await stage();
    const answer = await ask(at.door, '/api/accounts/nobody/release', post({ hijacked: true }));
    assert.equal(answer.status, 409);
    assert.deepEqual(answer.json(), {
      ok: false,
      text: 'no account nobody',
      hint: 'see postern accounts list',
    });
  });
});

describe('a request that is not understood is refused with a sentence', () => {
  const cases: readonly (readonly [string, string, string | undefined, number, RegExp])[] = [
    ['GET', '/api/accounts?state=bad', undefined, 400, /state/],
    ['GET', '/api/accounts?limit=0', undefined, 400, /limit/],
    ['GET', '/api/accounts?limit=100000', undefined, 400, /limit/],
    ['GET', '/api/accounts/nobody', undefined, 404, /no such account/],
    ['GET', '/api/held/nothing', undefined, 404, /no such held message/],
    ['GET', '/api/explain/nothing', undefined, 404, /no such message/],
    ['GET', '/api/accounts/a%0Ab', undefined, 400, /control characters/],
    ['GET', '/api/accounts/%E0%A4%A', undefined, 404, /no such account/],
    ['POST', `/api/accounts/${joe}/release`, '{', 400, /not valid JSON/],
    ['POST', `/api/accounts/${joe}/release`, '[]', 400, /expected object/i],
    ['POST', `/api/accounts/${joe}/release`, '{"notes":"x"}', 400, /notes/],
    ['POST', `/api/accounts/${joe}/release`, '{"falseAlarm":"yes"}', 400, /falseAlarm/],
    [
      ...(['POST', `/api/accounts/${joe}/release`] as const),
      ...([
        '{"falseAlarm":true,"keepHeld":true}',
        400,
        /cannot be combined with hijacked/,
      ] as const),
    ],
    ['POST', `/api/accounts/${joe}/release`, '{"note":"x"}', 400, /"hijacked": true.*"falseAlarm"/],
    ['POST', `/api/accounts/${joe}/release`, '{"by":"a\\nb"}', 400, /by: must not contain control/],
    ['POST', `/api/accounts/${joe}/allow`, '{"until":"tomorrow"}', 400, /until/],
    ['POST', `/api/accounts/${joe}/allow`, '{}', 400, /until/],
    ['POST', '/api/held/release', '{}', 400, /either ids or account/],
    ['POST', '/api/held/release', '{"ids":["x"],"account":"y"}', 400, /either ids or account/],
    ['POST', '/api/held/release', '{"ids":[]}', 400, /ids/],
    ['PUT', '/api/status', undefined, 404, /no such page/],
  ];
  for (const [method, path, body, status, words] of cases) {
    test(`${method} ${path} ${body ?? ''}`, async () => {
      await using at = await stage();
      const answer = await ask(at.door, path, {
        method,
        headers: bearer,
        ...(body === undefined ? {} : { body }),
      });
      assert.equal(answer.status, status, answer.text);
      const refusal = answer.json() as { ok: boolean; text: string };
      assert.equal(refusal.ok, false);
      assert.match(refusal.text, words);
      assert.deepEqual(at.calls, []);
    });
  }
});

describe('limits', () => {
  test('a body over 64 KiB is refused, announced or not', async () => {
    await using at = await stage();
    const body = JSON.stringify({ note: 'x'.repeat(70_000) });
    for (const headers of [bearer, { ...bearer, 'Transfer-Encoding': 'chunked' }]) {
      const answer = await ask(at.door, `/api/accounts/${joe}/release`, {
        method: 'POST',
        headers,
        body,
      });
      assert.equal(answer.status, 413);
    }
    assert.deepEqual(at.calls, []);
    assert.equal((await ask(at.door, '/health')).status, 200);
  });

  test('headers over 16 KiB and bytes that are not HTTP end only their connection', async () => {
    await using at = await stage();
    const { port } = new URL(at.door.address);
    for (const bytes of [
      `GET / HTTP/1.1\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`,
      '\0\x01\x02 nonsense\r\n\r\n',
      'GET http://[::1 HTTP/1.1\r\nHost: [\r\n\r\n',
    ]) {
      const reply = await rawReply(Number(port), bytes);
      assert.match(reply, /^HTTP\/1\.1 4\d\d /, JSON.stringify(bytes.slice(0, 30)));
    }
    assert.equal((await ask(at.door, '/health')).status, 200);
  });
});

test('a connection without a request, and one with half of one, are ended (slow)', {
  timeout: 60_000,
}, async () => {
  await using at = await stage();
  const port = Number(new URL(at.door.address).port);
  const replies = await Promise.all([rawReply(port, ''), rawReply(port, 'GET / HTTP/1.1\r\nX: ')]);
  for (const reply of replies) assert.match(reply, /^(?:HTTP\/1\.1 408 [\s\S]*)?$/);
  assert.equal((await ask(at.door, '/health')).status, 200);
});

test('health is 503 while something is wrong; only the token and a session see why', async () => {
  await using at = await stage();
  const open = { ok: true, mode: 'guard', upSeconds: 777_600 };
  const well = await ask(at.door, '/health');
  assert.equal(well.status, 200);
  assert.deepEqual(well.json(), open);
  assert.deepEqual((await ask(at.door, '/health', { headers: bearer })).json(), {
    ...open,
    why: [],
    bypassWatched: 'yes',
  });
  at.fail('disk full');
  at.trouble('the milter door is full: 2000 connections of uid 1001');
  const ill = await ask(at.door, '/health');
  assert.equal(ill.status, 503);
  assert.deepEqual(ill.json(), { ...open, ok: false });
  const { cookie } = await signIn(at.door);
  for (const headers of [bearer, { Cookie: cookie }]) {
    const told = await ask(at.door, '/health', { headers });
    assert.equal(told.status, 503);
    assert.deepEqual((told.json() as { why: string[] }).why, [
      'the ledger takes no writes: disk full',
      'the milter door is full: 2000 connections of uid 1001',
    ]);
  }
});

test('metrics are for who has a token; their own token opens nothing else', async () => {
  await using at = await stage();
  const status = async (path: string, headers: Readonly<Record<string, string>>) =>
    (await ask(at.door, path, { headers })).status;
  const scraper = { Authorization: `Bearer ${testMetricsToken}` };
  const { cookie } = await signIn(at.door);
  assert.equal(await status('/metrics', {}), 401);
  assert.equal(await status('/metrics', { Authorization: 'Bearer guess' }), 401);
  for (const headers of [scraper, bearer, { Cookie: cookie }]) {
    assert.equal(await status('/metrics', headers), 200);
  }
  for (const path of ['/api/status', '/api/overview', '/api/live']) {
    assert.equal(await status(path, scraper), 401, path);
  }
  const health = await ask(at.door, '/health', { headers: scraper });
  assert.doesNotMatch(health.text, /why/);
  const tried = await ask(at.door, '/login', {
    method: 'POST',
    headers: { Origin: at.door.address },
    body: JSON.stringify({ token: testMetricsToken }),
  });
  assert.equal(tried.status, 401);
});

test('metrics are strict OpenMetrics, complete, and name no account', async () => {
  await using at = await stage();
  await ask(at.door, '/api/status');
  const answer = await ask(at.door, '/metrics', { headers: bearer });
  assert.equal(
    answer.headers['content-type'],
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  );
  const samples = readOpenMetrics(answer.text);
  assert.equal(samples.get('postern_accounts{state="suspended"}'), 1);
  assert.equal(samples.get('postern_held_messages'), 4);
  assert.equal(samples.get('postern_http_requests_total{status="4xx"}'), 1);
  assert.ok((samples.get('process_resident_memory_bytes') ?? 0) > 1e6);
  for (const { name } of listed) assert.ok(answer.text.includes(name.replace(/_total$/, '')), name);
  assert.doesNotMatch(answer.text, /@|joe|example/);
});

/** The door's answer to these bytes, until it closes the connection. */
function rawReply(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}
