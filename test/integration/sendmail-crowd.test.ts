/**
 * A user opens all connections of the sendmail door and never closes one, also after Postern ended
 * them. Another user is served, and the operator sees who it is. Needs root, to become both users.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startGuard } from './guard-instance.ts';

const run = promisify(execFile);
const skip = process.getuid?.() === 0 ? false : 'only root may act as other users';
const as = (uid: number): string[] => [
  ...['--reuid', String(uid), '--regid', String(uid), '--clear-groups'],
];

/** Opens that many connections, and as many again where some are refused, and keeps them. */
const holder = String.raw`
use IO::Socket::UNIX;
my ($path, $count) = @ARGV;
$SIG{PIPE} = "IGNORE"; $| = 1;
my @all;
for (1 .. $count) { push @all, IO::Socket::UNIX->new(Peer => $path) // () }
print "holding\n";
sleep 1000;`;

/** A message that is too large is answered at once, whoever sends it. */
const asker = String.raw`
use IO::Socket::UNIX;
my $peer = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "cannot connect: $!";
$SIG{PIPE} = "IGNORE";
syswrite $peer, "postern-sendmail 1 10 999999999\n";
print while <$peer>;`;

test('one user cannot fill the sendmail door for others', { skip, timeout: 600_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'psc-'));
  await run('chmod', ['755', folder]);
  const path = join(folder, 'door');
  await using guard = await startGuard({
    config: `[sendmail]\ndoor = "unix:${path}"\nspool = "${folder}/spool"\n`,
  });
  const words = [...as(64_711), 'perl', '-e', holder, path, '600'];
  const child = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  try {
    await once(createInterface({ input: child.stdout }), 'line');
    await guard.logged('trouble.begun');
    const asked = await run('setpriv', [...as(64_712), 'perl', '-e', asker, path]);
    assert.equal(asked.stdout, '75 message file too big\n');
    const { why } = await guard.health();
    assert.match(why.join('\n'), /the sendmail door .* is full for uid 64711/);
  } finally {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true });
  }
});
