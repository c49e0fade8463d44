/** What the operator is told of users who leave too much, and how a round ends at the close. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import { hourMs, type Millis } from '../../lib/time.ts';
import type { SpoolTrim } from '../../ports/handover.ts';
import { SpoolRounds } from './spool-rounds.ts';

function rounds(uids: readonly number[], trim: (uid: number) => SpoolTrim) {
  const troubles = new Map<string, string>();
  const deps = {
    spool: {
      users: async () => uids,
      files: () => [],
      open: () => undefined,
      trim: async (uid: number) => trim(uid),
    },
    identities: { user: () => ({ name: '', fullName: '' }) },
    troubles: {
      set: (part: string, why: string | undefined) =>
        void (why === undefined ? troubles.delete(part) : troubles.set(part, why)),
    },
    world: quietWorld({}),
  };
  const handler = { openSpooled: () => ({ kind: 'refused', answer: undefined }) as const };
  return { troubles, rounds: new SpoolRounds(deps, handler, 1_000) };
}

const uids = Array.from({ length: 200 }, (_, nth) => 100_000 + nth);

test('many users with too much in the spool are few troubles', async () => {
  let now = 0;
  let uids: readonly number[] = [];
  const begun: string[] = [];
  const troubles = new Map<string, string>();
  const rounds = new SpoolRounds(
    {
      spool: {
        users: async () => uids,
        trim: async () => ({ files: 5_000, bytes: 5, removed: 0 }),
        files: () => [],
        open: () => undefined,
      },
      identities: { user: (uid) => ({ name: `user${uid}`, fullName: '' }) },
      troubles: {
        set(part, why) {
          if (why === undefined) troubles.delete(part);
          else if (!troubles.has(part)) begun.push(part);
          if (why !== undefined) troubles.set(part, why);
        },
      },
      world: { clock: { now: () => now as Millis }, count: () => undefined, log: () => undefined },
    },
    { openSpooled: () => assert.fail('there is no message') },
    100,
  );
  const range = (from: number): readonly number[] =>
    Array.from({ length: 300 }, (_, nth) => from + nth);
  uids = range(100_000);
  await rounds.takeAll();
  assert.equal(troubles.size, 11);
  assert.match(
    troubles.get('spool of user id 100000') ?? '',
    /^user user100000 \(id 100000\) has 5000 files/,
  );
  assert.equal(troubles.get('spool of more users'), '290 more users have too much in the spool');
  for (let nth = 1; nth < 20; nth++) {
    uids = range(100_000 + nth * 1_000);
    await rounds.takeAll();
  }
  assert.equal(new Set(begun).size, 11, 'other users in the same hour are no other trouble');
  uids = [];
  await rounds.takeAll();
  assert.deepEqual([...troubles], []);
  now += 2 * hourMs;
  uids = [5];
  await rounds.takeAll();
  assert.deepEqual([...troubles.keys()], ['spool of user id 5']);
});

test('at the close a round through many users ends', async () => {
  let trimmed = 0;
  const { rounds: all } = rounds(uids, () => {
    if (++trimmed === 20) void all.close();
    return { files: 0, bytes: 0, removed: 0 };
  });
  await all.takeAll();
  assert.ok(trimmed < 40, `${trimmed} users`);
});
