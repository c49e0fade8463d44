/**
 * Commands that root runs do not work as root in the state folder, because it belongs to the user
 * that the guard runs as. Commands that need nothing else become that user. Commands that need root
 * as well leave such work to a process of that user (owner-process.ts).
 */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { assert } from '../../lib/assert.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { home } from './run-file.ts';
import { type Other, otherOnPath, pathOfOther } from './trusted-path.ts';

export type FolderOwner = {
  readonly uid: number;
  readonly gid: number;
  /** Empty if the user has no name. */
  readonly name: string;
};

/**
 * The user who owns the state folder, if this process is root and the user is not. For a folder
 * that does not exist yet: the owner of the folder that it will be in. Throws OperatorError if one
 * user owns it and another controls the way to it.
 */
export function otherOwnerOf(folder: string): FolderOwner | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  const found = statSync(folder, { throwIfNoEntry: false });
  const other = otherOnPath(folder);
  if (found === undefined || found.uid === 0) {
    // Whoever can change this program can do what root can, now that root runs it.
    if (other === undefined || other.uid === otherOnPath(home)?.uid) return undefined;
    if (found === undefined) return userOf(other);
  }
  if (other?.uid !== found.uid) throw pathOfOther(folder, other ?? { ...found, path: folder });
  return userOf(found);
}

/** A user without an entry in the directory has no other groups. */
function userOf({ uid, gid }: Pick<Other, 'uid' | 'gid'>): FolderOwner {
  const [name = '', , , group = ''] = said('/usr/bin/getent', ['passwd', String(uid)]).split(':');
  if (name !== '' && /^\d+$/.test(group)) return { uid, gid: Number(group), name };
  return { uid, gid: gid === 0 ? uid : gid, name: '' };
}

function groupsOf(name: string): number[] {
  return (said('/usr/bin/id', ['-G', name]).match(/\d+/g) ?? []).map(Number);
}

/** Answers of a directory of users. */
const askMs = 5_000;

function said(program: string, args: readonly string[]): string {
  return spawnSync(program, args, { encoding: 'utf8', timeout: askMs }).stdout ?? '';
}

/**
 * Makes this process one of the user who owns the folder, and never root again. Does nothing if the
 * process is not root, or if root owns the folder. Call this before anything in the folder is
 * touched. Answers with that user.
 */
export function becomeOwnerOf(folder: string): FolderOwner | undefined {
  const owner = otherOwnerOf(folder);
  if (owner === undefined) return undefined;
  // The record says who acted; that is not the owner of the folder.
  process.env['SUDO_USER'] ||= userInfo().username;
  process.setgroups?.(owner.name === '' ? [owner.gid] : groupsOf(owner.name));
  process.setgid?.(owner.gid);
  process.setuid?.(owner.uid);
  assert(process.geteuid?.() === owner.uid && process.getuid?.() === owner.uid, 'it is that user');
  mustReadProgram(owner);
  return owner;
}

/** Parts of the program are loaded later. */
function mustReadProgram({ uid }: FolderOwner): void {
  try {
    statSync(import.meta.filename);
  } catch (cause) {
    throw new OperatorError('program-unread', `user ${uid} cannot read ${home}`, {
      cause,
      hint: 'run the installed program, or put this one into a folder that all users can read',
      exit: sysexits.noPerm,
    });
  }
}

/**
 * Sends SIGHUP to the guard. The guard's user wrote down the process id, so root sends the signal
 * as that user: the kernel refuses a process of anybody else.
 */
export function hangUp(state: string, pid: number): void {
  const owner = otherOwnerOf(state);
  if (owner === undefined) {
    process.kill(pid, 'SIGHUP');
    return;
  }
  const { uid, gid } = owner;
  const args = ['-c', 'kill -HUP "$1"', 'sh', String(pid)];
  const { status } = spawnSync('/bin/sh', args, { uid, gid, cwd: '/', env: {}, stdio: 'ignore' });
  if (status !== 0) throw notGuard(pid, uid);
}

/** The error that run.json names a process of another user than the folder's owner. */
export function notGuard(pid: number, uid: number): OperatorError {
  return new OperatorError('not-guard', `process ${pid} of run.json is no process of user ${uid}`, {
    hint: 'restart the guard: systemctl restart postern',
    exit: sysexits.noPerm,
  });
}
