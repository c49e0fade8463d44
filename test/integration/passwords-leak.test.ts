/**
 * Nothing of what the audit guesses gets out: not by the process list, the private folder, the
 * ledger, the notes, the reports, temporary folders, or a core of the process that reads results.
 * And a killed audit leaves nothing and goes on.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { eventually } from './leash.ts';
import {
  type Audited,
  type AuditRun,
  type Made,
  makeAccounts,
  makers,
  openScene,
} from './password-tools.ts';

const run = promisify(execFile);

/**
 * Long and odd enough that they stand nowhere by chance; the list holds them, so all are guessed.
 */
const secrets = ['Zx7-quokka-lamp', 'vole9!harbour', 'Mirror_Teapot_44', 'gneiss+parsnip'];
const schemes = ['md5crypt', 'sha512crypt', 'plain', 'ssha256', 'bcrypt', 'apr1', 'pbkdf2'];

/**
 * `accounts`: one of each scheme with a secret; others in each scheme have none that can be
 * guessed.
 */
async function people(accounts: number): Promise<readonly Made[]> {
  return await makeAccounts(
    Array.from({ length: accounts }, (_, nth) => {
      const maker = makers.find(({ scheme }) => scheme === schemes[nth % schemes.length]);
      assert.ok(maker !== undefined);
      const secret = nth < schemes.length ? secrets[nth % secrets.length] : undefined;
      return { account: `u${nth}`, password: secret ?? `strong-${nth}-${Math.random()}`, maker };
    }),
  );
}

const lines = (made: readonly Made[]): string =>
  made.map(({ account, hash }) => `${account}:${hash}:1:1::\n`).join('');

/** The process that reads results: the audit's own, not John's nor a worker's. */
async function mainPid({ child }: AuditRun): Promise<number> {
  return await eventually('the audit is running', () => {
    const name = readFileSync(`/proc/${child.pid}/cmdline`, 'latin1');
    return name.includes('cli.ts') ? child.pid : undefined;
  });
}

/** Words of all processes below this one, of those that are there now. */
function commandLines(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return ''; // gone
      }
    })
    .join('\n');
}

/** Private folders of one audit: others may run at the same time. */
const folders = ({ child }: AuditRun): readonly string[] =>
  ['/dev/shm', '/run'].flatMap((place) => globSync(`${place}/postern-audit-${child.pid}-*`));

/** Throws where one of them is in there, as it stands or as JSON, hex or UTF-16 would show it. */
function mustNotHold(what: string, bytes: Buffer | string, needles: readonly string[]): void {
  const whole = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes);
  for (const needle of needles) {
    for (const encoding of ['utf8', 'utf16le'] as const) {
      assert.equal(
        whole.indexOf(Buffer.from(needle, encoding)),
        -1,
        `${needle} (${encoding}) in ${what}`,
      );
    }
    assert.equal(
      whole.indexOf(Buffer.from(needle).toString('hex')),
      -1,
      `${needle} as hex in ${what}`,
    );
  }
}

/**
 * A core is mostly address space that was never written: its parts, without those that are all
 * zero.
 */
function* partsOf(path: string): Generator<Buffer> {
  const [bytes, overlap] = [1_048_576, 256];
  const part = Buffer.alloc(bytes + overlap);
  const zeros = Buffer.alloc(bytes + overlap);
  const fd = openSync(path, 'r');
  for (let at = 0, got = 1; got > 0; at += bytes) {
    got = readSync(fd, part, 0, part.length, at);
    if (got > 0 && part.compare(zeros, 0, got, 0, got) !== 0) yield part.subarray(0, got);
  }
  closeSync(fd);
}

/** Where John keeps what root guessed by hand. */
const johnsPot = '/root/.john/john.pot';
const writtenAt = (path: string): number | undefined =>
  statSync(path, { throwIfNoEntry: false })?.mtimeMs;

function files(folder: string): readonly string[] {
  return (
    globSync('**/*', { cwd: folder })
      .map((name) => join(folder, name))
      // Links of other tests may lead in a circle.
      .filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isFile() === true)
  );
}

