/**
 * Property: whatever is added, committed and flushed in whatever order, on a disk that works or
 * not, reading through the journal is like reading a ledger that took every change at once; and in
 * the end both hold the same.
 */
import assertStrict from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { journalRig, type Rig } from '../../../test/ledger/journal-rig.ts';
import {
  accountOf,
  at,
  auditRow,
  dkimKey,
  exemptionRow,
  heldRow,
  incidentRow,
  messageRow,
  noticeRow,
  sendingDomainRow,
  storyRow,
} from '../../../test/ledger/samples.ts';
import type { Account } from '../../core/account-name.ts';
import { inMemory, openLedger } from '../../ledger/sqlite/open.ts';
import { type Change, heldStates, type Ledger } from '../../ports/ledger.ts';
import type { LedgerReads } from './journal-reads.ts';

const accounts = ['a@example.org', 'b@example.org', 'c@example.org'].map((name) => name as Account);
const hashes = [1, 2, 3, 4, 5, 6];
const ids = ['X', 'Y', 'Z'];

type HandoverDraft = {
  readonly kind: Change['kind'];
  readonly account: Account;
  readonly id: string;
  readonly pick: number;
  readonly learned: readonly number[];
  readonly forgotten: readonly number[];
};

const draft: fc.Arbitrary<HandoverDraft> = fc.record({
  kind: fc.constantFrom<Change['kind'][]>(
    'account',
    'account',
    'account',
    'message',
    'story',
    'held',
    'incident',
    'exemption',
    'audit',
    'notice',
    'sending-domain',
    'dkim-key',
    'meta',
  ),
  account: fc.constantFrom(...accounts),
  id: fc.constantFrom(...ids),
  pick: fc.nat(3),
  learned: fc.subarray(hashes),
  forgotten: fc.subarray(hashes),
});

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('add' as const), draft }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      drafts: fc.array(draft, { maxLength: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('turn', 'tick', 'second', 'break', 'repair', 'flush' as const),
    }),
  },
);

/** Each change its own instant, so that "newest first" has one answer. */
function changeOf(
  { kind, account, id, pick, learned, forgotten }: HandoverDraft,
  now: number,
): Change {
  const when = at(now);
  switch (kind) {
    case 'account': {
      const state = pick === 0 ? 'suspended' : 'clear';
      const pairs = learned.flatMap((hash) => [hash, now]);
      return accountOf(account, { profile: `${now}`, state, learned: pairs, forgotten });
    }
    case 'message': {
      const verdict = pick === 0 ? 'hold' : 'pass';
      return { kind, row: messageRow({ queueId: id, at: when, account, verdict }) };
    }
    case 'story':
      return { kind, row: storyRow({ id, at: when, account, recipients: pick }) };
    case 'held': {
      const state = heldStates[pick] ?? 'held';
      return { kind, row: heldRow({ queueId: id, at: when, account, state }) };
    }
    case 'incident': {
      const endedAt = pick === 0 ? when : undefined;
      return { kind, row: incidentRow({ id, suspendedAt: when, account, endedAt }) };
    }
    case 'exemption':
      return { kind, row: exemptionRow({ account, until: when }) };
    case 'audit':
      return { kind, row: auditRow({ at: when, account }) };
    case 'notice': {
      const state = pick === 0 ? 'sent' : 'waiting';
      return {
        kind,
        row: noticeRow({ id, channel: pick === 1 ? 'mail' : 'webhook', nextAt: when, state }),
      };
    }
    case 'sending-domain':
      return { kind, row: sendingDomainRow({ domain: id, lastAt: when, messages: pick }) };
    case 'dkim-key': {
      const times = { made: at(pick), signing: when };
      return { kind, row: dkimKey({ domain: account.slice(2), selector: id, times }) };
    }
    default:
      return { kind: 'meta', key: id, value: `${now}` };
  }
}

