/**
 * Debian's OpenDKIM for comparison, signing with the same RSA key for the same domains over a Unix
 * socket, relaxed and relaxed, without a system log. Two configurations: `tables`, as its README
 * and most guides have it (KeyTable, and a SigningTable with patterns), and `one key`, the fastest
 * that it has: Domain, Selector and KeyFile, where there is no table to look into and the key is
 * read at the start.
 */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type MilterServer, server } from './servers.ts';

export type OpenDkimHow = 'tables' | 'one key';

const startMsMax = 10_000;

export async function startOpenDkim(
  how: OpenDkimHow,
  key: { readonly pem: string; readonly selector: string; readonly domains: readonly string[] },
): Promise<MilterServer> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-opendkim-'));
  const socket = join(folder, 'milter.sock');
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const keyFile = file('key.private', key.pem);
  const config = [
    ...[`Socket local:${socket}`, 'Mode s', 'Syslog no', 'UMask 000'],
    ...['Canonicalization relaxed/relaxed', 'SignatureAlgorithm rsa-sha256'],
    // The folder of a benchmark lies below one that everybody may write to.
    'RequireSafeKeys no',
    // As we do: From cannot be added a second time.
    'OversignHeaders From',
    `PidFile ${join(folder, 'pid')}`,
  ];
  if (how === 'one key') {
    const domains = file('domains', `${key.domains.join('\n')}\n`);
    config.push(`Domain file:${domains}`, `Selector ${key.selector}`, `KeyFile ${keyFile}`);
  } else {
    const lines = (line: (domain: string) => string): string =>
      `${key.domains.map(line).join('\n')}\n`;
    const keyTable = file(
      'KeyTable',
      lines((domain) => `${domain} ${domain}:${key.selector}:${keyFile}`),
    );
    const signingTable = file(
      'SigningTable',
      lines((domain) => `*@${domain} ${domain}`),
    );
    config.push(`KeyTable file:${keyTable}`, `SigningTable refile:${signingTable}`);
  }
  chmodSync(folder, 0o700);
  const args = ['-f', '-x', file('opendkim.conf', `${config.join('\n')}\n`)];
  const child = spawn('/usr/sbin/opendkim', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(new Error('opendkim is not installed: apt-get install opendkim', { cause })),
    );
  });
  for (const until = performance.now() + startMsMax; !existsSync(socket); await sleep(20)) {
    if (child.exitCode !== null) throw new Error(`opendkim ended with ${child.exitCode}`);
    if (performance.now() > until) throw new Error('opendkim does not listen');
  }
  return server(`opendkim, ${how}`, child, `unix:${socket}`, folder);
}
