/**
 * What follows from an audit: the running guard judges a weak account more strictly and says so,
 * until the password is another one; owners are written to, changes required; and new passwords are
 * checked by standard input and by HTTP.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { openMilterClient, parseMilterAddress } from '../../src/partners/milter/client.ts';
import { type GuardInstance, launcher, startGuard } from './guard-instance.ts';
import { eventually } from './leash.ts';
import {
  type AuditRun,
  afterJohnDid,
  hashLines,
  hashOf,
  openScene,
  type Scene,
} from './password-tools.ts';
import { startSink } from './smtp-sink.ts';

const list = ['letmein99'];

/**
 * One message to so many strangers, as the milter sees it from Postfix. `held`: the reason, or
 * undefined.
 */
async function sendMessage(
  guard: GuardInstance,
  login: string,
  to: number,
): Promise<string | undefined> {
  const where = parseMilterAddress(guard.doors.milter);
  assert.ok(where !== undefined);
  await using client = await openMilterClient(where);
  const outcome = await client.send({
    login,
    sender: login,
    headers: [['From', login]],
    body: Buffer.from('hello\r\n'),
    recipients: Array.from({ length: to }, (_, nth) => `s${nth}-${Math.random()}@elsewhere.test`),
  });
  assert.equal(outcome.kind, 'taken');
  return outcome.held;
}

async function audited(scene: Scene, guard: GuardInstance, source: string): Promise<void> {
  const words = ['--source', source, '--rules', 'none', '--state', guard.state];
  const { code, err } = await scene.audit(...words).done;
  assert.equal(code, 0, err);
}

test('the verdict on a message before and after an audit, and after the change', async () => {
  using scene = openScene(list);
  await using guard = await startGuard({
    config: '[postfix]\nqueue = "off"\n[mail_log]\nsource = "off"\n',
  });
  const strangers = 15;
  const source = `passwd-file:${join(scene.dir, 'users')}`;
  const file = async (ann: string): Promise<void> => {
    const others = { 'bob@here.test': 'letmein99', 'kim@here.test': 'kX9-wqPq2z' };
    scene.file('users', await hashLines('ssha256', { 'ann@here.test': ann, ...others }));
  };
  assert.equal(await sendMessage(guard, 'before@here.test', strangers), undefined, 'passed before');
  await file('letmein99');
  await audited(scene, guard, source);
  assert.match((await sendMessage(guard, 'ann@here.test', strangers)) ?? '', /^postern: /);
  assert.equal(await sendMessage(guard, 'kim@here.test', strangers), undefined, 'hers is not weak');
  const shown = await guard.cli('accounts', 'show', 'ann@here.test');
  assert.match(shown, /The password audit found the password weak: guessed in under a second/);
  assert.match(shown, /until it is changed, 67 % of what is normal is allowed/);
  assert.match(
    await guard.cli('passwords', 'list', '--weak'),
    /ann@here\.test[\s\S]*bob@here\.test/,
  );
  assert.match(await guard.cli('passwords', 'show', 'bob@here.test'), /owner told +not yet/);
  const last = await guard.json<{ last: { accounts: number; weak: number } }>('/api/passwords');
  assert.deepEqual([last.last.accounts, last.last.weak], [3, 2]);

  await file('zzQ8-rrTvv4pX');
  await audited(scene, guard, source);
  const { weak } = await guard.json<{ weak: { login: string }[] }>('/api/passwords');
  assert.deepEqual(
    weak.map(({ login }) => login),
    ['bob@here.test'],
  );
  assert.doesNotMatch(await guard.cli('accounts', 'show', 'ann@here.test'), /password weak/);
  assert.doesNotMatch(JSON.stringify(await guard.log()), /letmein99/);
});

test('the guard is stopped during an audit: what that found out reaches the next one', async () => {
  using scene = openScene(list);
  const state = join(scene.dir, 'guard');
  mkdirSync(state);
  const config = '[postfix]\nqueue = "off"\n[mail_log]\nsource = "off"\n';
  const source = `passwd-file:${join(scene.dir, 'users')}`;
  const file = async (password: string): Promise<void> => {
    scene.file('users', await hashLines('ssha256', { 'ann@here.test': password }));
  };
  const { held, release, settings } = holdingJohn(scene);
  const words = ['--source', source, '--rules', 'none', '--state', state];
  let running: AuditRun;
  {
    await using guard = await startGuard({ config, state });
    await file('letmein99');
    await audited(scene, guard, source);
    assert.match(await guard.cli('passwords', 'list', '--weak'), /ann@here\.test/);
    await file('zzQ8-rrTvv4pX');
    running = scene.audit(...words, '--config', settings);
    await eventually('John is asked', () => existsSync(held) || undefined);
  }
  release();
  const { code, err } = await running.done;
  assert.equal(code, 0, err);
  await using guard = await startGuard({ config, state });
  assert.match(await guard.cli('passwords', 'list', '--weak'), /^No password is known to be weak/);
});