/** All that can be asked, with small limits too. */
function everything(reads: LedgerReads): Record<string, unknown> {
  return {
    loaded: accounts.map((account) => reads.loadAccount(account)),
    accounts: (['clear', 'suspended', undefined] as const).map((state) =>
      reads
        .accounts({ ...(state === undefined ? {} : { state }), like: 'EXAMPLE', limit: 9 })
        .map((row) => JSON.stringify(row))
        .sort(),
    ),
    messagesOf: accounts.map((account) => reads.messagesOf(account, at(5), 2)),
    message: ids.map((id) => reads.message(id)),
    stories: [
      reads.stories({ limit: 2 }),
      ...accounts.map((account) => reads.stories({ account, limit: 1 })),
    ],
    story: ids.map((id) => reads.story(id)),
    held: heldStates.map((state) => reads.held({ state, limit: 2 })),
    heldOf: accounts.map((account) => reads.held({ account, limit: 1 })),
    heldOne: ids.map((id) => reads.heldOne(id)),
    countHeld: reads.countHeld(),
    incidents: [reads.incidents({ limit: 2 }), reads.incidents({ open: true, limit: 2 })],
    incidentsOf: accounts.map((account) => reads.incidents({ account, open: true, limit: 1 })),
    exemptions: reads.exemptions(),
    audit: [
      reads.audit({ limit: 3 }),
      ...accounts.map((account) => reads.audit({ account, limit: 2 })),
    ],
    notices: [reads.notices(at(10)), reads.notices(at(99_999))],
    sendingDomains: reads.sendingDomains(2),
    dkimKeys: reads.dkimKeys(),
    meta: ids.map((id) => reads.meta(id)),
  };
}

function assertKnown(live: LedgerReads, model: Ledger): void {
  const oldest = model.oldestHeldAt() ?? Number.MAX_SAFE_INTEGER;
  assertStrict.ok((live.oldestHeldAt() ?? Number.MAX_SAFE_INTEGER) <= oldest, 'not younger');
  for (const hash of hashes) {
    if (model.knownHere(hash) !== undefined)
      assertStrict.ok(live.knownHere(hash) !== undefined, `hash ${hash} is known`);
  }
}

function act(rig: Rig, kind: string): void {
  if (kind === 'turn') rig.turn();
  if (kind === 'tick') rig.pass(250);
  if (kind === 'second') rig.pass(1_000);
  if (kind === 'break' || kind === 'repair') rig.breakDisk(kind === 'break');
  if (kind === 'flush') rig.journal.flushNow();
}

test('reading through the journal is reading what will be written', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), (steps) => {
      const rig = journalRig();
      const model = openLedger(inMemory);
      const answers: number[] = [];
      let commits = 0;
      let now = 0;
      for (const one of steps) {
        const drafts = one.kind === 'add' ? [one.draft] : one.kind === 'commit' ? one.drafts : [];
        const changes = drafts.map((each) => {
          now += 1;
          return changeOf(each, now);
        });
        if (one.kind === 'add') for (const change of changes) rig.journal.add(change);
        else if (one.kind === 'commit') {
          const number = commits;
          commits += 1;
          answers[number] = 0;
          rig.journal.commit(changes, () => {
            answers[number] = (answers[number] ?? 0) + 1;
          });
        } else act(rig, one.kind);
        model.write(changes, { durable: false });
        assertStrict.deepEqual(everything(rig.journal.live), everything(model));
        assertKnown(rig.journal.live, model);
      }
      rig.breakDisk(false);
      assertStrict.equal(rig.journal.flushNow(), true);
      assertStrict.deepEqual(everything(rig.ledger), everything(model));
      assertStrict.deepEqual(hashes.map(rig.journal.live.knownHere), hashes.map(model.knownHere));
      assertStrict.equal(rig.ledger.countAccounts(), model.countAccounts());
      assertStrict.ok(
        answers.every((times) => times === 1),
        'each commit is answered once',
      );
      assertStrict.equal(rig.dropped(), 0);
      rig.journal.close();
      rig.ledger.close();
      model.close();
    }),
    { numRuns: 25 },
  );
});
