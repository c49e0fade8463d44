/**
 * Accounts with passwords, their hashes made by the tools that people make them with; and the audit
 * as a child process.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { launcher } from './guard-instance.ts';

const run = promisify(execFile);

export type Made = {
  readonly account: string;
  readonly password: string;
  readonly scheme: string;
  readonly hash: string;
};

type Maker = {
  /** As the audit calls it. */
  readonly scheme: string;
  /** In which kind of source it is found. */
  readonly kind: 'shadow' | 'passwd-file' | 'htpasswd';
  make(account: string, password: string): Promise<string>;
  /** A try takes a tenth of a second, whatever the tool is told: a few of them must do. */
  readonly dear?: true;
  /** Slow even at its cheapest: of many accounts a few have it. */
  readonly slow?: true;
};

const mkpasswd =
  (method: string, ...more: readonly string[]) =>
  (_: string, password: string) =>
    fed(['mkpasswd', '-s', '-m', method, ...more], password);
const doveadm =
  (scheme: string, ...more: readonly string[]) =>
  (account: string, password: string): Promise<string> =>
    fed(['doveadm', 'pw', '-s', scheme, '-u', account, ...more], `${password}\n${password}\n`);
const htpasswd =
  (...how: readonly string[]) =>
  async (account: string, password: string): Promise<string> =>
    (await fed(['htpasswd', '-n', '-i', ...how, account], password)).slice(account.length + 1);

/** The password on standard input; the first line of the answer that is no question. */
async function fed([program = '', ...args]: readonly string[], input: string): Promise<string> {
  const child = run(program, args);
  child.child.stdin?.end(input);
  const { stdout } = await child;
  const line = stdout.split('\n').findLast((one) => one !== '') ?? '';
  return line.replace(/^(?:Enter new password: )?(?:Retype new password: )?/, '');
}

/**
 * Cheap settings where the tool has them: it is the forms that are tested here, not the patience.
 */
export const makers: readonly Maker[] = [
  { scheme: 'descrypt', kind: 'shadow', make: mkpasswd('descrypt') },
  { scheme: 'bsdicrypt', kind: 'shadow', make: mkpasswd('bsdicrypt', '-R', '25') },
  { scheme: 'md5crypt', kind: 'shadow', make: mkpasswd('md5crypt') },
  { scheme: 'sha256crypt', kind: 'shadow', make: mkpasswd('sha256crypt', '-R', '1000') },
  { scheme: 'sha512crypt', kind: 'shadow', make: mkpasswd('sha512crypt', '-R', '1000') },
  { scheme: 'bcrypt', kind: 'shadow', make: mkpasswd('bcrypt', '-R', '4'), slow: true },
  { scheme: 'yescrypt', kind: 'shadow', make: mkpasswd('yescrypt', '-R', '1'), slow: true },
  { scheme: 'bcrypt', kind: 'passwd-file', make: doveadm('BLF-CRYPT', '-r', '4'), slow: true },
  { scheme: 'sha512crypt', kind: 'passwd-file', make: doveadm('SHA512-CRYPT', '-r', '1000') },
  { scheme: 'plain', kind: 'passwd-file', make: doveadm('PLAIN') },
  { scheme: 'plain', kind: 'passwd-file', make: doveadm('CLEAR.b64') },
  { scheme: 'sha256', kind: 'passwd-file', make: doveadm('SHA256') },
  { scheme: 'sha512', kind: 'passwd-file', make: doveadm('SHA512.hex') },
  { scheme: 'ssha', kind: 'passwd-file', make: doveadm('SSHA') },
  { scheme: 'ssha256', kind: 'passwd-file', make: doveadm('SSHA256.hex') },
  { scheme: 'ssha512', kind: 'passwd-file', make: doveadm('SSHA512') },
  { scheme: 'smd5', kind: 'passwd-file', make: doveadm('SMD5') },
  { scheme: 'plain-md5', kind: 'passwd-file', make: doveadm('PLAIN-MD5') },
  { scheme: 'cram-md5', kind: 'passwd-file', make: doveadm('CRAM-MD5') },
  { scheme: 'digest-md5', kind: 'passwd-file', make: doveadm('DIGEST-MD5') },
  { scheme: 'pbkdf2', kind: 'passwd-file', make: doveadm('PBKDF2', '-r', '100') },
  { scheme: 'scram-sha256', kind: 'passwd-file', make: doveadm('SCRAM-SHA-256'), slow: true },
  { scheme: 'bcrypt', kind: 'htpasswd', make: htpasswd('-B', '-C', '4'), slow: true },
  { scheme: 'apr1', kind: 'htpasswd', make: htpasswd('-m'), slow: true },
  { scheme: 'sha', kind: 'htpasswd', make: htpasswd('-s') },
  { scheme: 'bcrypt', kind: 'shadow', make: mkpasswd('bcrypt-a', '-R', '4'), slow: true },
  {
    scheme: 'gost-yescrypt',
    kind: 'shadow',
    make: mkpasswd('gost-yescrypt', '-R', '1'),
    slow: true,
  },
  { scheme: 'descrypt', kind: 'passwd-file', make: doveadm('DES-CRYPT') },
  { scheme: 'md5crypt', kind: 'passwd-file', make: doveadm('MD5-CRYPT') },
  { scheme: 'sha256crypt', kind: 'passwd-file', make: doveadm('SHA256-CRYPT', '-r', '1000') },
  { scheme: 'sha1', kind: 'passwd-file', make: doveadm('SHA1.hex') },
  { scheme: 'ldap-md5', kind: 'passwd-file', make: doveadm('LDAP-MD5') },
  { scheme: 'scram-sha1', kind: 'passwd-file', make: doveadm('SCRAM-SHA-1'), slow: true },
  { scheme: 'sha512crypt', kind: 'htpasswd', make: htpasswd('-5', '-r', '1000') },
  { scheme: 'descrypt', kind: 'htpasswd', make: htpasswd('-d') },
  { scheme: 'scrypt', kind: 'shadow', make: mkpasswd('scrypt', '-R', '6'), dear: true },
  { scheme: 'sunmd5', kind: 'shadow', make: mkpasswd('sunmd5', '-R', '4096'), dear: true },
  { scheme: 'argon2i', kind: 'passwd-file', make: doveadm('ARGON2I'), dear: true },
  { scheme: 'argon2id', kind: 'passwd-file', make: doveadm('ARGON2ID'), dear: true },
];

