/**
 * A real BIND in a folder of its own, on loopback and a free port, with zones that take updates
 * signed with its key. Needs no root. Ended with the scope:
 *
 *     await using named = await startNamed({ zones: { 'example.test': printBindZone(records) } });
 *     named.server;   // for openResolver
 *     named.keyFile;  // for openNsupdate
 *     await named.dig('example.test', 'TXT');
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseName } from '../../src/formats/dns/name.ts';
import type { DnsRecord, DnsType } from '../../src/formats/dns/record.ts';
import { type DnsServer, serverText } from '../../src/formats/dns/server-address.ts';
import { parseBindZone } from '../../src/formats/dns/zone-bind.ts';
import { eventually, freePort, leash } from './leash.ts';

const run = promisify(execFile);
/** named listens only on addresses that an interface has, and of loopback's it is this one. */
const address = '127.0.0.1';

export type NamedInstance = AsyncDisposable & {
  readonly server: DnsServer;
  /** A TSIG key that may change every zone. */
  readonly keyFile: string;
  /** What dig gets by TCP, as records in the order of the answer. `name`: as in a master file. */
  dig(name: string, type: DnsType): Promise<readonly DnsRecord[]>;
  log(): string;
};

export type NamedOptions = {
  /** Master files by the names of their zones. */
  readonly zones: Readonly<Record<string, string>>;
  /** Zones of another server, which this one asks, and whose answers it keeps for their TTL. */
  readonly forwards?: Readonly<Record<string, DnsServer>>;
};

export async function startNamed(options: NamedOptions): Promise<NamedInstance> {
  const { forwards = {}, zones } = options;
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), 'pnd-'));
  const keyFile = await writeTsigKey(join(dir, 'postern.key'));
  const named = join(dir, 'named.conf');
  for (const [zone, text] of Object.entries(zones)) {
    await writeFile(join(dir, `${zone}.zone`), text, 'latin1');
  }
  await writeFile(
    named,
    configuration({ dir, keyFile, port, zones: Object.keys(zones), forwards }),
  );
  const daemon = leash('/usr/sbin/named', ['-g', '-n', '1', '-c', named], {
    detaches: false,
    graceMs: 3_000,
  });
  const stop = async (): Promise<void> => {
    await daemon.stop();
    await rm(dir, { recursive: true, force: true });
  };
  const running = (): true | undefined => {
    if (daemon.ended) throw new Error(`named ended: ${daemon.output()}`);
    return /\d running$/m.test(daemon.output()) ? true : undefined;
  };
  try {
    await eventually('named runs', running, { detail: daemon.output });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    server: { address, port },
    keyFile,
    dig: async (name, type) => {
      const how = ['+tcp', '+norecurse', '+noall', '+answer', '+tries=1', '+time=30'];
      const { stdout } = await run('dig', [
        `@${address}`,
        '-p',
        `${port}`,
        ...how,
        '-t',
        type,
        '-q',
        name,
      ]);
      const read = parseBindZone(stdout);
      if (!read.ok) throw new Error(`dig printed what cannot be read: ${stdout}`);
      const asked = parseName(name, '');
      return read.value.filter((one) => asked.ok && one.name === asked.value);
    },
    log: daemon.output,
    [Symbol.asyncDispose]: stop,
  };
}

/** A new secret for the key called `postern`. */
export async function writeTsigKey(path: string): Promise<string> {
  const secret = randomBytes(32).toString('base64');
  const text = `key "postern" {\n  algorithm hmac-sha256;\n  secret "${secret}";\n};\n`;
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

function configuration(of: {
  readonly dir: string;
  readonly keyFile: string;
  readonly port: number;
  readonly zones: readonly string[];
  readonly forwards: Readonly<Record<string, DnsServer>>;
}): string {
  const zones = of.zones.map(
    (zone) =>
      `zone "${zone}" { type primary; file "${of.dir}/${zone}.zone"; allow-update { key ` +
      'postern; }; };\n',
  );
  const forwards = Object.entries(of.forwards).map(
    ([zone, server]) =>
      `zone "${zone}" { type forward; forward only; forwarders { ${server.address} port ` +
      `${server.port}; }; };\n`,
  );
  return `include "${of.keyFile}";
options {
  directory "${of.dir}";
  pid-file "${of.dir}/named.pid";
  session-keyfile "${of.dir}/session.key";
  lock-file none;
  listen-on port ${of.port} { ${address}; };
  listen-on-v6 { none; };
  recursion ${forwards.length === 0 ? 'no' : 'yes'};
  dnssec-validation no;
  notify no;
  minimal-responses no-auth-recursive;
};
controls { };
${zones.join('')}${forwards.join('')}`;
}

/** What named-checkzone says of a zone file; throws where it refuses it. */
export async function checkZone(zone: string, text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pcz-'));
  try {
    const file = join(dir, 'zone');
    await writeFile(file, text, 'latin1');
    const { stdout, stderr } = await run('/usr/bin/named-checkzone', [zone, file]);
    return `${stdout}${stderr}`;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** As nsupdate and configurations name it. */
export function updateServer({ server }: NamedInstance): string {
  return serverText(server);
}