test('nothing is in the process list, reports, ledger, temporary folders or a core', async () => {
  using scene = openScene([...secrets, ...Array.from({ length: 400 }, (_, nth) => `common${nth}`)]);
  const made = await people(28);
  const source = `passwd-file:${scene.file('users', lines(made))}`;
  const before = new Set(readdirSync(tmpdir()));
  const potBefore = writtenAt(johnsPot);
  const hashes = made.filter(({ scheme }) => scheme !== 'plain').map(({ hash }) => hash.slice(-16));
  const words = ['--source', source, '--rules', 'none', '--json', '--time', '20m'];
  const running = scene.audit(...words);
  const pid = await mainPid(running);
  const core = join(scene.dir, 'dump');
  let looks = 0;
  let found = 0;
  running.child.stderr?.on('data', (chunk: Buffer) => {
    found = Number(/"weak":(\d+)/.exec(chunk.toString('utf8'))?.[1] ?? found);
  });
  // While it runs: whatever there is to see from outside.
  const looking = (async () => {
    while (running.child.exitCode === null && looks < 400) {
      mustNotHold('a command line', commandLines(), [...secrets, ...hashes]);
      for (const folder of folders(running))
        assert.equal(statSync(folder, { throwIfNoEntry: false })?.mode ?? 0o40700, 0o40700);
      looks++;
      await sleep(50);
    }
  })();
  await eventually('something was guessed', () => found > 0 || undefined, { timeoutMs: 300_000 });
  await run('gcore', ['-o', core, String(pid)], { maxBuffer: 1e8 });
  // However long the core took, during which it stood still: all of them, and then enough.
  const all = schemes.length;
  await eventually('all were guessed', () => found === all || undefined, { timeoutMs: 900_000 });
  running.child.kill('SIGTERM');
  const { code, out, err, results } = await running.done;
  await looking;
  assert.equal(code, 0, err);
  const weak = results.filter((line) => line.weak).map(({ account }) => account);
  assert.deepEqual(weak.toSorted(), schemes.map((_, nth) => `u${nth}`).toSorted());
  assert.ok(looks > 20, `${looks} looks`);
  const dump = `${core}.${pid}`;
  assert.ok(statSync(dump).size > 10_000_000);
  let known = false;
  for (const part of partsOf(dump)) {
    known ||= part.includes(source);
    mustNotHold('a core of the audit', part, secrets);
  }
  assert.ok(known, 'it is the memory of the audit');
  rmSync(dump);
  mustNotHold('what it printed', out + err, [...secrets, ...hashes]);
  assert.ok(files(scene.state).length >= 2);
  for (const path of files(scene.state))
    mustNotHold(path, readFileSync(path), [...secrets, ...hashes]);
  for (const name of readdirSync(tmpdir()).filter((one) => !before.has(one))) {
    const path = join(tmpdir(), name);
    if (name.startsWith('postern') && existsSync(path)) {
      for (const file of files(path)) mustNotHold(file, contentOf(file), secrets);
    }
  }
  assert.deepEqual(folders(running), [], 'the private folder is gone');
  assert.equal(writtenAt(johnsPot), potBefore, 'John left nothing at home');
});

test('the private folder has no plaintext, and its hashes have no name', async () => {
  using scene = openScene(Array.from({ length: 3_000 }, (_, nth) => `common${nth}`));
  const maker = makers.find(({ scheme }) => scheme === 'sha512crypt');
  assert.ok(maker !== undefined);
  const made = await makeAccounts([
    { account: 'early', password: 'early', maker },
    ...Array.from({ length: 30 }, (_, nth) => ({
      account: `u${nth}`,
      password: `strong-${nth}-x`,
      maker,
    })),
  ]);
  const source = `passwd-file:${scene.file('users', lines(made))}`;
  const running = scene.audit('--source', source, '--rules', 'none', '--json', '--time', '10m');
  const outside = await eventually('the private folder', () => folders(running)[0]);
  const folder = join(outside, 'work');
  const names = await eventually('John has opened its files', () => {
    const seen = namesBelow(folder);
    const open =
      seen.includes('.john/john.rec') &&
      !seen.includes('hashes') &&
      !seen.includes('.john/john.pot');
    return open ? seen : undefined;
  });
  assert.ok(!names.includes('worklist'));
  for (const name of names.map((one) => join(folder, one))) {
    if (statSync(name, { throwIfNoEntry: false })?.isFile() !== true) continue;
    mustNotHold(
      name,
      readFileSync(name),
      made.map(({ hash }) => hash.slice(-16)),
    );
  }
  running.child.kill('SIGTERM');
  const { code, results } = await running.done;
  assert.equal(code, 0, 'ended in order, with what was found until then');
  assert.equal(results.length, made.length);
  assert.deepEqual(folders(running), []);
});

