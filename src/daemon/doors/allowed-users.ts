/** Knows the uids whose programs may connect to the doors for Postfix. */
import { minuteMs } from '../../lib/time.ts';
import { uidOf } from '../../partners/kernel/user-ids.ts';
import type { Log } from '../../ports/world.ts';
import { startTimer } from '../base/timers.ts';

export type AllowedUsers = {
  /** Root, the users of Postfix, and those of doors.allowed_users. */
  allowed(): ReadonlySet<number>;
  /** The users of Postfix. */
  postfix(): ReadonlySet<number>;
  close(): void;
};

/** A user that does not exist yet comes with a package, such as Postfix. */
const askAgainMs = minuteMs;
/** Doors ask for each connection; a Postfix that is connected now may ask within this time. */
const keptMs = 200;
type Known = {
  readonly allowed: ReadonlySet<number>;
  readonly postfix: ReadonlySet<number>;
  readonly atMs: number;
};
/** Postfix’s mail_owner, if main.cf sets no other. */
const usualMailOwner = 'postfix';

export async function openAllowedUsers(deps: {
  /** doors.allowed_users. */
  readonly names: readonly string[];
  /** The user of each connected Postfix. */
  readonly mailOwners: () => readonly number[];
  /** The guard's own uid, if it may connect. */
  readonly own: number | undefined;
  readonly log: Log;
}): Promise<AllowedUsers> {
  const { log, mailOwners, names, own } = deps;
  const named = new Map<string, number>();
  const ask = async (): Promise<void> => {
    for (const name of [...names, usualMailOwner]) {
      if (named.has(name)) continue;
      const uid = await uidOf(name);
      if (uid !== undefined) named.set(name, uid);
    }
  };
  await ask();
  const unknown = names.filter((name) => !named.has(name));
  if (unknown.length > 0) log('warn', 'door.unknown-users', { users: unknown });
  const stop = startTimer(askAgainMs, () => void ask());
  const root = 0;
  const uidsOf = (users: readonly string[]): readonly number[] =>
    users.flatMap((user) => named.get(user) ?? []);
  const known = (): Pick<Known, 'allowed' | 'postfix'> => {
    const owners = mailOwners();
    return {
      allowed: new Set([root, ...uidsOf(names), ...owners, ...(own === undefined ? [] : [own])]),
      postfix: new Set([...uidsOf([usualMailOwner]), ...owners]),
    };
  };
  let kept: Known = { ...known(), atMs: performance.now() };
  const now = (): Known => {
    const atMs = performance.now();
    if (atMs - kept.atMs >= keptMs) kept = { ...known(), atMs };
    return kept;
  };
  return { allowed: () => now().allowed, postfix: () => now().postfix, close: stop };
}
