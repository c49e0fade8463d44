/**
 * A real Postfix in a folder of its own: own configuration, queue, ports on 127.0.0.1 and log file;
 * what it sends goes to the sink. The system's own Postfix and /etc/postfix are never touched.
 * Ended with the scope:
 *
 *     await using sink = await startSink();
 *     await using dovecot = await startDovecot({ users });
 *     const saslSocket = dovecot.authSocket;
 *     await using postfix = await startPostfix({ sink: sink.port, saslSocket });
 *     postfix.ports.smtp; postfix.ports.submission;   // without login; with login
 *     postfix.configDirectory;                        // for -c of every Postfix tool
 *     await postfix.set({ smtpd_milters: 'inet:127.0.0.1:…' }); await postfix.reload();
 *     await postfix.sendmail({ from, to, id });       // through sendmail(1) and pickup(8)
 *     await postfix.queue(); await postfix.logged(/status=sent/);
 *
 * mydestination is `mail.test` (its mail goes to the sink as well); everything else is the world.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mustBeRoot } from './dovecot-instance.ts';
import { eventually, freePort, type Leashed, leash } from './leash.ts';
import type { TestMessage } from './smtp-client.ts';

const run = promisify(execFile);

export type QueueEntry = {
  readonly queue_id: string;
  readonly queue_name: string;
  readonly sender: string;
  readonly recipients: readonly { readonly address: string; readonly delay_reason?: string }[];
};
export type PostfixInstance = AsyncDisposable & {
  readonly dir: string;
  readonly configDirectory: string;
  readonly ports: { readonly smtp: number; readonly submission: number; readonly smtps: number };
  /** Changes main.cf; needs `reload`. */
  set(settings: Readonly<Record<string, string>>): Promise<void>;
  reload(): Promise<void>;
  /** Hands a message to sendmail(1). Rejects when sendmail does. */
  sendmail(message: TestMessage): Promise<void>;
  queue(): Promise<readonly QueueEntry[]>;
  /** Ids in the hold queue, sorted. */
  onHold(): Promise<readonly string[]>;
  /** Tries everything deferred again. */
  flush(): Promise<void>;
  log(): Promise<string>;
  /** The first match in the log, waited for. */
  logged(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** One of Postfix's tools with this instance's configuration. */
  tool(name: 'postconf' | 'postqueue' | 'postsuper', ...args: string[]): Promise<string>;
};
export type PostfixOptions = {
  /** Port of the SMTP server that all mail goes to. */
  readonly sink: number;
  /** Dovecot's auth socket. Without it nobody can log in. */
  readonly saslSocket?: string;
  /** More main.cf settings. */
  readonly settings?: Readonly<Record<string, string>>;
  /** More `-o name=value` for these services. */
  readonly submission?: Readonly<Record<string, string>>;
  readonly smtp?: Readonly<Record<string, string>>;
  /** More services for master.cf. */
  readonly services?: string;
  /** True: smtpd and cleanup run in a chroot, the queue directory. */
  readonly chroot?: boolean;
  /** A whole master.cf of the test's own, given the ports; replaces the built-in one. */
  readonly masterCf?: (ports: PostfixInstance['ports']) => string;
};