/** So many tools at once. */
const lanes = 3;

/** `accounts`: in which of the makers' ways each is stored. */
export async function makeAccounts(
  accounts: readonly {
    readonly account: string;
    readonly password: string;
    readonly maker: Maker;
  }[],
): Promise<readonly (Made & { readonly kind: Maker['kind'] })[]> {
  const made: (Made & { readonly kind: Maker['kind'] })[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < accounts.length; at = next++) {
      const one = accounts[at];
      if (one === undefined) return;
      const { account, password, maker } = one;
      const hash = await maker.make(account, password);
      made[at] = { account, password, hash, scheme: maker.scheme, kind: maker.kind };
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return made;
}

/** One hash, in the first way that a tool makes this scheme. */
export async function hashOf(scheme: string, account: string, password: string): Promise<string> {
  const maker = makers.find((one) => one.scheme === scheme);
  assert.ok(maker !== undefined, scheme);
  return await maker.make(account, password);
}

/** `NAME:HASH`, a line each. */
export async function hashLines(
  scheme: string,
  passwords: Readonly<Record<string, string>>,
): Promise<string> {
  const lines = Object.entries(passwords).map(
    async ([name, password]) => `${name}:${await hashOf(scheme, name, password)}\n`,
  );
  return (await Promise.all(lines)).join('');
}

/** A folder with a state folder, sources, a short list, and a configuration that names them. */
export type Scene = Disposable & {
  readonly dir: string;
  readonly state: string;
  readonly config: string;
  /** Words that name both to a command. */
  readonly about: readonly string[];
  file(name: string, text: string): string;
  audit(...words: readonly string[]): AuditRun;
};

export type AuditRun = {
  readonly child: ChildProcess;
  readonly done: Promise<Audited>;
};
export type Audited = {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** The lines about accounts. */
  readonly results: readonly AuditLine[];
  readonly progress: readonly { readonly leg: string; readonly tried: number }[];
};
export type AuditLine = {
  readonly account: string;
  readonly scheme: string;
  readonly weak: boolean;
  readonly class?: string;
  readonly by?: string;
  readonly source: string;
};

/** Another John than Debian's, such as a jumbo version: JOHN=/path/to/john. */
const john = process.env['JOHN'] ?? '';

/** `list`: the common passwords of this scene. `more`: TOML. */
export function openScene(list: readonly string[], more = ''): Scene {
  const dir = mkdtempSync(join(tmpdir(), 'ppw-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  const top = file('list', `${list.join('\n')}\n`);
  const config = file(
    'postern.toml',
    `${more}\n[passwords]\ntop_list = "${top}"\nprocessors = 2\njohn = "${john}"\n`,
  );
  const state = join(dir, 'state');
  const about = ['--state', state, '--config', config];
  return {
    dir,
    state,
    config,
    about,
    file,
    audit: (...words) => startAudit(['passwords', 'audit', ...about, ...words], dir),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/**
 * A configuration with which the real John first does something else. He is run as somebody else,
 * who must get at that.
 */
export function afterJohnDid(scene: Scene, name: string, script: string): string {
  chmodSync(scene.dir, 0o755);
  const program = scene.file(name, `#!/bin/sh\n${script}\nexec /usr/sbin/john "$@"\n`);
  chmodSync(program, 0o755);
  const text = readFileSync(scene.config, 'utf8').replace(/^john = .*$/m, `john = "${program}"`);
  return scene.file(`${name}.toml`, text);
}

/** With core files allowed, as careless an environment as there is. */
function startAudit(words: readonly string[], cwd: string): AuditRun {
  const child = spawn(
    '/bin/sh',
    ['-c', 'ulimit -c unlimited; exec "$0" "$@"', launcher, ...words],
    {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  return { child, done: ended(child, out, err) };
}

async function ended(child: ChildProcess, out: Buffer[], err: Buffer[]): Promise<Audited> {
  const [code] = (await once(child, 'close')) as [number | null];
  const [said, complained] = [out, err].map((chunks) => Buffer.concat(chunks).toString('utf8'));
  const json = (text = ''): readonly Record<string, unknown>[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    code,
    out: said ?? '',
    err: complained ?? '',
    results: json(said) as unknown as readonly AuditLine[],
    progress: json(complained) as unknown as Audited['progress'],
  };
}