/** The real John, that waits before it says anything. */
function holdingJohn(scene: Scene): {
  readonly held: string;
  readonly release: () => void;
  readonly settings: string;
} {
  const place = join(scene.dir, 'hold');
  mkdirSync(place);
  chmodSync(place, 0o777);
  const go = join(place, 'go');
  const wait = `touch ${place}/held; while [ ! -e ${go} ]; do sleep 0.05; done`;
  return {
    held: join(place, 'held'),
    release: () => writeFileSync(go, ''),
    settings: afterJohnDid(scene, 'holding', wait),
  };
}

test('without the store of tried passwords, changed or removed accounts are not weak', async () => {
  using scene = openScene(list);
  const source = ['--source', `passwd-file:${join(scene.dir, 'users')}`, '--rules', 'none'];
  const audit = async (passwords: Readonly<Record<string, string>>): Promise<string> => {
    scene.file('users', await hashLines('ssha256', passwords));
    const { code, err } = await scene.audit(...source).done;
    assert.equal(code, 0, err);
    const weak = JSON.parse(await said('passwords', 'list', '--weak', ...scene.about, '--json'));
    return (weak as { login: string }[]).map(({ login }) => login).join(' ');
  };
  const weak = { ann: 'letmein99', bob: 'letmein99', joe: 'letmein99' };
  assert.equal(await audit(weak), 'ann bob joe');
  for (const end of ['', '-wal', '-shm'])
    rmSync(join(scene.state, `passwords.db${end}`), { force: true });
  assert.equal(await audit({ ann: 'letmein99', bob: 'zzQ8-rrTvv4pX' }), 'ann');
  const { about } = scene;
  const all = ['--source', `passwd-file:${scene.dir}/users`];
  rmSync(join(scene.dir, 'users'));
  assert.match(await said('passwords', 'forget', '--source', 'list:/other', ...about), /^0 acc/);
  assert.match(await said('passwords', 'forget', ...all, ...about), /^1 account forgotten/);
  assert.match(await said('passwords', 'list', '--weak', ...about), /^No password is known/);
  assert.equal(await audit({ ann: 'letmein99', bob: 'zzQ8-rrTvv4pX' }), 'ann', 'it still is');
});

test('several passwords of an account: one weak one is enough; told once', async () => {
  await using sink = await startSink();
  using scene = openScene(list, `[notices]\nmail_server = "127.0.0.1:${sink.port}"\n`);
  const person = async (name: string, ...passwords: readonly string[]): Promise<string> => {
    const hashes = passwords.map((one) => hashOf('ssha256', name, one));
    const values = (await Promise.all(hashes)).map((one) => `userPassword: ${one}\n`);
    return `dn: uid=${name}\nuid: ${name}@here.test\n${values.join('')}\n`;
  };
  const [ann, bob] = ['letmein99', 'zzQ8-rrTvv4pX'];
  const text = [await person('ann', ann, bob), await person('bob', bob, ann)].join('');
  const source = ['--source', `ldif:${scene.file('users.ldif', text)}`, '--rules', 'none'];
  const { about } = scene;
  for (const told of [2, 0, 0]) {
    const { code, err } = await scene.audit(...source).done;
    assert.equal(code, 0, err);
    assert.match(await said('passwords', 'notify', ...about), new RegExp(`^${told} owners told`));
  }
  const changed = [await person('ann', bob, bob), await person('bob', bob, ann)].join('');
  scene.file('users.ldif', changed);
  await scene.audit(...source).done;
  const weak = await said('passwords', 'list', '--weak', ...about);
  assert.deepEqual(weak.match(/\w+@here\.test/g), ['bob@here.test']);
});

