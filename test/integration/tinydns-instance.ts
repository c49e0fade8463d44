/**
 * A real tinydns in a folder of its own. It binds port 53, so it gets an address of loopback for
 * itself, and needs root. Ended with the scope:
 *
 *     await using tinydns = await startTinydns(printTinydnsZone(records));
 *     tinydns.server;                        // for openResolver
 *     await tinydns.stored('example.test');  // TXT as tinydns-get sees it, however long
 */
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DnsServer } from '../../src/formats/dns/server-address.ts';
import { mustBeRoot } from './dovecot-instance.ts';
import { eventually, leash } from './leash.ts';

const run = promisify(execFile);

export type TinydnsInstance = AsyncDisposable & {
  readonly server: DnsServer;
  /** Texts of the TXT records of a name, an octet a character, from the database itself. */
  stored(name: string): Promise<readonly string[]>;
};

/** `data`: the text of tinydns' data file, perhaps with the address of this tinydns. */
export async function startTinydns(
  data: string | ((address: string) => string),
): Promise<TinydnsInstance> {
  mustBeRoot();
  const address = `127.53.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  const text = typeof data === 'string' ? data : data(address);
  const dir = await mkdtemp(join(tmpdir(), 'ptd-'));
  await chmod(dir, 0o755);
  await writeFile(join(dir, 'data'), text, 'latin1');
  await run('/usr/sbin/tinydns-data', [], { cwd: dir });
  const settings = [`IP=${address}`, `ROOT=${dir}`, 'UID=65534', 'GID=65534'];
  const daemon = leash('/usr/bin/env', ['-', ...settings, '/usr/sbin/tinydns'], {
    detaches: false,
    graceMs: 500,
  });
  const starting = (): true | undefined => {
    if (daemon.ended) throw new Error(`tinydns ended: ${daemon.output()}`);
    return daemon.output().includes('starting tinydns') ? true : undefined;
  };
  const stop = async (): Promise<void> => {
    await daemon.stop();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await eventually('tinydns starts', starting, { detail: daemon.output });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    server: { address, port: 53 },
    stored: async (name) => {
      const { stdout } = await run('/usr/bin/tinydns-get', ['txt', name], { cwd: dir });
      return [...stdout.matchAll(/^answer: \S+ \d+ 16 (.*)$/gm)].map(([, said = '']) =>
        joined(said),
      );
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** The strings inside data that tinydns-get prints with octal escapes. */
function joined(said: string): string {
  const octets = said.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
  let text = '';
  for (let at = 0; at < octets.length; at += 1 + octets.charCodeAt(at)) {
    text += octets.slice(at + 1, at + 1 + octets.charCodeAt(at));
  }
  return text;
}
