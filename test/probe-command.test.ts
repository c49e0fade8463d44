/** Which servers `postern probe` may test, and how it ends. The checks have tests of their own. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { postern, stateFolder } from './command-line.ts';

const nothing = ['--smtp', '0', '--submission', '0', '--submissions', '0'];

test('only servers of ours: this machine, and hosts of [probe]', async () => {
  const other = await postern('probe', '203.0.113.77', ...nothing);
  assert.equal(other.exit, 77);
  assert.match(other.err, /203\.0\.113\.77 is not this machine/);
  await using folder = await stateFolder();
  const config = join(folder.path, 'postern.toml');
  writeFileSync(config, '[probe]\nhosts = ["203.0.113.77"]\n');
  const named = await postern('probe', '203.0.113.77', '--config', config, ...nothing);
  assert.equal(named.exit, 69, 'it may be tested, but no port is to be tried');
  assert.match(named.err, /no port of 203\.0\.113\.77 answers/);
  const another = await postern('probe', '203.0.113.78', '--config', config, ...nothing);
  assert.equal(another.exit, 77);
});

test('a check that there is not, and a port that nothing listens on', async () => {
  assert.equal((await postern('probe', '127.0.0.1', '--only', 'everything')).exit, 64);
  assert.equal((await postern('probe', '127.0.0.1', '--from', 'here')).exit, 64);
  assert.equal((await postern('probe', '127.0.0.1', ...nothing)).exit, 69);
  const from = await postern('probe', '127.0.0.1', '--from', '203.0.113.77', ...nothing);
  assert.equal(from.exit, 64);
  assert.match(from.err, /203\.0\.113\.77 is no address of this machine/);
});

test('what a person reads: the fault, its fix, and what was said', async () => {
  const server = createServer((socket) => {
    socket.write('220 mail.test ESMTP\r\n');
    socket.on('error', () => socket.destroy());
    socket.on('data', () => socket.write('250 mail.test \u001b[2J\u202e\r\n'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const ran = await postern(
    ...['probe', '127.0.0.1', '--only', 'size', '--domain', 'mail.test'],
    ...['--smtp', String(address.port), '--submission', '0', '--submissions', '0'],
  );
  server.close();
  process.exitCode = 0;
  assert.match(ran.out, /! warning Size of messages: the server announces no SIZE/);
  assert.match(ran.out, /fix: Postfix: postconf -e 'message_size_limit = 50000000'/);
  assert.match(ran.out, /^1 check: 0 fail, 1 warn, 0 unknown$/m);
  assert.match(ran.out, /> EHLO .*\n.*< 250 mail\.test/);
  assert.ok(!ran.out.includes('\u001b[2J'), 'what the server sent changes no terminal');
  assert.ok(!ran.out.includes('\u202e'));
});
