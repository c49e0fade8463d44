/**
 * A real rspamd that signs: without what asks the network, with the folder of a set-up as its local
 * configuration.
 */
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, freePort, leash } from './leash.ts';

export type RspamdSigner = AsyncDisposable & { readonly url: string };

const isRoot = process.getuid?.() === 0;
const offline = ['arc', 'asn', 'dmarc', 'fuzzy_check', 'hfilter', 'rbl', 'spf'];

/** Gives a file to the user of rspamd. */
export function giveToRspamd(path: string): void {
  if (!isRoot) return;
  const line = /^_rspamd:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  chownSync(path, Number(line?.[1] ?? 0), Number(line?.[2] ?? 0));
}

const milterWorker = (port: number): string =>
  `bind_socket = "127.0.0.1:${port}"; milter = yes; timeout = 60s; count = 1;
upstream "local" { default = yes; self_scan = yes; }\n`;

/** `milterPort`: it is a milter there as well. */
export async function startRspamdSigner(
  folder: string,
  { milterPort }: { readonly milterPort?: number } = {},
): Promise<RspamdSigner> {
  const port = await freePort();
  const disabled = 'enabled = false;\n';
  const files: Readonly<Record<string, string>> = {
    'worker-normal.inc': `bind_socket = "127.0.0.1:${port}";\ncount = 1;\n`,
    'worker-controller.inc': disabled,
    'worker-proxy.inc': milterPort === undefined ? disabled : milterWorker(milterPort),
    'options.inc': 'dns { nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; }\n',
    'logging.inc': 'type = "console"; level = "error";\n',
    ...Object.fromEntries(offline.map((name) => [`${name}.conf`, disabled])),
  };
  for (const name of ['override.d', 'db', 'run', 'log']) {
    mkdirSync(join(folder, name), { recursive: true });
    giveToRspamd(join(folder, name));
  }
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, 'override.d', name), text);
  }
  const daemon = leash(
    '/usr/bin/rspamd',
    [
      ...['-f', '-c', '/etc/rspamd/rspamd.conf', `--var=LOCAL_CONFDIR=${folder}`],
      ...[`--var=DBDIR=${folder}/db`, `--var=RUNDIR=${folder}/run`, `--var=LOGDIR=${folder}/log`],
      ...(isRoot ? ['--user', '_rspamd', '--group', '_rspamd'] : []),
    ],
    { detaches: false, graceMs: 5_000 },
  );
  const url = `http://127.0.0.1:${port}`;
  const answers = async (): Promise<true | undefined> => {
    if (daemon.ended) throw new Error(`rspamd ended: ${daemon.output()}`);
    const ping = await fetch(`${url}/ping`).catch(() => undefined);
    return ping?.ok === true ? true : undefined;
  };
  try {
    await eventually('rspamd runs', answers, { detail: daemon.output, timeoutMs: 90_000 });
  } catch (error) {
    await daemon.stop();
    throw error;
  }
  return { url, [Symbol.asyncDispose]: () => daemon.stop() };
}
