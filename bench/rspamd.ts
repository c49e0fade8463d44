/**
 * Debian's rspamd for comparison, as an operator would run it to scan what his own users send:
 * Debian's configuration, milter proxy with self-scan in two workers, no separate scanners. What
 * needs a network or Redis is off, since it would only wait here: DNS lists, SPF, DKIM and DMARC
 * checks, fuzzy hashes, ASN look-ups, and with Redis greylisting, Bayes, rate limits and replies.
 * What is left is its content scan: MIME, headers, regular expressions (Hyperscan), phishing,
 * composites. That makes it faster than most installations are.
 */
import { spawn } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert } from '../src/lib/assert.ts';
import { type MilterServer, server } from './servers.ts';

/** Modules that ask the network. Those that need Redis turn themselves off. */
const modulesOff = [
  ...['arc', 'asn', 'dkim', 'dkim_signing', 'dmarc', 'fuzzy_check', 'hfilter', 'rbl', 'spf'],
];
const workers = 2;
/** The first start compiles thousands of expressions. */
const startMsMax = 180_000;
const quietMs = 2_000;

export async function startRspamd(): Promise<MilterServer> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-rspamd-'));
  const port = await freePort();
  const files: Readonly<Record<string, string>> = {
    'worker-normal.inc': 'enabled = false;\n',
    'worker-controller.inc': 'enabled = false;\n',
    'worker-proxy.inc':
      `bind_socket = "127.0.0.1:${port}";\ncount = ${workers};\nmilter = yes;\n` +
      'upstream "local" { default = yes; self_scan = yes; }\n',
    // A name server that refuses at once.
    'options.inc': 'dns { nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; }\n',
    'logging.inc': `type = "file"; filename = "${folder}/log/rspamd.log"; level = "notice";\n`,
    ...Object.fromEntries(modulesOff.map((name) => [`${name}.conf`, 'enabled = false;\n'])),
  };
  const user = ordinaryUser();
  for (const name of ['', 'override.d', 'db', 'run', 'log']) {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    if (user !== undefined) chownSync(path, user.uid, user.gid);
  }
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, 'override.d', name), text);
  }
  const args = [
    ...['-f', '-c', '/etc/rspamd/rspamd.conf', `--var=LOCAL_CONFDIR=${folder}`],
    ...[`--var=DBDIR=${folder}/db`, `--var=RUNDIR=${folder}/run`, `--var=LOGDIR=${folder}/log`],
  ];
  const child = spawn('/usr/bin/rspamd', args, { stdio: 'ignore', cwd: folder, ...user });
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(new Error('rspamd is not installed: apt-get install rspamd', { cause })),
    );
  });
  const started = server('rspamd', child, `inet:127.0.0.1:${port}`, folder);
  await ready(started, port);
  return started;
}

/** rspamd refuses to run as root; Debian makes it a user of its own. */
function ordinaryUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = /^_rspamd:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  assert(line !== null, 'the package rspamd has made the user _rspamd');
  return { uid: Number(line[1]), gid: Number(line[2]) };
}

/** Listens, and has been quiet for a while: its expressions are compiled. */
async function ready(rspamd: MilterServer, port: number): Promise<void> {
  const until = performance.now() + startMsMax;
  let spent = -1;
  while (performance.now() < until) {
    const listens = await answers(port);
    const now = rspamd.cpuMs();
    if (listens && now - spent < quietMs * 0.02) return;
    spent = now;
    await sleep(quietMs);
  }
  throw new Error(`rspamd was not ready within ${startMsMax / 1_000} s`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ host: '127.0.0.1', port });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      assert(typeof address === 'object' && address !== null, 'it listens on a port');
      probe.close(() => resolve(address.port));
    });
  });
}