test('it leaves no core file, where another program does', async () => {
  using scene = openScene(['nothing']);
  const place = join(scene.dir, 'cores');
  mkdirSync(place);
  const careless = ['-c', 'ulimit -c unlimited; kill -ABRT $$'];
  const other = spawn('/bin/sh', careless, { cwd: place, stdio: 'ignore' });
  await once(other, 'exit');
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
  const cores = (): readonly string[] => readdirSync(place);
  // A pattern that is a path or a program shows nothing here; then the limit itself must do.
  if (/^[\w.%-]+$/.test(pattern)) assert.ok(cores().length > 0, 'core files are written here');
  for (const name of cores()) rmSync(join(place, name));
  const made = await people(30);
  const source = `passwd-file:${scene.file('users', lines(made))}`;
  const running = scene.audit('--source', source, '--time', '10m');
  const pid = await mainPid(running);
  await eventually(
    'core files are forbidden',
    () =>
      /^Max core file size +1 +1 /m.test(readFileSync(`/proc/${pid}/limits`, 'latin1')) ||
      undefined,
  );
  await eventually('the private folder', () => folders(running)[0]);
  process.kill(pid, 'SIGABRT');
  await running.done;
  assert.deepEqual(
    readdirSync(scene.dir).filter((name) => /core/.test(name) && name !== 'cores'),
    [],
  );
});

test('killed in the middle: nothing runs on; the next run cleans up and continues', async () => {
  using scene = openScene([
    'tenrec-99',
    ...Array.from({ length: 1_200 }, (_, nth) => `common${nth}`),
  ]);
  const maker = makers.find(({ scheme, kind }) => scheme === 'sha256crypt' && kind === 'shadow');
  assert.ok(maker !== undefined);
  const made = await makeAccounts(
    Array.from({ length: 8 }, (_, nth) => ({
      account: `u${nth}`,
      maker,
      password: nth % 8 === 1 ? 'tenrec-99' : nth % 8 === 2 ? 'qwertz123' : `strong-${nth}-x`,
    })),
  );
  const source = `shadow:${scene.file('shadow', lines(made))}`;
  const first = scene.audit('--source', source, '--rules', 'none');
  const pid = await mainPid(first);
  let leg = '';
  first.child.stderr?.on('data', (chunk: Buffer) => {
    leg = /"leg":"([\w-]+)"/.exec(chunk.toString('utf8'))?.[1] ?? leg;
  });
  await eventually('it is past the first leg', () => (leg !== '' && leg !== 'own') || undefined, {
    timeoutMs: 300_000,
  });
  const left = folders(first);
  const mine = await eventually('John runs', () =>
    johns(left).length > 0 ? johns(left) : undefined,
  );
  process.kill(pid, 'SIGKILL');
  await first.done;
  assert.equal(left.length, 1);
  await eventually('John ended with it', () =>
    mine.some((one) => existsSync(`/proc/${one}`)) ? undefined : true,
  );
  // A busy machine may not even begin within the time: 75 is a try again.
  const resumed = async (): Promise<Audited> => {
    for (const time of ['25s', '2m']) {
      const ran = await scene.audit('--resume', '--json', '--time', time).done;
      if (ran.code !== 75) return ran;
    }
    return await scene.audit('--resume', '--json', '--time', '10m').done;
  };
  const second = await resumed();
  assert.equal(second.code, 0, second.err);
  for (const folder of left) assert.ok(!existsSync(folder), 'the folder of the killed one is gone');
  assert.ok(
    second.progress.length > 0 &&
      !second.progress.some((one) => one.leg === 'own' && one.tried > 0),
  );
  const wanted = made
    .filter(({ password }) => !password.startsWith('strong'))
    .map(({ account }) => account);
  const weakIn = ({ results }: Audited): readonly string[] =>
    results.filter(({ weak }) => weak).map(({ account }) => account);
  // How much is tried within the time depends on the machine.
  let last = second;
  const until = performance.now() + 10 * 60_000;
  while (performance.now() < until && weakIn(last).length < wanted.length) {
    last = await resumed();
    assert.equal(last.code, 0, last.err);
  }
  assert.deepEqual(weakIn(last).toSorted(), wanted.toSorted());
});

/** Empty if somebody removed it meanwhile. */
function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return Buffer.alloc(0);
  }
}

/** Empty while the folder is being made, or changes as it is read. */
function namesBelow(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true }).map(String);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  }
}

/** Johns at work in one of these folders, by pid. */
function johns(places: readonly string[]): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return (
        places.includes(dirname(readlinkSync(`/proc/${pid}/cwd`))) &&
        /john/.test(readFileSync(`/proc/${pid}/comm`, 'latin1'))
      );
    } catch {
      return false; // gone
    }
  });
}
