/**
 * Real scanners in folders of their own, on loopback and free ports: SpamAssassin's spamd with
 * Debian's rules and no network tests, rspamd without what asks the network, clamd that knows EICAR
 * and nothing else. As root they change to an ordinary user; otherwise they run as whoever runs the
 * tests. Ended with the scope.
 */
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRspamd } from '../../src/partners/scanners/rspamd.ts';
import { openSpamAssassin } from '../../src/partners/scanners/spamassassin.ts';
import { eventually, freePort, type Leashed, leash } from './leash.ts';
import { disabled, giveToRspamd, startRspamd } from './rspamd-process.ts';

export type ScannerInstance = AsyncDisposable & {
  /** As [scan] wants it. */
  readonly address: string;
  readonly port: number;
  output(): string;
};

export type SpamdInstance = ScannerInstance & {
  /** All of its processes stand still, or go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Messages that it has scanned, by its own log, and those of them that it called spam. */
  scans(): number;
  spam(): number;
};

const isRoot = process.getuid?.() === 0;
/** The first start compiles rules. */
const startMs = 90_000;

/** `rules`: more lines of local.cf. */
export async function startSpamd(
  children = 3,
  rules: readonly string[] = [],
): Promise<SpamdInstance> {
  const dir = await mkdtemp(join(tmpdir(), 'psa-'));
  await chmod(dir, 0o755);
  const home = join(dir, 'home');
  await mkdir(home, { mode: 0o777 });
  await chmod(home, 0o777);
  const port = await freePort();
  // What it prints is kept only in part.
  const log = join(dir, 'spamd.log');
  await writeFile(log, '', { mode: 0o666 });
  await chmod(log, 0o666);
  const results = (): readonly string[] =>
    [...readFileSync(log, 'latin1').matchAll(/ result: (Y|\.) /g)].map(([, said = '']) => said);
  const pidFile = join(dir, 'spamd.pid');
  const daemon = leash(
    '/usr/sbin/spamd',
    [
      ...['-L', '-x', '-l', '-i', `127.0.0.1:${port}`, '-s', log, '-r', pidFile],
      ...[`--max-children=${children}`, `--min-children=${children}`, '-H', home],
      ...rules.flatMap((rule) => ['--cf', rule]),
      ...['--cf', `bayes_path ${home}/bayes`, '--cf', 'bayes_auto_learn 0'],
      ...(isRoot ? ['-u', 'nobody'] : []),
    ],
    { detaches: false, graceMs: 3_000 },
  );
  const where = { host: '127.0.0.1', port };
  const ready = (): Promise<true | undefined> =>
    openSpamAssassin({ where, user: '', octetsMax: 1 })
      .ping(1_000)
      .then(
        () => true as const,
        () => undefined,
      );
  const instance = await started('spamd', daemon, dir, port, ready);
  return {
    ...instance,
    signal(signal) {
      const pid = Number(readFileSync(pidFile, 'utf8'));
      process.kill(-pid, signal);
    },
    scans: () => results().length,
    spam: () => results().filter((one) => one === 'Y').length,
    async [Symbol.asyncDispose]() {
      const pid = Number(await readFile(pidFile, 'utf8').catch(() => '0'));
      if (pid > 0) process.kill(-pid, 'SIGCONT');
      await instance[Symbol.asyncDispose]();
    },
  };
}

/** `actions`: what the operator wrote into actions.conf. */
export async function startRspamdWorker(actions = ''): Promise<ScannerInstance> {
  const dir = await mkdtemp(join(tmpdir(), 'prs-'));
  giveToRspamd(dir);
  const { daemon, port } = await startRspamd(dir, {
    'actions.conf': actions,
    'dkim.conf': disabled,
    'dkim_signing.conf': disabled,
  });
  const probe = openRspamd({ where: { host: '127.0.0.1', port }, octetsMax: 1, connections: 1 });
  const instance = await started('rspamd', daemon, dir, port, () =>
    probe.scan(Buffer.from('Subject: x\r\n\r\nx\r\n'), 2_000).then(
      () => true as const,
      () => undefined,
    ),
  );
  probe.close();
  return instance;
}

/** EICAR as ClamAV's own signature has it, in hexadecimal. */
const eicarSignature = `Eicar-Test-Signature:0:*:${Buffer.from(
  ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join(''),
).toString('hex')}\n`;
export const eicar: string = Buffer.from(
  eicarSignature.split(':')[3]?.trim() ?? '',
  'hex',
).toString();

export type ClamdOptions = {
  /** More lines of clamd.conf. */
  readonly lines?: readonly string[];
  /** More signatures: the name of each, and the text that it finds. */
  readonly signatures?: Readonly<Record<string, string>>;
};

export async function startClamd(options: ClamdOptions = {}): Promise<ScannerInstance> {
  const dir = await mkdtemp(join(tmpdir(), 'pcl-'));
  await chmod(dir, 0o755);
  const port = await freePort();
  await mkdir(join(dir, 'db'));
  const more = Object.entries(options.signatures ?? {}).map(
    ([name, found]) => `${name}:0:*:${Buffer.from(found).toString('hex')}\n`,
  );
  await writeFile(join(dir, 'db', 'eicar.ndb'), eicarSignature + more.join(''));
  const lines = [
    `DatabaseDirectory ${dir}/db`,
    `TCPSocket ${port}`,
    ...['TCPAddr 127.0.0.1', 'Foreground yes', ...(isRoot ? ['User nobody'] : [])],
    ...(options.lines ?? []),
  ];
  await writeFile(join(dir, 'clamd.conf'), `${lines.join('\n')}\n`);
  const daemon = leash('/usr/sbin/clamd', ['-c', join(dir, 'clamd.conf')], {
    detaches: false,
    graceMs: 3_000,
  });
  return started('clamd', daemon, dir, port, () =>
    Promise.resolve(
      daemon.output().includes('MaxQueue') || daemon.output().includes('Self checking')
        ? true
        : undefined,
    ),
  );
}

async function started(
  name: string,
  daemon: Leashed,
  dir: string,
  port: number,
  ready: () => Promise<true | undefined>,
): Promise<ScannerInstance> {
  const stop = async (): Promise<void> => {
    await daemon.stop();
    await rm(dir, { recursive: true, force: true });
  };
  const running = (): Promise<true | undefined> => {
    if (daemon.ended) throw new Error(`${name} ended: ${daemon.output()}`);
    return ready();
  };
  try {
    await eventually(`${name} runs`, running, { detail: daemon.output, timeoutMs: startMs });
  } catch (error) {
    await stop();
    throw error;
  }
  const address = `inet:127.0.0.1:${port}`;
  return { address, port, output: daemon.output, [Symbol.asyncDispose]: stop };
}
