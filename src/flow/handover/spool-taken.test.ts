/** What one user left in the spool, and how the others fare meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { quietWorld } from '../../../test/doubles/world.ts';
import type { HandoverRequest } from '../../core/scripts/handover-request.ts';
import type { Millis } from '../../lib/time.ts';
import type {
  HandoverDraft,
  SpooledMessage,
  SpoolFile,
  WaitingMail,
} from '../../ports/handover.ts';
import { type HandoverDeps, openHandovers } from './handover.ts';

const request = (nth: number): HandoverRequest => ({
  id: `${1_700_000_000_000 + nth}-${'a'.repeat(32)}`,
  sender: '',
  fullName: undefined,
  recipients: ['a@x.example'],
  headerRecipients: false,
  through: [],
  crlf: false,
  phpScript: '',
  claim: undefined,
});

/** Whose message is written to the disk, and what was handed to the mail server. */
function world(spooled: readonly number[], writes: (mail: WaitingMail) => boolean) {
  const sent: string[] = [];
  const opened: string[] = [];
  const files = (of: number): readonly SpoolFile[] =>
    spooled.flatMap((uid, nth) => (uid === of ? [{ uid, folder: '', name: String(nth) }] : []));
  const open = ({ uid, name }: SpoolFile): SpooledMessage => {
    opened.push(`${uid}-${name}`);
    const none = { read: () => [], remove: () => {}, [Symbol.dispose]: () => {} };
    return { uid, request: request(Number(name)), ...none };
  };
  const trim = async () => ({ files: 0, bytes: 0, removed: 0 });
  const begin = (mail: WaitingMail): HandoverDraft => ({
    write: () => {},
    drop: () => {},
    finish: (done) => void (writes(mail) && setImmediate(() => done(undefined))),
  });
  const parts = {
    files: {
      begin,
      list: () => [],
      written: async () => undefined,
      remove: () => {},
      send: async (token: string) => {
        sent.push(token.replace(/-.*/, ''));
        return { kind: 'sent' } as const;
      },
    },
    spool: { users: async () => [...new Set(spooled)], files, open, trim },
    troubles: { set: () => {} },
    identities: {
      facts: () => undefined,
      hinted: (facts: unknown) => facts,
      ownerOf: () => undefined,
      user: () => ({ name: '', fullName: '' }),
    },
    journal: { live: { handover: () => undefined }, commit: () => {} },
    world: quietWorld({
      timers: { every: () => () => {}, soon: setImmediate },
      clock: { now: () => 1 as Millis },
    }),
    heldFull: () => undefined,
    wakePickup: async () => true,
  };
  const handler = openHandovers(parts as unknown as HandoverDeps);
  handler.start();
  return { handler, sent, opened };
}

const turns = async (): Promise<void> => {
  for (let nth = 0; nth < 40; nth++) await turn();
};

test('one user’s spool, whose disk is slow, keeps no other user’s mail waiting', async () => {
  const { handler, sent } = world([5, 6], ({ submitter }) => submitter.uid !== 5);
  void handler.takeSpool();
  await turns();
  assert.deepEqual(sent, ['6'], 'what was in the spool');
  const peer = { pid: 1, uid: 7, startedAt: 1 };
  const taken = handler.open(peer, request(9));
  assert.ok(taken.kind === 'taken');
  taken.finish(() => {});
  await turns();
  assert.deepEqual(sent, ['6', '7'], 'what was handed in');
  void handler.close();
});

test('one message of each user is taken in turn, however many some have left', async () => {
  const floods = Array.from({ length: 20 }, (_, nth) => Array<number>(50).fill(100 + nth)).flat();
  const { handler, opened } = world([...floods, 7], () => true);
  await handler.takeSpool();
  assert.equal(opened.length, 1_001);
  const place = opened.findIndex((one) => one.startsWith('7-'));
  assert.ok(place <= 2 * 21, `after ${place} messages of others`);
  void handler.close();
});

test('a user without room for one message of the spool is not asked about the others', async () => {
  const { handler, opened } = world(Array<number>(1_500).fill(5), () => true);
  await handler.takeSpool();
  assert.equal(opened.length, 1_001);
  await handler.takeSpool();
  // All that are here already, and one more.
  assert.equal(opened.length, 2_002);
  void handler.close();
});

test('a user’s waiting messages are bounded in bytes, until one of them has left', async () => {
  const { handler } = world([], () => true);
  const open = (uid: number, nth: number) =>
    handler.open({ pid: 1, uid, startedAt: 1 }, request(nth));
  const large = Buffer.alloc(100_000_000);
  for (let nth = 0; nth < 5; nth++) {
    const turn = open(5, nth);
    assert.ok(turn.kind === 'taken');
    turn.write(large);
    turn.finish(() => {});
  }
  await turns();
  assert.equal(open(5, 8).kind, 'refused');
  assert.equal(open(6, 8).kind, 'taken');
  handler.answered(`5-${request(2).id}`);
  assert.equal(open(5, 8).kind, 'taken');
  void handler.close();
});

test('a flood of one user, whose disk is slow, leaves one round of the spool waiting', async () => {
  const { handler, sent } = world([5], ({ submitter }) => submitter.proven === 'kernel');
  void handler.takeSpool(); // waits for the disk
  const peer = { pid: 1, uid: 5, startedAt: 1 };
  for (let nth = 100; nth < 41_000; nth++) {
    const turn = handler.open(peer, request(nth));
    assert.ok(turn.kind === 'taken', String(nth));
    turn.finish(() => {});
    if (nth % 500 === 0) await turns();
    // The user's own mail says in its header that it is this message.
    if (nth % 500 === 0)
      for (let n = nth - 500; n <= nth; n++) handler.answered(`5-${request(n).id}`);
  }
  const rounds = Promise.all([handler.takeSpool(), handler.takeSpool()]);
  const late = Promise.withResolvers<string>();
  setTimeout(() => late.resolve('still waits'), 50);
  assert.equal(await Promise.race([rounds, late.promise]), 'still waits');
  assert.deepEqual(sent, []);
});
