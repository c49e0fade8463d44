/**
 * Debian 13 as a circumstance of tests: the tests run in a chroot with its Postfix 3.10 and Dovecot
 * 2.4, in mount and process namespaces of their own. The chroot is made with mmdebstrap from the
 * mirror that apt uses on this machine (about 140 MB, half a minute). It is kept if the environment
 * names a folder in `folderVariable`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Circumstance } from './circumstances.ts';

/** Names the folder in which the chroot is kept for later runs. */
const folderVariable = 'POSTERN_DEBIAN13';
const suite = 'trixie';
/** What the tests start. `essential` has the shell, coreutils and util-linux. */
const packages = ['postfix', 'dovecot-core', 'dovecot-imapd', 'libstdc++6', 'iproute2', 'openssl'];
const makeMsMax = 10 * 60_000;

/** Mounts what the tests need into the chroot, and runs them there. */
const inside = `
root=$1 home=$2 temporary=$3
shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=0755 none "$root/run"
mount --rbind /dev "$root/dev"
for folder in "$temporary" "$home"; do
  mkdir -p "$root$folder"
  mount --rbind "$folder" "$root$folder"
done
unset NODE_EXTRA_CA_CERTS
PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec chroot "$root" env --chdir="$home" "$@"
`;

/** `home` is the checkout; `folder` is for files that go after the run. */
export function debian13(home: string, folder: string): Circumstance {
  const kept = process.env[folderVariable] ?? '';
  const root = kept === '' ? join(folder, 'debian13') : kept;
  return {
    name: 'Debian 13',
    missing: whyNot(home) ?? make(root),
    command: (words) => [
      ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--'],
      ...['sh', '-ec', inside, 'sh', root, home, tmpdir(), ...words],
    ],
    env: {},
    folder,
  };
}

function whyNot(home: string): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can make a chroot';
  if (spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']).status !== 0) {
    return 'this machine does not allow namespaces (unshare)';
  }
  if (!process.execPath.startsWith(`${home}/`)) {
    return 'the tests run with the Node of this system, which Debian 13 may not have';
  }
  return undefined;
}

/** Undefined if the chroot is there now. */
function make(root: string): string | undefined {
  if (existsSync(root)) return undefined;
  const mirror = mirrorOfThisMachine();
  if (mirror === undefined) return 'apt names no mirror of Debian here';
  const fresh = `${root}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  const words = [
    ...['--mode=root', '--variant=essential', `--include=${packages.join(',')}`],
    "--aptopt=APT::Install-Recommends 'false'",
    ...['doc', 'man', 'locale'].map((part) => `--dpkgopt=path-exclude=/usr/share/${part}/*`),
    ...[suite, fresh, mirror],
  ];
  const made = spawnSync('mmdebstrap', words, { timeout: makeMsMax, encoding: 'utf8' });
  if (made.status === 0) {
    renameSync(fresh, root);
    return undefined;
  }
  rmSync(fresh, { recursive: true, force: true });
  const said = made.error?.message ?? made.stderr.trim().split('\n').at(-1);
  return `its packages cannot be had: mmdebstrap: ${said}`;
}

function mirrorOfThisMachine(): string | undefined {
  const words = ['indextargets', '--format', '$(SITE) $(LABEL) $(COMPONENT)'];
  const { stdout = '' } = spawnSync('apt-get', words, { encoding: 'utf8' });
  return /^(\S+) Debian main$/m.exec(stdout)?.[1];
}
