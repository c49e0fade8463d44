/**
 * The status page and the socket of the commands against a local user without rights: it opens as
 * many half requests as it can, asks for metrics, and tries the socket. Needs root, to become that
 * user.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { type GuardInstance, launcher, startGuard } from './guard-instance.ts';

const run = promisify(execFile);
const user = '4711';
const as = ['--reuid', user, '--regid', user, '--clear-groups'];
const limit = { timeout: 300_000, skip: process.getuid?.() === 0 ? false : 'needs root' };

/** Holds this many half requests, and opens another one for each that is closed. */
const holder = String.raw`
use IO::Socket::INET; use IO::Select;
my ($port, $count) = @ARGV;
my $all = IO::Select->new;
sub hold {
  my $one = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", Timeout => 5) or return;
  syswrite $one, "GET / HTTP/1.1\r\nHost: 127.0.0.1:$port\r\n";
  $all->add($one);
}
$SIG{PIPE} = "IGNORE"; $| = 1;
hold() for 1 .. $count;
print "holding\n";
for (;;) {
  for my $one ($all->can_read(0.2)) {
    next if sysread $one, my $bytes, 4096;
    $all->remove($one); close $one; hold();
  }
}`;

const holdHalfRequests = (http: string, count: number) => asUserUntilDisposed(holder, http, count);

async function asUserUntilDisposed(
  program: string,
  http: string,
  count: number,
): Promise<AsyncDisposable> {
  const words = [...as, 'perl', '-e', program, new URL(http).port, String(count)];
  const child = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  await once(createInterface({ input: child.stdout }), 'line');
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function assertReachable(guard: GuardInstance): Promise<void> {
  await guard.cli('accounts', 'suspend', '--unknown', 'joe@example.test');
  await guard.cli('accounts', 'release', 'joe@example.test', '--hijacked');
  for (let nth = 0; nth < 10; nth++) {
    const page = await fetch(guard.doors.http, { headers: { connection: 'close' } });
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<title>Postern/);
    assert.equal((await guard.health()).status, 200);
  }
}

test('half requests of a local user block neither commands nor the page', limit, async () => {
  await using guard = await startGuard();
  {
    await using _held = await holdHalfRequests(guard.doors.http, 128);
    await assertReachable(guard);
  }
  {
    await using _held = await holdHalfRequests(guard.doors.http, 600);
    await assertReachable(guard);
    const crowded = await guard.logged('http.crowded');
    assert.equal(crowded['peer'], `uid ${user}`);
  }
});

/** Sends whole requests on many connections, a thousand at a time, and reads slowly. */
const flooder = String.raw`
use IO::Socket::INET; use IO::Select;
my ($port, $count) = @ARGV;
$SIG{PIPE} = "IGNORE"; $| = 1;
my $requests = "GET /health HTTP/1.1\r\nHost: 127.0.0.1:$port\r\n\r\n" x 1000;
my $all = IO::Select->new;
sub flood {
  my $one = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", Timeout => 5) or return;
  $one->blocking(0);
  syswrite $one, $requests;
  $all->add($one);
}
flood() for 1 .. $count;
print "holding\n";
for (;;) {
  for my $one ($all->can_read(0.2)) {
    next if sysread $one, my $bytes, 65536;
    $all->remove($one); close $one; flood();
  }
}`;

test('whole requests of a local user take no time from others', limit, async () => {
  await using guard = await startGuard();
  await using _flood = await asUserUntilDisposed(flooder, guard.doors.http, 128);
  await assertReachable(guard);
  // Of 128,000 requests and more, those that the rate lets through.
  const answered = await guard.metric('postern_http_requests_total{status="2xx"}');
  assert.ok(answered < 10_000, `${answered} answered`);
});

/** A request as the bare user; answers with its status and text, or with nothing. */
async function asUser(words: readonly string[]): Promise<string> {
  const asked = String.raw`
use IO::Socket::INET; use IO::Socket::UNIX;
my ($where, $path, $token) = @ARGV;
my $peer = $where =~ m{^/} ? IO::Socket::UNIX->new(Peer => $where)
  : IO::Socket::INET->new(PeerAddr => $where) or do { print "cannot connect: $!"; exit };
$SIG{PIPE} = "IGNORE";
syswrite $peer, "GET $path HTTP/1.1\r\nHost: $where\r\nConnection: close\r\n"
  . ($token ? "Authorization: Bearer $token\r\n" : "") . "\r\n";
print while <$peer>;`;
  return (await run('setpriv', [...as, 'perl', '-e', asked, ...words])).stdout;
}

