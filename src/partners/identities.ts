/** Who uses this machine: processes by /proc, users by /etc/passwd and whatever else getent(1) asks. */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { RecentMap } from '../lib/recent-map.ts';
import type { Identities } from '../ports-sendmail.ts';
import { hintedScript, ownerOf, processFacts, startOf } from './process-facts.ts';

const usersFile = '/etc/passwd';
/** Users that are not in the file: a directory may hold any number. */
const askedMax = 10_000;
const getentMs = 1_000;

type User = { readonly name: string; readonly fullName: string };
const nobody: User = { name: '', fullName: '' };

export function openIdentities(): Identities {
  let users = new Map<number, User>();
  let readAt = -1;
  const asked = new RecentMap<number, User>(askedMax);
  const local = (): Map<number, User> => {
    const changedAt = statSync(usersFile, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (changedAt !== readAt) users = new Map(parse(readFileSync(usersFile, 'utf8')));
    readAt = changedAt;
    return users;
  };
  return {
    facts(peer) {
      const facts = processFacts(peer.pid);
      // Its number is another's by now: what that one does is nothing to this mail.
      const same = peer.startedAt !== undefined && startOf(peer.pid) === peer.startedAt;
      return same && facts?.uid === peer.uid ? facts : undefined;
    },
    hinted: hintedScript,
    ownerOf,
    user(uid) {
      const known = local().get(uid) ?? asked.get(uid);
      if (known !== undefined) return known;
      const { stdout } = spawnSync('/usr/bin/getent', ['passwd', String(uid)], {
        encoding: 'utf8',
        timeout: getentMs,
      });
      const [found] = parse(stdout ?? '');
      const user = found?.[1] ?? nobody;
      asked.set(uid, user);
      return user;
    },
  };
}

function parse(text: string): readonly (readonly [number, User])[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uid = '', , gecos = ''] = line.split(':');
    if (name === '' || !/^\d+$/.test(uid)) return [];
    // `&` in a full name is the user's name, as finger(1) has it.
    const title = name.charAt(0).toUpperCase() + name.slice(1);
    const fullName = (gecos.split(',')[0] ?? '').replaceAll('&', title);
    return [[Number(uid), { name, fullName }] as const];
  });
}
