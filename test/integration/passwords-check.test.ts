/**
 * New passwords as others hand them over: pam_exec in a real PAM stack, and a real Dovecot by
 * checkpassword.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startDovecot } from './dovecot-instance.ts';
import { launcher } from './guard-instance.ts';
import { eventually } from './leash.ts';
import { openScene } from './password-tools.ts';

const run = promisify(execFile);
const good = 'correct quokka staple lamp 7';

/**
 * A stack of our own, for login or for a new password, as login(1) and passwd(1) use theirs; every
 * question has one answer.
 */
const pamClient = `
import ctypes, sys
what, folder, user = sys.argv[1:]
pam = ctypes.CDLL('libpam.so.0')
libc = ctypes.CDLL(None)
libc.strdup.restype = ctypes.c_void_p
libc.calloc.restype = ctypes.c_void_p
class Response(ctypes.Structure):
    _fields_ = [('resp', ctypes.c_void_p), ('code', ctypes.c_int)]
Talk = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p)
password = sys.stdin.readline().rstrip('\\n').encode()
def talk(count, messages, out, data):
    answers = libc.calloc(count, ctypes.sizeof(Response))
    for nth in range(count):
        ctypes.cast(answers, ctypes.POINTER(Response))[nth].resp = libc.strdup(password)
    out[0] = answers
    return 0
class Conversation(ctypes.Structure):
    _fields_ = [('talk', Talk), ('data', ctypes.c_void_p)]
conversation = Conversation(Talk(talk), None)
handle = ctypes.c_void_p()
started = pam.pam_start_confdir(
    b'postern', user.encode(), ctypes.byref(conversation), folder.encode(), ctypes.byref(handle))
assert started == 0
print(getattr(pam, what)(handle, 0))
`;

/** pam_pwhistory keeps what was: in a file system of its own here. */
const apart = ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /etc/security && exec "$@"', 'sh'];

test('pam_exec: a weak password is not taken, a good one is', async () => {
  using scene = openScene(['Vole-harbour-9-quiet']);
  const said = join(scene.dir, 'said');
  const exec =
    `pam_exec.so expose_authtok log=${said} ${launcher} passwords check --config ` +
    `${scene.config}`;
  scene.file(
    'postern',
    `auth requisite ${exec}\npassword requisite pam_pwhistory.so remember=1\npassword ` +
      `requisite ${exec}\npassword required pam_permit.so\n`,
  );
  const asked = async (what: string, password: string): Promise<boolean> => {
    const [program = '', ...args] = [
      ...apart,
      'python3',
      '-c',
      pamClient,
      what,
      scene.dir,
      'daemon',
    ];
    const child = run(program, args);
    child.child.stdin?.end(`${password}\n`);
    return Number((await child).stdout) === 0;
  };
  for (const what of ['pam_authenticate', 'pam_chauthtok']) {
    for (const weak of ['qwertz123', 'Daemon1987', 'Vole-harbour-9-quiet']) {
      assert.equal(await asked(what, weak), false, weak);
    }
    const taken = await asked(what, good);
    // Debian 12: no new password is handed over. Then none is taken, and it is said why.
    if (!taken && what === 'pam_chauthtok') {
      assert.match(readFileSync(said, 'utf8'), /pam_exec did not pass on the new password/);
    } else assert.ok(taken, readFileSync(said, 'utf8'));
  }
  assert.doesNotMatch(readFileSync(said, 'utf8'), /qwertz123|quokka/);
});

test('Dovecot: with a weak password nobody logs in, also where it is the right one', async () => {
  await using dovecot = await startDovecot({
    users: { 'ann@example.test': 'letmein99', 'bob@example.test': good },
  });
  using scene = openScene(['letmein99']);
  for (const path of [scene.dir, scene.config]) chmodSync(path, 0o755);
  const door = `${launcher} passwords check --checkpassword --config ${scene.config} --`;
  const config = readFileSync(dovecot.configFile, 'utf8');
  const passdb =
    `passdb {\n  driver = checkpassword\n  args = ${door}\n  result_success = ` +
    'continue-fail\n  result_failure = return-fail\n}\n';
  const login = async (name: string, password: string): Promise<boolean> => {
    try {
      const words = ['-c', dovecot.configFile, 'auth', 'test', name, password];
      return /auth succeeded/.test((await run('doveadm', words)).stdout);
    } catch {
      return false; // it says no by its exit code
    }
  };
  assert.equal(await login('ann@example.test', 'letmein99'), true, 'before');
  writeFileSync(
    dovecot.configFile,
    `${config.replace(/^passdb/m, `${passdb}passdb`)}service auth {\n  vsz_limit = 0\n}\n`,
  );
  await run('doveadm', ['-c', dovecot.configFile, 'reload']);
  await eventually('the new configuration answers', async () => {
    await login('ann@example.test', 'letmein99');
    return /ann@example\.test: weak: /.test(await dovecot.log()) || undefined;
  });
  assert.equal(await login('ann@example.test', 'letmein99'), false, await dovecot.log());
  assert.equal(await login('bob@example.test', good), true, await dovecot.log());
  assert.equal(await login('bob@example.test', `${good}8`), false, 'the next passdb decides');
  assert.match(await dovecot.log(), /ann@example\.test: weak: /);
  assert.doesNotMatch(await dovecot.log(), /letmein99/);
  writeFileSync(scene.config, 'nonsense');
  assert.equal(
    await login('bob@example.test', good),
    true,
    'no check, and the next passdb decides',
  );
  assert.equal(await login('bob@example.test', `${good}8`), false);
});
