import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ProcessFacts } from '../../core/scripts/handover-request.ts';
import { openIdentities } from './identities.ts';
import { peerOf } from './peer-credentials.ts';
import { hintedScript, ownerOf, processFacts, startOf } from './process-facts.ts';

test('a child of a shell script: the script, its folder, the chain up to us', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'pfa-'));
  try {
    const script = join(dir, 'report.sh');
    writeFileSync(script, 'sleep 20 & echo $!; wait\n');
    const shell = spawn('/bin/sh', ['./report.sh'], {
      cwd: dir,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(shell.stdout, 'data')) as [Buffer];
    const pid = Number(String(line));
    const facts = processFacts(pid);
    assert.equal(facts?.script, script);
    assert.equal(facts.how, 'arguments');
    assert.equal(facts.cwd, dir);
    assert.equal(ownerOf(facts.script), process.getuid?.());
    assert.deepEqual(
      facts.parents.slice(0, 2).map((one) => one.pid),
      [shell.pid, process.pid],
    );
    assert.ok((startOf(pid) ?? 0) >= (startOf(process.pid) ?? Number.POSITIVE_INFINITY));
    process.kill(pid);
    await once(shell, 'exit');
    assert.equal(processFacts(pid), undefined);
    assert.equal(startOf(pid), undefined);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a process whose number was another’s is nobody', () => {
  const { facts } = openIdentities();
  const [pid, uid] = [process.pid, process.getuid?.() ?? 0];
  const startedAt = startOf(pid) ?? 0;
  assert.equal(facts({ pid, uid, startedAt })?.pid, pid);
  assert.equal(facts({ pid, uid, startedAt: startedAt - 1 }), undefined);
  assert.equal(facts({ pid, uid, startedAt: undefined }), undefined);
  assert.equal(facts({ pid, uid: uid + 1, startedAt }), undefined);
});

const php: ProcessFacts = {
  uid: 33,
  pid: 1,
  executable: '/usr/sbin/php-fpm8.2',
  cwd: '/var/www/shop',
  parents: [],
  script: '',
  how: 'none',
};

test("PHP's own field is a hint: a name in PHP's folder, and nothing else", () => {
  assert.equal(hintedScript(php, '33:contact.php').script, '/var/www/shop/contact.php');
  assert.equal(hintedScript(php, '33:contact.php').how, 'hint');
  assert.equal(hintedScript(php, "33:a.php(3) : eval()'d code").script, '/var/www/shop/a.php');
  for (const value of [
    '',
    'contact.php',
    '33:',
    '33:..',
    '33:../x.php',
    '33:/etc/x.php',
    '33:(x',
  ]) {
    assert.equal(hintedScript(php, value).script, '', value);
  }
  assert.equal(hintedScript({ ...php, executable: '/usr/bin/perl' }, '33:x.php').script, '');
  assert.equal(hintedScript({ ...php, cwd: '' }, '33:x.php').script, '');
  const known = { ...php, script: '/a.php', how: 'cgi' } as const;
  assert.equal(hintedScript(known, '33:x.php').script, '/a.php');
});

test('the kernel says who is at the other end of a Unix socket', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'pfa-'));
  const path = join(dir, 's');
  const server = createServer();
  try {
    server.listen(path);
    await once(server, 'listening');
    const client = connect(path);
    const [socket] = (await once(server, 'connection')) as [Socket];
    const handle: unknown = Reflect.get(socket, '_handle');
    const fd = Number(Reflect.get(Object(handle), 'fd'));
    const startedAt = startOf(process.pid);
    assert.deepEqual(peerOf(fd), { pid: process.pid, uid: process.getuid?.(), startedAt });
    assert.equal(peerOf(-1), undefined);
    client.destroy();
    socket.destroy();
  } finally {
    server.close();
    rmSync(dir, { recursive: true });
  }
});