export async function startPostfix(options: PostfixOptions): Promise<PostfixInstance> {
  mustBeRoot();
  const dir = await mkdtemp(join(tmpdir(), 'ppf-'));
  const configDirectory = join(dir, 'etc');
  const logFile = join(dir, 'log', 'mail.log');
  const ports = {
    smtp: await freePort(),
    submission: await freePort(),
    smtps: await freePort(),
  };
  await layOut(dir);
  await writeFile(join(configDirectory, 'main.cf'), mainCf(dir, options));
  const masterText = options.masterCf?.(ports) ?? masterCf(ports, options);
  const services = options.services ?? '';
  await writeFile(join(configDirectory, 'master.cf'), `${masterText}${services}`);
  await settle(configDirectory);
  const master = leash('/usr/lib/postfix/sbin/master', ['-c', configDirectory, '-s'], {
    detaches: true,
    graceMs: 4_000,
  });
  const log = (): Promise<string> => readFile(logFile, 'utf8').catch(() => '');
  const tool = async (name: string, ...args: string[]): Promise<string> =>
    (await run(`/usr/sbin/${name}`, ['-c', configDirectory, ...args], { maxBuffer: 64 << 20 }))
      .stdout;
  const listed = async (tries: number): Promise<string> => {
    try {
      return await tool('postqueue', '-j');
    } catch (error) {
      // showq(8) ends a list early when files move meanwhile.
      if (tries === 0 || !String(error).includes('malformed showq')) throw error;
      return listed(tries - 1);
    }
  };
  const queue = async (): Promise<readonly QueueEntry[]> =>
    (await listed(9))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as QueueEntry);
  const instance: PostfixInstance = {
    dir,
    configDirectory,
    ports,
    log,
    tool,
    async set(settings) {
      await tool(
        'postconf',
        ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
      );
      await settle(configDirectory);
    },
    reload: async () => void (await tool('postfix', 'reload')),
    flush: async () => void (await tool('postqueue', '-f')),
    queue,
    onHold: async () =>
      (await queue())
        .filter(({ queue_name }) => queue_name === 'hold')
        .map(({ queue_id }) => queue_id)
        .sort(),
    sendmail: (message) => sendmail(configDirectory, message),
    logged: (pattern, timeoutMs) =>
      eventually(`${pattern} in the mail log`, async () => pattern.exec(await log()) ?? undefined, {
        detail: log,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      }),
    async [Symbol.asyncDispose]() {
      await master.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
  try {
    const detail = async (): Promise<string> => master.output() + (await log());
    await eventually('Postfix greets', () => greets(ports.smtp, master, log), { detail });
  } catch (error) {
    await master.stop();
    throw error;
  }
  return instance;
}

/**
 * Postfix waits two seconds before it trusts a file that changed just now; so these changed a
 * minute ago.
 */
async function settle(configDirectory: string): Promise<void> {
  const aMinuteAgo = Date.now() / 1_000 - 60;
  for (const file of ['main.cf', 'master.cf']) {
    await utimes(join(configDirectory, file), aMinuteAgo, aMinuteAgo);
  }
}

/** The user that Postfix's services run as. */
export async function postfixUid(): Promise<number> {
  return Number((await run('id', ['-u', 'postfix'])).stdout.trim());
}

/** The folders that `postfix check` would make, without its two seconds of shell. */
async function layOut(dir: string): Promise<void> {
  const { stdout: group } = await run('getent', ['group', 'postdrop']);
  const postfix = await postfixUid();
  const postdrop = Number(group.split(':')[2]);
  const make = async (
    path: string,
    mode: number,
    owner: readonly [number, number],
  ): Promise<void> => {
    await mkdir(join(dir, path), { recursive: true });
    await chown(join(dir, path), owner[0], owner[1]);
    await chmod(join(dir, path), mode);
  };
  await make('.', 0o755, [0, 0]);
  for (const path of ['etc', 'log', 'spool', 'spool/pid']) await make(path, 0o755, [0, 0]);
  await make('data', 0o700, [postfix, 0]);
  const queues = 'active bounce corrupt defer deferred flush hold incoming private saved trace';
  for (const name of queues.split(' ')) await make(`spool/${name}`, 0o700, [postfix, 0]);
  await make('spool/maildrop', 0o1730, [postfix, postdrop]);
  await make('spool/public', 0o2710, [postfix, postdrop]);
}

function mainCf(dir: string, options: PostfixOptions): string {
  const settings: Record<string, string> = {
    compatibility_level: '3.6',
    queue_directory: `${dir}/spool`,
    data_directory: `${dir}/data`,
    maillog_file: `${dir}/log/mail.log`,
    maillog_file_prefixes: dir,
    myhostname: 'mail.test',
    mydestination: 'mail.test',
    local_recipient_maps: '',
    alias_maps: '',
    alias_database: '',
    // A client of its own name, so that milters are told of local mail what they are told
    // elsewhere: it stays here.
    local_transport: `maildrop:[127.0.0.1]:${options.sink}`,
    default_transport: `smtp:[127.0.0.1]:${options.sink}`,
    relay_transport: `smtp:[127.0.0.1]:${options.sink}`,
    mynetworks: '127.0.0.1/32',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    smtp_dns_support_level: 'disabled',
    smtpd_peername_lookup: 'no',
    smtpd_tls_security_level: 'none',
    smtp_tls_security_level: 'none',
    smtpd_relay_restrictions:
      'permit_mynetworks permit_sasl_authenticated reject_unauth_destination',
    smtpd_sasl_type: 'dovecot',
    smtpd_sasl_path: options.saslSocket ?? 'private/no-auth',
    smtpd_recipient_limit: '5000',
    queue_run_delay: '2s',
    minimal_backoff_time: '2s',
    maximal_backoff_time: '4s',
    notify_classes: '',
    ...options.settings,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

function masterCf(ports: PostfixInstance['ports'], options: PostfixOptions): string {
  const overrides = (more: Readonly<Record<string, string>> = {}): string =>
    Object.entries(more)
      .map(([name, value]) => `  -o { ${name} = ${value} }\n`)
      .join('');
  const authenticated = {
    // smtpd does not start where it cannot ask for passwords.
    smtpd_sasl_auth_enable: options.saslSocket === undefined ? 'no' : 'yes',
    smtpd_relay_restrictions: 'permit_sasl_authenticated,reject',
  };
  const chroot = options.chroot === true ? 'y' : 'n';
  return `127.0.0.1:${ports.smtp} inet n - ${chroot} - - smtpd
${overrides(options.smtp)}127.0.0.1:${ports.submission} inet n - ${chroot} - - smtpd
${overrides({ syslog_name: 'postfix/submission', ...authenticated, ...options.submission })}\
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       ${chroot}       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
maildrop  unix  -       -       n       -       -       smtp
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
local     unix  -       n       n       -       -       local
virtual   unix  -       n       n       -       -       virtual
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
postlog   unix-dgram n  -       n       -       1       postlogd
`;
}

async function sendmail(configDirectory: string, message: TestMessage): Promise<void> {
  const args = ['-C', configDirectory, '-oi', '-f', message.from, ...message.to];
  const child = spawn('/usr/sbin/sendmail', args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1');
  });
  const headers = [
    `Subject: ${message.subject ?? 'a test'}`,
    `Message-Id: <${message.id}@client.test>`,
    `X-Test-Id: ${message.id}`,
    ...(message.headers ?? []),
  ];
  child.stdin.end(`${headers.join('\n')}\n\n${message.body ?? 'Hello.\n'}`);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`sendmail ended with ${code}: ${said}`);
}

/**
 * Undefined until smtpd answers; throws when master has ended. Without its milter, smtpd greets and
 * refuses later (220), or refuses at once (421, Postfix 3.10).
 */
async function greets(
  port: number,
  master: Leashed,
  log: () => Promise<string>,
): Promise<true | undefined> {
  if (master.ended) throw new Error(`Postfix ended: ${master.output()}${await log()}`);
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => resolve(undefined));
    socket.on('data', (chunk) => {
      socket.end('QUIT\r\n');
      resolve(/^(?:220|421) /.test(chunk.toString('latin1')) ? true : undefined);
    });
  });
}
