/**
 * Checks the folder with the sockets of the doors in a queue directory of Postfix: only the guard
 * or systemd makes sockets there, and the services of Postfix can reach them. Pure.
 */
import { type Finding, fine } from '../finding.ts';

type Entry = {
  readonly kind: 'folder' | 'socket' | 'other';
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
};

export type DoorFolder = {
  /** `/var/spool/postfix/postern`. */
  readonly path: string;
  /** Undefined if it is not there. */
  readonly folder: Entry | undefined;
  /** The sockets that main.cf names, by name; undefined for one that is not there. */
  readonly sockets: Readonly<Record<string, Entry | undefined>>;
  /** The user of Postfix's services. */
  readonly postfix: { readonly uid: number; readonly gid: number };
  /** The guard's uid; undefined if it does not run. */
  readonly guard: number | undefined;
};

const [othersWrite, othersReach] = [0o022, 0o001];
const [groupReach, groupTalk, othersTalk] = [0o010, 0o020, 0o002];

/** `unread`: why the folder cannot be looked at. */
export function checkDoorFolder(
  facts: DoorFolder | { readonly path: string; readonly unread: string },
): Finding {
  const { path } = facts;
  const id = 'doors.folder';
  const title = `Sockets of the doors in ${path}`;
  const wanted = 'a folder of root or of the guard, sockets that the group of Postfix may open';
  if ('unread' in facts) {
    return { id, kind: 'unknown', title, found: facts.unread, wanted, fix: 'run doctor as root' };
  }
  const { folder } = facts;
  const faults = folder === undefined ? [`${path} does not exist`] : folderFaults(folder, facts);
  for (const [name, socket] of Object.entries(facts.sockets)) {
    if (folder !== undefined) faults.push(...socketFaults(name, socket, facts));
  }
  if (faults.length === 0) return fine(id, title, 'Postfix can reach them, others make none there');
  const fix = 'postern connect postfix, then: systemctl restart postern';
  return { id, kind: 'fail', title, found: faults.join('; '), wanted, fix };
}

function folderFaults(folder: Entry, { guard, path, postfix }: DoorFolder): string[] {
  if (folder.kind !== 'folder') return [`${path} is no folder`];
  const faults: string[] = [];
  if (folder.uid !== 0 && guard !== undefined && folder.uid !== guard) {
    faults.push(`${path} belongs to user ${folder.uid}`);
  }
  if ((folder.mode & othersWrite) !== 0) {
    faults.push(`others can write to ${path} (mode ${octal(folder.mode)})`);
  }
  const reached =
    (folder.mode & othersReach) !== 0 ||
    (folder.gid === postfix.gid && (folder.mode & groupReach) !== 0);
  if (!reached) faults.push(`Postfix cannot enter ${path} (mode ${octal(folder.mode)})`);
  return faults;
}

function socketFaults(
  name: string,
  socket: Entry | undefined,
  { postfix }: DoorFolder,
): readonly string[] {
  if (socket === undefined) return [`there is no socket ${name}`];
  if (socket.kind !== 'socket') return [`${name} is no socket`];
  const talks =
    (socket.mode & othersTalk) !== 0 ||
    socket.uid === postfix.uid ||
    (socket.gid === postfix.gid && (socket.mode & groupTalk) !== 0);
  const who = `group ${socket.gid}, mode ${octal(socket.mode)}`;
  return talks ? [] : [`Postfix may not open ${name} (${who})`];
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
