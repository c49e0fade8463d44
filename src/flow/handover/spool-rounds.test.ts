/** What the operator is told of users who leave too much, and how a round ends at the close. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import { spoolFilesMax } from '../../core/scripts/handover-request.ts';
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

test('of many users who leave too much, ten are told, then others', async () => {
  let full: readonly number[] = uids;
  const { rounds: all, troubles } = rounds(uids, (uid) => ({
    files: full.includes(uid) ? spoolFilesMax + 1 : 0,
    bytes: 0,
    removed: 0,
  }));
  await all.takeAll();
  assert.equal(troubles.size, 10);
  full = uids.slice(-3);
  await all.takeAll();
  assert.deepEqual(
    [...troubles.keys()].sort(),
    full.map((uid) => `spool of user id ${uid}`),
  );
  full = [];
  await all.takeAll();
  assert.equal(troubles.size, 0);
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
