/**
 * Debian packages that cannot be installed beside Postfix (other mail servers), unpacked into a
 * folder. Nothing of them is set up.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Unpacks the packages below `folder`; answers with the reason if they cannot be had. */
export function unpackPackages(packages: readonly string[], folder: string): string | undefined {
  // A folder that only root reads would stop a server that gives up root.
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  const got = spawnSync('apt-get', ['download', '-qq', ...packages], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 120_000,
  });
  const files = readdirSync(folder).filter((name) => name.endsWith('.deb'));
  if (files.length < packages.length) {
    return `apt-get download ${packages.join(' ')}: ${got.error?.message ?? got.stderr.trim()}`;
  }
  for (const file of files) {
    const done = spawnSync('dpkg-deb', ['-x', join(folder, file), folder], { encoding: 'utf8' });
    if (done.status !== 0) return `dpkg-deb ${file}: ${done.stderr}`;
  }
  return undefined;
}

/** Folders with unpacked libraries, for LD_LIBRARY_PATH. */
export function libraryPath(folder: string): string {
  const path = join(folder, 'usr/lib');
  const names = existsSync(path) ? readdirSync(path) : [];
  return names
    .filter((name) => name.endsWith('-linux-gnu'))
    .map((name) => join(path, name))
    .join(':');
}

/** The libraries that a program lacks here, as a reason to skip it; undefined if it can start. */
export function missingLibraries(program: string, folder: string): string | undefined {
  if (!existsSync(program)) return `${program} is missing`;
  const env = { ...process.env, LD_LIBRARY_PATH: libraryPath(folder) };
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8', env });
  const missing = [...stdout.matchAll(/^\s*(\S+) => not found/gm)].map(([, name = '']) => name);
  return missing.length === 0 ? undefined : `${program} lacks ${missing.join(', ')}`;
}