test('a local user learns that the guard runs, and no more', limit, async () => {
  await using guard = await startGuard();
  const where = new URL(guard.doors.http).host;
  assert.match(
    await asUser([where, '/health']),
    /200 OK[\s\S]*\{"ok":true,"mode":"guard","upSeconds"/,
  );
  for (const path of ['/metrics', '/api/status', '/api/overview']) {
    assert.match(await asUser([where, path]), /^HTTP\/1\.1 401 /, path);
  }
  const file = join(guard.state, 'metrics-token');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const token = readFileSync(file, 'utf8').trim();
  assert.match(await asUser([where, '/metrics', token]), /postern_up_seconds/);
  assert.match(await asUser([where, '/api/status', token]), /^HTTP\/1\.1 401 /);
});

test('the socket of the commands takes root and the guard, whatever its mode', limit, async () => {
  await using guard = await startGuard();
  const socket = join(guard.state, 'command.sock');
  assert.equal(statSync(socket).mode & 0o777, 0o600);
  chmodSync(guard.state, 0o755);
  assert.match(await asUser([socket, '/api/status', guard.token]), /cannot connect: Permission/);
  chmodSync(socket, 0o666);
  assert.equal(await asUser([socket, '/api/status', guard.token]), '');
  assert.equal(await guard.metric('postern_http_refused_total{reason="peer"}'), 1);
  assert.match(await guard.cli('status'), /^Postern /);
});

test('the guard of another user is asked by root and by that user', limit, async () => {
  const state = mkdtempSync(join(tmpdir(), 'phd-'));
  try {
    chownSync(state, Number(user), Number(user));
    await using guard = await startGuard({ state, through: ['setpriv', ...as] });
    assert.match(await guard.cli('status'), /^Postern /);
    assert.equal(statSync(join(state, 'command.sock')).uid, Number(user));
  } finally {
    rmSync(state, { recursive: true });
  }
});

test('root tells nothing to a socket of another user that run.json names', limit, async () => {
  const state = mkdtempSync(join(tmpdir(), 'phd-'));
  // What the guard's user must not reach: a program that obeys root.
  const obeying = join(state, 'root.sock');
  let bytes = 0;
  const server = createServer((socket) => {
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    socket.on('error', () => undefined);
  }).listen(obeying);
  await once(server, 'listening');
  try {
    chownSync(state, Number(user), Number(user));
    const doors = { milter: 'off', policy: 'off', http: 'off', command: `unix:${obeying}` };
    const text = JSON.stringify({ pid: process.pid, doors, token: 'k9Qm3vT7xB2nR5wY8zC1dF4g' });
    writeFileSync(join(state, 'run.json'), text);
    const failed = await run(launcher, ['status', '--state', state]).then(
      () => assert.fail('it answered'),
      (error: { code: number; stderr: string }) => error,
    );
    assert.equal(failed.code, 69);
    // The command asks as the owner of the state folder, who may not connect there.
    assert.match(failed.stderr, /connect EACCES/);
    assert.equal(bytes, 0);
  } finally {
    server.close();
    rmSync(state, { recursive: true });
  }
});

test('a token that others could read is theirs no more', limit, async () => {
  const state = mkdtempSync(join(tmpdir(), 'phd-'));
  const token = 'k9Qm3vT7xB2nR5wY8zC1dF4g';
  writeFileSync(join(state, 'token'), `${token}\n`, { mode: 0o666 });
  chmodSync(join(state, 'token'), 0o666);
  try {
    await using guard = await startGuard({ state });
    assert.equal(guard.token, token);
    assert.equal(statSync(join(state, 'token')).mode & 0o777, 0o600);
    assert.equal((await guard.logged('token.mode-changed'))['before'], '0666');
  } finally {
    rmSync(state, { recursive: true });
  }
});
