/**
 * A mail server whose sendmail(1) is Postern's: sink, Postfix, a guard with its sendmail door, and
 * postern-sendmail, all in folders of their own. Postfix's real sendmail stays where it is, called
 * with the instance's configuration.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { assembleSendmail, sendmailLauncher, sendmailStarter } from '../../src/wrapper/assemble.ts';
import { fixedDoors, type GuardInstance, startGuard } from './guard-instance.ts';
import { connectPostfix } from './guarded-server.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { privateMounts } from './private-mounts.ts';
import { type Sink, startSink } from './smtp-sink.ts';

/** Users that every Debian has: neither can read what another writes. */
export const users = { daemon: 1, games: 5, www: 33, nobody: 65_534 } as const;

export type Ran = {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
};
export type Run = {
  readonly uid?: number;
  readonly args?: readonly string[];
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
};

export type SendmailServer = AsyncDisposable & {
  readonly dir: string;
  readonly sink: Sink;
  readonly postfix: PostfixInstance;
  readonly state: string;
  readonly spool: string;
  readonly door: string;
  /** postern-sendmail. */
  readonly sendmail: string;
  guard: GuardInstance;
  startGuard(): Promise<GuardInstance>;
  /** Runs postern-sendmail as a user. */
  send(how: Run): Promise<Ran>;
  /** Runs any program as a user, where this Postfix is the machine's own. */
  run(program: string, how: Run): Promise<Ran>;
};

export type SendmailServerOptions = {
  readonly mode?: 'observe' | 'guard';
  /** More sections of TOML. */
  readonly config?: string;
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * As an installed Postern is: of a user of its own, in the group postdrop, without any right and
   * any way to one, and with /etc/postfix this Postfix's.
   */
  readonly installed?: boolean;
  /** With `installed`: more to mount, as sh does it. */
  readonly mounts?: string;
  /** False: the door is not open, and nothing uses it. */
  readonly open?: false;
};

/** The user that an installed Postern is here. */
export const guardUser = { name: 'backup', uid: 34 } as const;

export async function startSendmailServer(
  options: SendmailServerOptions = {},
): Promise<SendmailServer> {
  await using scope = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'psm-'));
  scope.defer(() => rm(dir, { recursive: true, force: true }));
  await chmod(dir, 0o755);
  const [state, spool, run] = ['state', 'spool', 'run'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(state, { mode: 0o700 });
  await mkdir(run, { mode: 0o755 });
  await mkdir(spool);
  await chmod(spool, 0o3733);
  const sink = scope.use(await startSink({ keepMessages: true }));
  const postfix = scope.use(
    await startPostfix({ sink: sink.port, settings: options.settings ?? {} }),
  );
  const installed =
    options.installed === true ? await asInstalled(postfix.configDirectory, options.mounts) : none;
  scope.use(installed);
  if (options.installed === true) {
    for (const folder of [state, spool, run]) await chown(folder, guardUser.uid, guardUser.uid);
    await chmod(spool, 0o3733);
  }
  const door = join(run, 'sendmail');
  const config = `
mode = "${options.mode ?? 'observe'}"
${options.config ?? ''}
[postfix]
${options.installed === true ? '' : `config_directory = "${postfix.configDirectory}"`}
[mail_log]
source = "off"
[sendmail]
spool = "${spool}"
${options.open === false ? '' : `door = "unix:${door}"\nqueue_directory = "${postfix.dir}/spool"`}
`;
  const script = join(dir, 'postern-sendmail.cjs');
  const place = {
    door,
    spool,
    real: '/usr/sbin/sendmail',
    messageBytesMax: 10_240_000,
    host: 'mail.test',
  };
  await writeFile(script, assembleSendmail(place));
  const sendmail = join(dir, 'sendmail');
  const starter = join(dir, 'postern-sendmail-start');
  const paths = { node: process.execPath, script, starter, real: place.real };
  await writeFile(starter, sendmailStarter(place, paths));
  const launcher = sendmailLauncher(paths);
  await writeFile(sendmail, launcher, { mode: 0o755 });
  const words = await fixedDoors();
  const start = (): Promise<GuardInstance> =>
    startGuard({ state, config, words, through: installed.guard });
  const server = {
    dir,
    sink,
    postfix,
    state,
    spool,
    door,
    sendmail,
    run: (program: string, how: Run) => runAs(program, how, installed.enter),
    guard: await start(),
    startGuard: start,
    send: (how: Run) => runAs(sendmail, how, installed.enter),
  };
  scope.defer(() => server.guard[Symbol.asyncDispose]());
  await connectPostfix(server);
  const all = scope.move();
  return Object.assign(server, { [Symbol.asyncDispose]: () => all.disposeAsync() });
}

type Installed = AsyncDisposable & {
  readonly enter: readonly string[];
  /** In front of the guard. */
  readonly guard: readonly string[];
};
const none: Installed = { enter: [], guard: [], [Symbol.asyncDispose]: async () => undefined };

async function asInstalled(configDirectory: string, more = ''): Promise<Installed> {
  const mounts = await privateMounts(`mount --bind ${configDirectory} /etc/postfix\n${more}`);
  const { stdout } = await promisify(execFile)('/usr/bin/getent', ['group', 'postdrop']);
  const { uid } = guardUser;
  const rights = [`--reuid=${uid}`, `--regid=${uid}`, `--groups=${stdout.split(':')[2]}`];
  return {
    enter: mounts.enter,
    guard: [
      ...mounts.enter,
      '/usr/bin/setpriv',
      ...rights,
      '--no-new-privs',
      '--bounding-set=-all',
    ],
    [Symbol.asyncDispose]: () => mounts[Symbol.asyncDispose](),
  };
}

/** Runs a program as a user, with nothing of ours in its groups. */
export async function runAs(
  program: string,
  how: Run,
  enter: readonly string[] = [],
): Promise<Ran> {
  const { uid = 0, args = [], input = '', cwd = '/', env = {} } = how;
  const user = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups'];
  const words = [...enter, '/usr/bin/setpriv', ...user, program, ...args];
  const child = spawn(words[0] ?? '', words.slice(1), {
    cwd,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [exit] = (await once(child, 'close')) as [number | null];
  return { exit, stdout, stderr };
}
