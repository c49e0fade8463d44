/**
 * A state folder as a hostile user of the guard prepares it: links in the place of files, to files
 * and folders of root.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** No such user is on any machine. */
export const uid = 47_131;

/** Names that a command may open, make, replace, lock or remove in the state folder. */
export const names: readonly string[] = [
  'drill.json',
  'drill.json.new',
  ...['', '-wal', '-shm', '-journal', '.lock', '.lock-journal'].map((end) => `ledger.db${end}`),
  ...['', '-wal', '-shm', '-journal'].map((end) => `passwords.db${end}`),
  ...['run.json', 'run.json.tmp', 'token', 'token.tmp', 'postfix.json', 'postfix.json.new'],
  ...['command.sock', 'milter.sock', 'policy.sock', 'metrics-token'],
  ...['outside-domains.json', 'outside-domains.json.tmp'],
];
export const folders: readonly string[] = ['keys', 'submissions', 'submissions.new'];

export type Scene = Disposable & { readonly state: string; readonly outside: string };

export type Links = {
  /** Only this name is a link. */
  readonly only?: string;
  /** The links lead to files of root; else to names where root could make one. */
  readonly existing: boolean;
  /** The ledger itself is no link, so that commands go on. */
  readonly realLedger: boolean;
};

/** In `dir`, where `made` has a ledger. */
export function openScene(dir: string, { existing, realLedger, only }: Links): Scene {
  const place = mkdtempSync(join(dir, 's-'));
  chmodSync(place, 0o755);
  const [state, outside] = [join(place, 'state'), join(place, 'outside')];
  mkdirSync(state, { mode: 0o700 });
  mkdirSync(outside, { mode: 0o755 });
  for (const name of names.filter((one) => only === undefined || one === only)) {
    const target = join(outside, name);
    if (name === 'ledger.db') copyFileSync(join(dir, 'made', name), target);
    else if (existing) writeFileSync(target, 'of root', { mode: 0o644 });
    symlinkSync(target, join(state, name));
  }
  for (const name of folders.filter((one) => only === undefined || one === only)) {
    const target = join(outside, name);
    mkdirSync(target, { mode: 0o755 });
    symlinkSync(target, join(state, name));
  }
  if (realLedger) {
    rmSync(join(state, 'ledger.db'), { force: true });
    copyFileSync(join(dir, 'made', 'ledger.db'), join(state, 'ledger.db'));
  }
  for (const name of readdirSync(state)) lchownSync(join(state, name), uid, uid);
  chownSync(state, uid, uid);
  return {
    state,
    outside,
    [Symbol.dispose]: () => rmSync(place, { recursive: true, force: true }),
  };
}

/** Each file below a folder: kind, mode, owner and content. */
export function looks(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const { mode, uid: owner, gid } = lstatSync(path);
      const kind = lstatSync(path);
      const content = kind.isFile()
        ? createHash('sha256').update(readFileSync(path)).digest('hex')
        : kind.isSymbolicLink()
          ? readlinkSync(path)
          : '';
      return `${name} ${mode.toString(8)} ${owner}:${gid} ${content}`;
    });
}