test('owners are written to once, in two languages, and the operator gets a list', async () => {
  await using sink = await startSink({ keepMessages: true });
  using scene = openScene(
    list,
    'contact = "the admin"\n[notices]\nmail_to = ["root@here.test"]\nmail_server = ' +
      `"127.0.0.1:${sink.port}"\n`,
  );
  scene.file('users', `ann@here.test:${await hashOf('ssha256', 'ann@here.test', 'letmein99')}\n`);
  const config = readFileSync(scene.config, 'utf8');
  const out = scene.file('changed', '');
  const change = scene.file('change', `#!/bin/sh\necho "$@" >>${out}\n`);
  scene.file(
    'postern.toml',
    `${config}languages = ["en", "de"]\nrequire_change_command = ["/bin/sh", "${change}", ` +
      '"-u", "{account}"]\n',
  );
  const ran = await scene.audit('--source', `passwd-file:${scene.dir}/users`, '--quick').done;
  assert.match(ran.out, /1 account, 1 weak/);
  const { about } = scene;
  assert.match(await said('passwords', 'notify', ...about), /^1 owner told/);
  await sink.until(() => sink.deliveries.length === 2, 'a message and a list');
  const [mail, summary] = sink.deliveries;
  assert.deepEqual([mail?.to, summary?.to], [['ann@here.test'], ['root@here.test']]);
  assert.match(mail?.headers ?? '', /^Auto-Submitted: auto-generated$/m);
  assert.match(mail?.message ?? '', /easy to guess[\s\S]*leicht zu erraten/);
  assert.match(summary?.message ?? '', /ann@here\.test/);
  for (const { message } of sink.deliveries) assert.doesNotMatch(message, /letmein99|https?:/);
  // What looks like a list of addresses, or another address, is one account's name and nobody
  // else's message.
  const odd = `mal,eve@here.test:${await hashOf('ssha256', 'mal', 'letmein99')}\n`;
  writeFileSync(
    join(scene.dir, 'users'),
    `${readFileSync(join(scene.dir, 'users'), 'utf8')}${odd}`,
  );
  await scene.audit('--source', `passwd-file:${scene.dir}/users`, '--quick').done;
  assert.match(await said('passwords', 'notify', ...about), /^1 owner told/);
  await sink.until(() => sink.deliveries.length === 4, 'one message more, and the list');
  assert.deepEqual(sink.deliveries[2]?.to, ['"mal,eve"@here.test']);
  assert.match(await said('passwords', 'notify', ...about), /^0 owners told/);
  assert.match(await said('passwords', 'show', 'ann@here.test', ...about), /owner told +20\d\d-/);
  assert.match(
    await said('passwords', 'require-change', '--all', ...about),
    /^2 accounts must change/,
  );
  assert.equal(readFileSync(out, 'utf8'), '-u ann@here.test\n-u mal,eve@here.test\n');
});

/**
 * What a command of the launcher prints; `input` on its standard input. Throws unless it ends with
 * 0.
 */
async function said(...words: readonly string[]): Promise<string> {
  const { code, text } = await ran(words, '');
  assert.equal(code, 0, text);
  return text;
}

async function ran(
  words: readonly string[],
  input: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly text: string }> {
  const child = spawn(launcher, words, { env: { ...process.env, ...env } });
  child.stdin.end(input);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
  }
  const [code] = (await once(child, 'close')) as [number];
  return { code, text };
}

test('a new password: by standard input, as pam_exec hands it over, and by HTTP', async () => {
  using scene = openScene(['Vole-harbour-9-quiet']);
  const words = ['passwords', 'check', '--config', scene.config];
  assert.deepEqual(await ran(words, 'correct quokka staple lamp 7\n'), { code: 0, text: 'good\n' });
  const listed = await ran(words, 'Vole-harbour-9-quiet');
  assert.deepEqual([listed.code, /on a list of known passwords/.test(listed.text)], [1, true]);
  const own = await ran(words, 'josephine1987\0', { PAM_USER: 'josephine@example.org' });
  assert.equal(own.code, 1);
  assert.match(own.text, /^weak: it is .*; better: /);

  const socket = join(scene.dir, 'check.sock');
  const door = spawn(launcher, [...words, '--listen', 'inet:127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: door.stdout }), 'line')) as [string];
  const url = /http:\S+/.exec(line)?.[0] ?? socket;
  const asked = async (body: string): Promise<{ readonly ok: boolean; readonly why: string }> =>
    (await (
      await fetch(url, { method: 'POST', body, headers: { 'x-account': 'joe' } })
    ).json()) as never;
  assert.equal((await asked('correct quokka staple lamp 7')).ok, true);
  assert.equal((await asked('qwertz')).ok, false);
  assert.match((await asked('Vole-harbour-9-quiet\r\n')).why, /on a list/);
  assert.equal((await fetch(url)).status, 405);
  assert.equal((await fetch(url, { method: 'POST', body: 'x'.repeat(5_000) })).status, 413);
  door.kill('SIGTERM');
  const [code] = (await once(door, 'exit')) as [number];
  assert.equal(code, 0);
});
