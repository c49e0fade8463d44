/**
 * OpenDKIM as a verifier of messages in files: the only one of Debian's in C, and the only one
 * beside dkimpy that knows Ed25519. Keys are handed to it instead of the network. It tells of one
 * signature a message, the first.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type OpenDkimResult = {
  readonly selector: string;
  readonly domain: string;
  /** `pass`, or in its own words. */
  readonly result: string;
};

/** Files a call: their names go onto a command line. */
const filesPerCall = 200;

/**
 * Results by name of the message; none where it has no signature. Names have no slash, keys are TXT
 * records by name.
 */
export async function openDkimVerify(
  messages: ReadonlyMap<string, Buffer>,
  keys: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, OpenDkimResult>> {
  const dir = await mkdtemp(join(tmpdir(), 'postern-odv-'));
  try {
    const dns = Object.entries(keys).map(([name, text]) => `${name} ${text}\n`);
    await writeFile(join(dir, 'dns'), dns.join(''));
    const config = ['Mode v', 'Syslog no', 'RequireSafeKeys no', `TestDNSData file:${dir}/dns`];
    await writeFile(join(dir, 'opendkim.conf'), `${config.join('\n')}\n`);
    const names = [...messages.keys()];
    for (const [name, message] of messages) await writeFile(join(dir, `${name}.eml`), message);
    const found = new Map<string, OpenDkimResult>();
    for (let at = 0; at < names.length; at += filesPerCall) {
      const files = names.slice(at, at + filesPerCall).map((name) => join(dir, `${name}.eml`));
      // It ends with 1 where one of them is bad.
      const { stdout, stderr } = await run(
        '/usr/sbin/opendkim',
        ['-x', join(dir, 'opendkim.conf'), '-t', files.join(',')],
        { maxBuffer: 64 << 20 },
      ).catch((error: { readonly stdout: string; readonly stderr: string }) => error);
      for (const [name, result] of read(`${stdout}${stderr}`)) found.set(name, result);
    }
    return found;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function* read(said: string): Generator<readonly [string, OpenDkimResult]> {
  const pattern = /([^/\n]+)\.eml: verification \(s=(\S+?),? d=(\S+?),.*\) (succeeded|failed.*)$/gm;
  for (const [, name = '', selector = '', domain = '', words = ''] of said.matchAll(pattern)) {
    yield [name, { selector, domain, result: words === 'succeeded' ? 'pass' : words }];
  }
}
