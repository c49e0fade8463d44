/** Who is let in: tokens, sessions, CSRF, Host and Origin, and the headers of every answer. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ask, bearer, signIn, stage, testToken } from '../../../test/doubles/client.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import type { Millis } from '../../lib/time.ts';
import { dayMs, minuteMs } from '../../lib/time.ts';
import { openSessions } from './api/session.ts';

const login = (origin: string, token: string) => ({
  method: 'POST',
  headers: { Origin: origin },
  body: JSON.stringify({ token }),
});

describe('the token', () => {
  test('opens the API as a bearer, and nothing else does', async () => {
    await using at = await stage();
    assert.equal((await ask(at.door, '/api/status', { headers: bearer })).status, 200);
    assert.equal((await ask(at.door, '/api/status')).status, 401);
    for (const wrong of ['', 'Bearer ', `Bearer ${testToken}x`, `Basic ${testToken}`]) {
      const answer = await ask(at.door, '/api/status', { headers: { Authorization: wrong } });
      assert.equal(answer.status, 401, `with "${wrong}"`);
      assert.doesNotMatch(answer.text, /joe/);
    }
  });

  test('in the printed link becomes a cookie and is removed from the address bar', async () => {
    await using at = await stage();
    const answer = await ask(at.door, `/?token=${testToken}`);
    assert.equal(answer.status, 303);
    assert.equal(answer.headers.location, '/');
    const cookie = answer.headers['set-cookie']?.[0] ?? '';
    assert.match(cookie, /^postern-\d+=.*; Path=\/; HttpOnly; SameSite=Strict$/);
    assert.ok(!cookie.includes(testToken), 'the cookie is not the token');
    const [pair = ''] = cookie.split(';');
    const status = await ask(at.door, '/api/status', { headers: { Cookie: pair } });
    assert.equal(status.status, 200);
  });

  test('wrong in the link gives no cookie, and the page says so', async () => {
    await using at = await stage();
    const answer = await ask(at.door, '/?token=guess');
    assert.equal(answer.headers['set-cookie'], undefined);
    assert.equal(answer.headers.location, '/#wrong-token');
  });

  test('wrong ones are slowed, logged once a minute, and never block the right one', async () => {
    await using at = await stage();
    const guesses = [];
    for (let nth = 0; nth < 12; nth++) {
      guesses.push((await ask(at.door, '/login', login(at.door.address, `guess-${nth}`))).status);
    }
    assert.deepEqual(guesses, [...Array.from({ length: 10 }, () => 401), 429, 429]);
    assert.equal(at.log.filter((line) => line.includes('http.wrong-token')).length, 1);
    assert.ok(!at.log.join().includes('guess'), 'a token typed is never logged');
    assert.equal((await ask(at.door, '/login', login(at.door.address, testToken))).status, 200);
    at.clock.at = (at.clock.at + minuteMs) as Millis;
    assert.equal((await ask(at.door, '/login', login(at.door.address, 'guess'))).status, 401);
  });

  test('too short is refused at start', () => {
    assert.throws(() => openSessions('hunter2'), OperatorError);
  });
});

describe('a session', () => {
  test('ends after a week, and with the token', () => {
    const now = 1_790_000_000_000 as Millis;
    const sessions = openSessions(testToken);
    const cookie = sessions.open(now);
    assert.ok(sessions.read(cookie, (now + 7 * dayMs - 1) as Millis));
    assert.equal(sessions.read(cookie, (now + 7 * dayMs) as Millis), undefined);
    assert.equal(sessions.read(cookie, (now - 1) as Millis), undefined, 'clock set back');
    assert.equal(openSessions(`${testToken}2`).read(cookie, now), undefined);
  });

  test('cannot be made longer or patched together', () => {
    const now = 1_790_000_000_000 as Millis;
    const sessions = openSessions(testToken);
    const [expires = '', nonce = '', mac = ''] = sessions.open(now).split('.');
    const later = (Number.parseInt(expires, 36) + 1).toString(36);
    for (const forged of [
      `${later}.${nonce}.${mac}`,
      `${expires}.${nonce}x.${mac}`,
      '',
      '..',
      `${expires}.${nonce}.${mac}.`,
    ]) {
      assert.equal(sessions.read(forged, now), undefined, forged);
    }
  });

  test('may read without more, and may change only from the status page', async () => {
    await using at = await stage();
    const { cookie, post } = await signIn(at.door);
    const path = '/api/accounts/joe.weber%40example.org/release';
    assert.equal(
      (await ask(at.door, '/api/overview', { headers: { Cookie: cookie } })).status,
      200,
    );
    const bad = [
      { Cookie: cookie },
      { Cookie: cookie, Origin: at.door.address },
      { ...post, Origin: 'http://evil.example' },
      { ...post, Origin: 'null' },
      { ...post, 'X-CSRF-Token': 'guess' },
      { Cookie: cookie, 'X-CSRF-Token': post['X-CSRF-Token'] ?? '' },
    ];
    for (const headers of bad) {
      const answer = await ask(at.door, path, { method: 'POST', headers });
      assert.equal(answer.status, 403, JSON.stringify(headers));
    }
    assert.deepEqual(at.calls, [], 'the admin was not asked');
    const good = await ask(at.door, path, {
      method: 'POST',
      headers: post,
      body: '{"note":"changed","hijacked":true}',
    });
    assert.equal(good.status, 200);
    assert.deepEqual(at.calls, [
      'release joe.weber@example.org by status page note keep held changed',
    ]);
  });

  test('cannot be planted by another site, nor name itself', async () => {
    await using at = await stage();
    assert.equal(
      (await ask(at.door, '/login', login('http://evil.example', testToken))).status,
      403,
    );
    const { post } = await signIn(at.door);
    const path = '/api/accounts/press%40example.org/suspend';
    await ask(at.door, path, { method: 'POST', headers: post, body: '{"by":"root"}' });
    assert.deepEqual(at.calls, ['suspend press@example.org by status page note ']);
  });

  test('is asked about without an error, and a stranger learns nothing', async () => {
    await using at = await stage();
    const stranger = await ask(at.door, '/session');
    assert.deepEqual(stranger.json(), { signedIn: false, csrf: '' });
    const { cookie, post } = await signIn(at.door);
    const known = await ask(at.door, '/session', { headers: { Cookie: cookie } });
    assert.deepEqual(known.json(), { signedIn: true, csrf: post['X-CSRF-Token'] });
  });

  test('signed out loses its cookie', async () => {
    await using at = await stage();
    const { post } = await signIn(at.door);
    const answer = await ask(at.door, '/logout', { method: 'POST', headers: post });
    assert.match(answer.headers['set-cookie']?.[0] ?? '', /=; Max-Age=0;/);
  });
});

describe('the Host header', () => {
  test('must name this door: a rebound name is refused', async () => {
    await using at = await stage();
    const { port } = new URL(at.door.address);
    const cases: readonly (readonly [string, number])[] = [
      [`127.0.0.1:${port}`, 200],
      [`localhost:${port}`, 200],
      [`LOCALHOST:${port}`, 200],
      [`[::1]:${port}`, 200],
      ['127.0.0.1', 421],
      [`evil.example:${port}`, 421],
      [`127.0.0.1.evil.example:${port}`, 421],
      [`localhost:${Number(port) + 1}`, 421],
      [`192.0.2.7:${port}`, 421],
    ];
    for (const [host, status] of cases) {
      const answer = await ask(at.door, '/health', { headers: { Host: host } });
      assert.equal(answer.status, status, `Host: ${host}`);
    }
    assert.equal(at.metrics.read('postern_http_refused_total', 'host'), 5);
  });

  test('may be any address if the door listens on all', async () => {
    await using at = await stage('hijack', '0.0.0.0');
    const { port } = new URL(at.door.address);
    const near = { Host: `192.0.2.7:${port}` };
    assert.equal((await ask(at.door, '/health', { headers: near })).status, 200);
    const rebound = { Host: `evil.example:${port}` };
    assert.equal((await ask(at.door, '/health', { headers: rebound })).status, 421);
  });
});

test('every answer has the strict policy, also refusals and broken requests', async () => {
  await using at = await stage();
  const asked: readonly (readonly [string, string, Record<string, string>])[] = [
    ['GET', '/', {}],
    ['GET', '/page/main.js', {}],
    ['GET', '/vendor/preact.js', {}],
    ['GET', '/health', {}],
    ['GET', '/metrics', {}],
    ['GET', '/api/status', {}],
    ['GET', '/api/status', bearer],
    ['GET', '/api/nothing', bearer],
    ['GET', '/../../etc/passwd', {}],
    ['GET', '/page/..%2f..%2fserver.ts', {}],
    ['GET', '/?token=x', {}],
    ['POST', '/login', {}],
    ['GET', '/health', { Host: 'evil.example' }],
    ['GET', '/health', { Host: '%' }],
    ['DELETE', '/api/status', bearer],
  ];
  for (const [method, path, headers] of asked) {
    const answer = await ask(at.door, path, { method, headers });
    const what = `${method} ${path} → ${answer.status}`;
    const policy = String(answer.headers['content-security-policy']);
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';/, what);
    assert.match(policy, /frame-ancestors 'none'/, what);
    assert.ok(!policy.includes('unsafe'), what);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff', what);
    assert.equal(answer.headers['referrer-policy'], 'no-referrer', what);
    assert.equal(answer.headers['access-control-allow-origin'], undefined, what);
    const cache = /^\/(page|vendor)\/[a-z.-]+$/.test(path) ? 'no-cache' : 'no-store';
    assert.equal(answer.headers['cache-control'], cache, what);
  }
});
