/** A real rspamd on loopback and a free port, without what asks the network. */
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Leashed, leash } from './leash.ts';

export type RspamdProcess = { readonly daemon: Leashed; readonly port: number };

const isRoot = process.getuid?.() === 0;
/** For override.d: switches off a module or a worker. */
export const disabled = 'enabled = false;\n';
/** Modules that ask the network. */
const offline = ['arc', 'asn', 'dmarc', 'fuzzy_check', 'hfilter', 'rbl', 'spf'];

/** Gives a file or folder to the user of rspamd. */
export function giveToRspamd(path: string): void {
  if (!isRoot) return;
  const line = /^_rspamd:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  chownSync(path, Number(line?.[1] ?? 0), Number(line?.[2] ?? 0));
}

/** `folder`: its local configuration. `files`: what override.d has besides. */
export async function startRspamd(
  folder: string,
  files: Readonly<Record<string, string>> = {},
): Promise<RspamdProcess> {
  const port = await freePort();
  const all: Readonly<Record<string, string>> = {
    'worker-normal.inc': `bind_socket = "127.0.0.1:${port}";\ncount = 1;\n`,
    'worker-controller.inc': disabled,
    'worker-proxy.inc': disabled,
    'options.inc': 'dns { nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; }\n',
    'logging.inc': 'type = "console"; level = "error";\n',
    ...Object.fromEntries(offline.map((name) => [`${name}.conf`, disabled])),
    ...files,
  };
  for (const name of ['override.d', 'db', 'run', 'log']) {
    mkdirSync(join(folder, name), { recursive: true });
    giveToRspamd(join(folder, name));
  }
  for (const [name, text] of Object.entries(all)) {
    writeFileSync(join(folder, 'override.d', name), text);
  }
  const args = [
    ...['-f', '-c', '/etc/rspamd/rspamd.conf', `--var=LOCAL_CONFDIR=${folder}`],
    ...[`--var=DBDIR=${folder}/db`, `--var=RUNDIR=${folder}/run`, `--var=LOGDIR=${folder}/log`],
    ...(isRoot ? ['--user', '_rspamd', '--group', '_rspamd'] : []),
  ];
  return { daemon: leash('/usr/bin/rspamd', args, { detaches: false, graceMs: 5_000 }), port };
}
