/** Finds out who uses this machine: processes from /proc, users from /etc/passwd and getent(1). */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { RecentMap } from '../../lib/recent-map.ts';
import { hourMs, minuteMs } from '../../lib/time.ts';
import type { Identities } from '../../ports/handover.ts';
import { hintedScript, ownerOf, processFacts, startOf } from './process-facts.ts';

const usersFile = '/etc/passwd';
/** Users that are not in /etc/passwd; a directory may have any number. */
const askedMax = 10_000;
const getentMs = 1_000;
/**
 * How long a found user is cached, and how long a user that was not found is not asked for again.
 */
const knownMs = hourMs;
const unknownMs = minuteMs;

type User = { readonly name: string; readonly fullName: string };
const nobody: User = { name: '', fullName: '' };

/**
 * Opens the identities. `ask` returns the line of a user in the form of /etc/passwd, or an empty
 * text if there is no such user or no answer.
 */
export function openIdentities(
  ask: (uid: number) => string = getent,
  nowMs: () => number = () => performance.now(),
): Identities {
  let users = new Map<number, User>();
  let readAt = -1;
  const asked = new RecentMap<number, { readonly user: User; readonly until: number }>(askedMax);
  const local = (): Map<number, User> => {
    const changedAt = statSync(usersFile, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (changedAt !== readAt) users = new Map(parse(readFileSync(usersFile, 'utf8')));
    readAt = changedAt;
    return users;
  };
  return {
    facts(peer) {
      const facts = processFacts(peer.pid);
      // If the pid belongs to another process now, that process has nothing to do with this mail.
      const same = peer.startedAt !== undefined && startOf(peer.pid) === peer.startedAt;
      return same && facts?.uid === peer.uid ? facts : undefined;
    },
    hinted: hintedScript,
    ownerOf,
    user(uid) {
      const known = local().get(uid);
      if (known !== undefined) return known;
      const before = asked.get(uid);
      if (before !== undefined && before.until > nowMs()) return before.user;
      const [found] = parse(ask(uid));
      // If the directory does not answer for a moment, the earlier name still counts.
      const user = found?.[1] ?? before?.user ?? nobody;
      asked.set(uid, { user, until: nowMs() + (found === undefined ? unknownMs : knownMs) });
      return user;
    },
  };
}

function getent(uid: number): string {
  const { stdout } = spawnSync('/usr/bin/getent', ['passwd', String(uid)], {
    encoding: 'utf8',
    timeout: getentMs,
  });
  return stdout ?? '';
}

function parse(text: string): readonly (readonly [number, User])[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uid = '', , gecos = ''] = line.split(':');
    if (name === '' || !/^\d+$/.test(uid)) return [];
    // `&` in a full name means the user's name, as in finger(1).
    const title = name.charAt(0).toUpperCase() + name.slice(1);
    const fullName = (gecos.split(',')[0] ?? '').replaceAll('&', title);
    return [[Number(uid), { name, fullName }] as const];
  });
}
