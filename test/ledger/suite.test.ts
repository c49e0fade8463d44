/**
 * Every method of a ledger, on a file and in memory: what was written is read back, whole and in
 * order.
 */
import assertStrict from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import type { Account } from '../../src/core/account-name.ts';
import { inMemory, openLedger } from '../../src/ledger/sqlite/open.ts';
import type { Change, Ledger } from '../../src/ports/ledger.ts';
import {
  accountOf,
  ann,
  at,
  auditRow,
  dkimKey,
  exemptionRow,
  heldRow,
  incidentRow,
  joe,
  messageRow,
  noticeRow,
  sendingDomainRow,
  storyRow,
  weakPassword,
} from './samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-ledger-'));
// A ledger's own thread may still close its files.
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20 }));

/** The largest hash: 53 bits. */
const largest = 2 ** 53 - 1;
let made = 0;

for (const kind of ['file', 'memory'] as const) {
  suite(`a ledger in a ${kind}`, () => {
    function ledgerWith(...changes: readonly Change[]): Ledger {
      made += 1;
      const ledger = openLedger(kind === 'memory' ? inMemory : join(folder, `${made}.db`));
      ledger.write(changes, { durable: made % 2 === 0 });
      return ledger;
    }

    test('statistics are answered beside the event loop as at once', async () => {
      const tally = {
        messages: 3,
        recipients: 4,
        stopped: 1,
        scored: 0,
        points: 0,
        spam: 0,
        viruses: 0,
        scans: 0,
        reused: 0,
        unscanned: 3,
        scanMs: 0,
      };
      const row = { by: 'account', day: 20_000, key: 'joe', tally, sketch: new Map() } as const;
      const ledger = ledgerWith({ kind: 'rollup', row });
      const span = { since: 19_990, until: 20_000, limit: 5 };
      const query = { by: 'account', order: 'messages', ...span } as const;
      const answer = await ledger.statsAside(query);
      assertStrict.equal(answer.lines[0]?.recipients, 4);
      assertStrict.deepEqual(answer, ledger.stats(query));
      ledger.write([{ kind: 'rollup', row }], { durable: false });
      assertStrict.equal((await ledger.statsAside(query)).lines[0]?.recipients, 8);
      ledger.close();
    });

    test('an account comes back with its book in order of the hashes', () => {
      const ledger = ledgerWith(
        accountOf(joe, {
          state: 'watched',
          profile: '{"n":1}',
          learned: [largest, 30, 5, 10, 0, 20],
        }),
      );
      assertStrict.deepEqual(ledger.loadAccount(joe), {
        account: joe,
        state: 'watched',
        profile: '{"n":1}',
        recipients: Float64Array.of(0, 5, largest),
        sinceMinutes: Uint32Array.of(20, 10, 30),
      });
      assertStrict.equal(ledger.loadAccount(ann), undefined);
      ledger.close();
    });

    test('a later change of an account replaces its profile and adds to its book', () => {
      const ledger = ledgerWith(
        accountOf(joe, { profile: 'old', learned: [1, 10, 2, 10, 3, 10] }),
        accountOf(joe, {
          profile: 'new',
          state: 'suspended',
          learned: [4, 20, 1, 30],
          forgotten: [2],
        }),
      );
      const record = ledger.loadAccount(joe);
      assertStrict.equal(record?.profile, 'new');
      assertStrict.equal(record.state, 'suspended');
      assertStrict.deepEqual([...record.recipients], [1, 3, 4]);
      assertStrict.deepEqual([...record.sinceMinutes], [30, 10, 20]);
      ledger.close();
    });

    test('a recipient in both lists is forgotten first and known afterwards', () => {
      const ledger = ledgerWith(accountOf(joe, { learned: [1, 10] }));
      ledger.write([accountOf(joe, { learned: [1, 20], forgotten: [1] })], { durable: false });
      assertStrict.deepEqual([...(ledger.loadAccount(joe)?.sinceMinutes ?? [])], [20]);
      ledger.close();
    });

    test('a recipient is known here as long as anyone knows it', () => {
      const ledger = ledgerWith(
        accountOf(joe, { learned: [7, 1, largest, 1] }),
        accountOf(ann, { learned: [7, 2] }),
      );
      assertStrict.deepEqual([7, largest, 8].map(ledger.knownHere), [1, 1, undefined]);
      ledger.write([accountOf(joe, { forgotten: [7, largest] })], { durable: false });
      assertStrict.deepEqual([7, largest].map(ledger.knownHere), [2, undefined]);
      ledger.write([accountOf(ann, { forgotten: [7] })], { durable: false });
      assertStrict.equal(ledger.knownHere(7), undefined);
      ledger.close();
    });

    test('accounts are listed newest activity first, by state and by part of the name', () => {
      const names = ['a_b@one.example', 'axb@one.example', 'c@two.example', '100%@two.example'];
      const ledger = ledgerWith(...names.map((name) => accountOf(name as Account)));
      ledger.write(
        [accountOf('axb@one.example' as Account, { state: 'suspended', profile: 'p' })],
        {
          durable: false,
        },
      );
      const list = (filter: Partial<Parameters<Ledger['accounts']>[0]>): readonly string[] =>
        ledger.accounts({ limit: 10, ...filter }).map(({ account }) => account);
      assertStrict.deepEqual(list({}), [
        'axb@one.example',
        '100%@two.example',
        'c@two.example',
        'a_b@one.example',
      ]);
      assertStrict.deepEqual(list({ limit: 2 }), ['axb@one.example', '100%@two.example']);
      assertStrict.deepEqual(list({ state: 'suspended' }), ['axb@one.example']);
      assertStrict.deepEqual(list({ like: 'A_B' }), ['a_b@one.example']);
      assertStrict.deepEqual(list({ like: '%' }), ['100%@two.example']);
      assertStrict.deepEqual(list({ like: 'two', state: 'watched' }), []);
      assertStrict.deepEqual(ledger.accounts({ state: 'suspended', limit: 1 }), [
        { account: 'axb@one.example', state: 'suspended', profile: 'p' },
      ]);
      assertStrict.equal(ledger.countAccounts(), 4);
      ledger.close();
    });

    test('messages are found by queue id, and the passed ones by account', () => {
      const rows = [
        messageRow({ queueId: 'A', at: at(10) }),
        messageRow({ queueId: 'B', at: at(20), verdict: 'hold' }),
        messageRow({ queueId: 'C', at: at(30), unsigned: { why: 'foreign', author: 'b@c.test' } }),
        messageRow({ queueId: 'D', at: at(40), account: ann }),
        messageRow({ queueId: 'E', at: at(50), unsigned: { why: 'no-key', author: '' } }),
      ];
      const ledger = ledgerWith(...rows.map((row) => ({ kind: 'message', row }) as const));
      assertStrict.deepEqual(ledger.message('B'), rows[1]);
      assertStrict.deepEqual(ledger.messagesOf(joe, at(10), 9), [rows[4], rows[2], rows[0]]);
      assertStrict.deepEqual(ledger.messagesOf(joe, at(11), 1), [rows[4]]);
      const reused = messageRow({ queueId: 'A', at: at(60), account: ann, recipients: 9 });
      ledger.write([{ kind: 'message', row: reused }], { durable: false });
      assertStrict.deepEqual(ledger.message('A'), reused);
      const observed = storyRow({ id: 'B', at: at(20), observed: true });
      ledger.write([{ kind: 'story', row: observed }], { durable: false });
      assertStrict.deepEqual(ledger.messagesOf(joe, at(0), 9), [rows[4], rows[2], rows[1]]);
      ledger.close();
    });

    test('stories come back whole, newest first', () => {
      const rows = [
        storyRow(),
        storyRow({ id: 'S2', at: at(3_000), account: ann, observed: false }),
      ];
      const ledger = ledgerWith(...rows.map((row) => ({ kind: 'story', row }) as const));
      assertStrict.deepEqual(ledger.stories({ limit: 9 }), rows.toReversed());
      assertStrict.deepEqual(ledger.stories({ account: joe, limit: 9 }), [rows[0]]);
      assertStrict.deepEqual(ledger.stories({ limit: 1 }), [rows[1]]);
      assertStrict.deepEqual(ledger.story('4ZStory1'), rows[0]);
      assertStrict.equal(ledger.story('none'), undefined);
      ledger.close();
    });

    test('held mail is counted and filtered by account and state', () => {
      const rows = [
        heldRow({ queueId: 'A', at: at(1) }),
        heldRow({ queueId: 'B', at: at(2), account: ann, why: 'verdict' }),
        heldRow({ queueId: 'C', at: at(3), state: 'dropped', by: 'admin' }),
      ];
      const ledger = ledgerWith(...rows.map((row) => ({ kind: 'held', row }) as const));
      const ids = (filter: Partial<Parameters<Ledger['held']>[0]>): string =>
        ledger
          .held({ limit: 9, ...filter })
          .map(({ queueId }) => queueId)
          .join('');
      assertStrict.equal(ids({}), 'CBA');
      assertStrict.equal(ids({ account: joe }), 'CA');
      assertStrict.equal(ids({ state: 'held' }), 'BA');
      assertStrict.equal(ids({ account: joe, state: 'held' }), 'A');
      assertStrict.equal(ids({ limit: 2 }), 'CB');
      assertStrict.deepEqual(ledger.heldOne('B'), rows[1]);
      assertStrict.equal(ledger.heldOne('Z'), undefined);
      assertStrict.equal(ledger.countHeld(), 2);
      const released = heldRow({ queueId: 'A', at: at(1), state: 'released', changedAt: at(9) });
      ledger.write([{ kind: 'held', row: released }], { durable: true });
      assertStrict.equal(ledger.countHeld(), 1);
      assertStrict.deepEqual(ledger.heldOne('A'), released);
      ledger.close();
    });

    test('an incident is open until it has an end', () => {
      const rows = [
        incidentRow(),
        incidentRow({ id: 'I2', suspendedAt: at(5_000), account: ann, observed: true, by: 'op' }),
      ];
      const ledger = ledgerWith(...rows.map((row) => ({ kind: 'incident', row }) as const));
      assertStrict.deepEqual(ledger.incidents({ limit: 9 }), rows.toReversed());
      const ended = incidentRow({ endedAt: at(8_000), endedBy: 'admin', stoppedMessages: 60 });
      ledger.write([{ kind: 'incident', row: ended }], { durable: true });
      assertStrict.deepEqual(ledger.incidents({ account: joe, limit: 9 }), [ended]);
      assertStrict.deepEqual(ledger.incidents({ account: joe, open: true, limit: 9 }), []);
      assertStrict.deepEqual(ledger.incidents({ open: true, limit: 9 }), [rows[1]]);
      ledger.close();
    });

    test('exemptions, audit trail, notices and small values', () => {
      const ledger = ledgerWith(
        { kind: 'exemption', row: exemptionRow() },
        { kind: 'exemption', row: exemptionRow({ until: at(99_000) }) },
        { kind: 'exemption', row: exemptionRow({ account: ann }) },
        { kind: 'audit', row: auditRow() },
        { kind: 'audit', row: auditRow({ account: ann }) },
        { kind: 'audit', row: auditRow() },
        { kind: 'notice', row: noticeRow() },
        { kind: 'notice', row: noticeRow({ channel: 'webhook', nextAt: at(1) }) },
        { kind: 'notice', row: noticeRow({ id: 'N2', nextAt: at(90_000) }) },
        { kind: 'notice', row: noticeRow({ id: 'N3', state: 'sent' }) },
        { kind: 'weak-password', row: weakPassword() },
        { kind: 'weak-password', row: weakPassword({ login: 'ann', changedAt: at(12_000) }) },
        { kind: 'weak-password', row: weakPassword({ strength: 'by-rule', toldAt: undefined }) },
        { kind: 'meta', key: 'k', value: '1' },
        { kind: 'meta', key: 'k', value: '2' },
      );
      assertStrict.deepEqual(ledger.exemptions(), [
        exemptionRow({ account: ann }),
        exemptionRow({ until: at(99_000) }),
      ]);
      assertStrict.equal(ledger.audit({ limit: 9 }).length, 3, 'every action is kept');
      assertStrict.deepEqual(ledger.audit({ account: ann, limit: 9 }), [
        auditRow({ account: ann }),
      ]);
      assertStrict.deepEqual(ledger.audit({ limit: 1 }), [auditRow()]);
      assertStrict.deepEqual(ledger.notices(at(7_500)), [
        noticeRow({ channel: 'webhook', nextAt: at(1) }),
        noticeRow(),
      ]);
      assertStrict.deepEqual(ledger.notices(at(0)), []);
      assertStrict.deepEqual(ledger.weakPasswords(), [
        weakPassword({ login: 'ann', changedAt: at(12_000) }),
        weakPassword({ strength: 'by-rule', toldAt: undefined }),
      ]);
      assertStrict.equal(ledger.meta('k'), '2');
      assertStrict.equal(ledger.meta('none'), undefined);
      ledger.close();
    });

    test('keys come by domain and age, a later state replaces one, unset stays unset', () => {
      const bare = dkimKey({
        domain: 'a.example',
        selector: 'e',
        algorithm: 'ed25519-sha256',
        bits: 256,
        state: 'made',
        times: { made: at(1) },
        absentAt: undefined,
        lostSince: undefined,
        answeringSince: undefined,
        byOrder: false,
        returns: false,
        toldAt: undefined,
        sight: 'unasked',
        sightAt: undefined,
      });
      const gone = dkimKey({ state: 'gone', file: '', times: { made: at(2), gone: at(9) } });
      const young = dkimKey({ selector: 'a', times: { made: at(11_000) } });
      const ledger = ledgerWith(
        ...[young, dkimKey(), bare].map((row) => ({ kind: 'dkim-key', row }) as const),
      );
      assertStrict.deepEqual(ledger.dkimKeys(), [bare, dkimKey(), young]);
      ledger.write([{ kind: 'dkim-key', row: gone }], { durable: true });
      assertStrict.deepEqual(ledger.dkimKeys(), [bare, gone, young]);
      ledger.close();
    });

    test('the oldest that is still held', () => {
      const ledger = ledgerWith();
      assertStrict.equal(ledger.oldestHeldAt(), undefined);
      const rows = [
        heldRow({ queueId: 'left', state: 'released', at: at(1) }),
        heldRow({ queueId: 'old', at: at(5) }),
        heldRow({ queueId: 'young', at: at(9) }),
      ];
      ledger.write(
        rows.map((row) => ({ kind: 'held', row }) as const),
        { durable: false },
      );
      assertStrict.equal(ledger.oldestHeldAt(), 5);
      ledger.close();
    });

    test('From domains come back, the last to send first, and replace what was', () => {
      const old = sendingDomainRow({ domain: 'old.test', lastAt: at(1) });
      const ledger = ledgerWith(
        { kind: 'sending-domain', row: old },
        { kind: 'sending-domain', row: sendingDomainRow({ messages: 1 }) },
        { kind: 'sending-domain', row: sendingDomainRow() },
      );
      assertStrict.deepEqual(ledger.sendingDomains(9), [sendingDomainRow(), old]);
      assertStrict.deepEqual(ledger.sendingDomains(1), [sendingDomainRow()]);
      ledger.close();
    });

    test('pruning takes the old in slices and leaves what is still needed', () => {
      const old = Array.from({ length: 600 }, (_, n) =>
        messageRow({ queueId: `M${n}`, at: at(n) }),
      );
      const ledger = ledgerWith(
        ...old.map((row) => ({ kind: 'message', row }) as const),
        { kind: 'story', row: storyRow({ id: 'old', at: at(10) }) },
        { kind: 'story', row: storyRow({ id: 'young', at: at(100) }) },
        { kind: 'held', row: heldRow({ queueId: 'waits', at: at(10), changedAt: at(10) }) },
        {
          kind: 'held',
          row: heldRow({ queueId: 'done', state: 'gone', at: at(1), changedAt: at(2) }),
        },
        { kind: 'notice', row: noticeRow({ id: 'sent', at: at(1), state: 'sent' }) },
        { kind: 'notice', row: noticeRow({ id: 'waits', at: at(1) }) },
        { kind: 'audit', row: auditRow({ at: at(1) }) },
        { kind: 'sending-domain', row: sendingDomainRow({ domain: 'old.test', lastAt: at(49) }) },
        { kind: 'sending-domain', row: sendingDomainRow({ lastAt: at(50) }) },
      );
      let slices = 0;
      const never = { statistics: at(0), deferred: at(0), imports: at(0), known: [] };
      while (ledger.prune({ ...never, messages: at(590), stories: at(50) })) slices += 1;
      assertStrict.equal(slices, 3);
      assertStrict.deepEqual(
        ledger.messagesOf(joe, at(0), 999).map(({ queueId }) => queueId),
        old
          .slice(590)
          .map(({ queueId }) => queueId)
          .reverse(),
      );
      assertStrict.deepEqual(
        ledger.stories({ limit: 9 }).map(({ id }) => id),
        ['young'],
      );
      assertStrict.deepEqual(ledger.sendingDomains(9), [sendingDomainRow({ lastAt: at(50) })]);
      assertStrict.deepEqual(
        ledger.held({ limit: 9 }).map(({ queueId }) => queueId),
        ['waits'],
      );
      assertStrict.deepEqual(
        ledger.notices(at(99_999)).map(({ id }) => id),
        ['waits'],
      );
      assertStrict.equal(ledger.audit({ limit: 9 }).length, 1);
      ledger.close();
    });

    test('a change that is our mistake takes the whole transaction with it', () => {
      const ledger = ledgerWith(accountOf(joe, { profile: 'kept' }));
      const broken = accountOf(ann, { learned: [1] });
      const write = (): void =>
        ledger.write([accountOf(joe, { profile: 'no' }), broken], { durable: false });
      assertStrict.throws(write, { name: 'Bug' });
      assertStrict.equal(ledger.loadAccount(joe)?.profile, 'kept');
      ledger.write([accountOf(ann)], { durable: true });
      assertStrict.equal(ledger.countAccounts(), 2);
      ledger.close();
    });
  });
}
