/**
 * Other people's verifiers: Perl's Mail::DKIM and Python's dkimpy, each one process for a whole
 * folder of messages, with keys that are handed to them instead of the network. Debian 12's
 * Mail::DKIM knows no Ed25519: it calls such signatures invalid.
 *
 *     await using folder = await messageFolder();
 *     await folder.put('one.eml', bytes);                 // as on the wire: lines end with CRLF
 *     const found = await folder.verify('dkimpy', { 's1._domainkey.example.org': 'v=DKIM1; p=…' });
 *     found.get('one.eml');  // [{ domain, selector, result: 'pass', … }]
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type OtherVerifier = 'Mail::DKIM' | 'dkimpy';

export type OtherResult = {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: string;
  /** `pass`, or the verifier's own word. */
  readonly result: string;
  readonly detail: string;
};

/** Debian's own interpreters: another Python first in PATH has no module dkim. */
const programs: Readonly<Record<OtherVerifier, readonly [string, string]>> = {
  'Mail::DKIM': ['/usr/bin/perl', 'dkim-verify.pl'],
  dkimpy: ['/usr/bin/python3', 'dkim-verify.py'],
};

/** The slower one reads 2,000 messages, one of them 10 MB, in half a minute on two busy cores. */
const timeoutMs = 180_000;
const outputOctetsMax = 64 * 1024 * 1024;

export type MessageFolder = AsyncDisposable & {
  put(name: string, message: Buffer): Promise<void>;
  /** Keys: name of the TXT record in lower case, and its text. */
  verify(
    by: OtherVerifier,
    keys: Readonly<Record<string, string>>,
  ): Promise<ReadonlyMap<string, readonly OtherResult[]>>;
};

export async function messageFolder(): Promise<MessageFolder> {
  const dir = await mkdtemp(join(tmpdir(), 'postern-dkim-'));
  const messages = join(dir, 'messages');
  await mkdir(messages);
  return {
    put: (name, message) => writeFile(join(messages, name), message),
    async verify(by, keys) {
      const keysFile = join(dir, 'keys.json');
      await writeFile(keysFile, JSON.stringify(keys));
      const [program, script] = programs[by];
      const words = [join(import.meta.dirname, script), messages, keysFile];
      const { stdout } = await run(program, words, {
        timeout: timeoutMs,
        maxBuffer: outputOctetsMax,
      });
      return new Map(Object.entries(JSON.parse(stdout) as Record<string, OtherResult[]>));
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}
