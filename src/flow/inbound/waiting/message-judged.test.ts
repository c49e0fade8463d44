/** What the door answers about a message that comes in, and what is written into it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptedStart } from '../../../../test/doubles/start.ts';
import { quietWorld } from '../../../../test/doubles/world.ts';
import { ManualTime } from '../../../../test/ledger/manual-time.ts';
import type { WroteIn } from '../../../core/correspondents/wrote-in.ts';
import type { Stance } from '../../../core/inbound/greylist/judgement.ts';
import type { InboundResults } from '../../../core/inbound/results.ts';
import type { ScanReport } from '../../../core/scan/report.ts';
import { inMemory, openLedger } from '../../../ledger/sqlite/open.ts';
import { type Millis, minuteMs } from '../../../lib/time.ts';
import type { InboundRow } from '../../../ports/inbound/inbound.ts';
import type { IncomingSaid } from '../../../ports/message.ts';
import { openJournal } from '../../journal/journal.ts';
import { ScannerQueue } from '../../scan/scanner-queue.ts';
import { AllowedSenders } from './allowed-senders.ts';
import { KnownSenders } from './known-senders.ts';
import { InboundJudge, type JudgeSettings } from './message-judged.ts';
import type { WaitingInbound } from './waiting-inbound.ts';

const start = 1_795_000_000_000;
const later = Number.MAX_SAFE_INTEGER as Millis;

/** A stranger without a name; SPF fails: 8 points. */
const strange = {
  spf: { result: 'fail', domain: 'far.example' },
  dkim: [],
  iprev: { name: '', reverse: '' },
} as unknown as InboundResults;

type Given = {
  readonly stance?: Stance;
  readonly defersAt?: 'data' | 'rcpt';
  readonly holds?: boolean;
  /** Of the content filter with limit 5; undefined: there is no filter. */
  readonly score?: number;
};

function rig({ defersAt = 'data', holds = true, score, stance = 'wait' }: Given = {}) {
  const time = new ManualTime(start);
  const counted: string[] = [];
  const wrote: WroteIn[] = [];
  const held: InboundRow[] = [];
  const hold = async (row: InboundRow): Promise<boolean> => {
    held.push(row);
    return holds;
  };
  const world = quietWorld({
    clock: time,
    timers: time,
    count: (name, _by, label = '') => void counted.push(`${name} ${label}`),
  });
  const ledger = openLedger(inMemory);
  const journal = openJournal({ ledger, world, onState: () => undefined });
  const known = new KnownSenders({
    journal,
    ledger,
    allowed: new AllowedSenders([], []),
    seed: () => 7,
  });
  const settings: JudgeSettings = {
    policy: {
      stance,
      waitMs: 10 * minuteMs,
      learningUntil: 0 as Millis,
      isOurs: (domain) => domain === 'here.example',
      organisationOf: (domain) => domain,
    },
    junkFields: [{ name: 'X-Spam', value: 'Yes' }],
    dnsbl: [],
    dnswl: [],
    defersAt,
  };
  const scans: { head: string; answer(): void }[] = [];
  const report: ScanReport = {
    scanner: 'rspamd',
    score: score ?? 0,
    required: 5,
    rules: [],
    virus: '',
  };
  const queue = new ScannerQueue({
    scanner: {
      name: 'rspamd',
      octetsMax: 80 * 1024 * 1024,
      scan: (octets) =>
        new Promise((resolve) => {
          const head = octets.toString('latin1', 0, 1_000);
          scans.push({ head, answer: () => resolve(report) });
        }),
      close: () => undefined,
    },
    connections: 2,
    deadlineMs: 10_000,
    world,
    onState: () => undefined,
  });
  const judge = new InboundJudge({
    journal,
    known,
    waiting: () => ({ hold, get: () => undefined }) as unknown as WaitingInbound,
    queues: () => (score === undefined ? [] : [queue]),
    resolve: async () => ({ kind: 'none', exists: false }) as never,
    deadlineMs: 1_000,
    mayRelay: () => false,
    isProvenReturn: async () => undefined,
    spam: () => undefined,
    correspondents: { wroteIn: (who) => void wrote.push(who), delimiters: () => '+' },
    host: 'mail.here.example',
    mailDate: () => 'Mon, 02 Nov 2026 10:00:00 +0000',
    world,
    settings,
  });
  const open = (queueId: string, bytes = Buffer.from('Hello.\r\n'), from = '') => {
    const reader = judge.open(
      scriptedStart({ queueId, sender: 'x@far.example', recipients: ['ann@here.example'] }),
    );
    assert.ok(reader !== undefined);
    reader.header('Subject', ' hello');
    if (from !== '') reader.header('From', from);
    reader.body(bytes, 0, bytes.length);
    reader.look(async () => ({ kind: 'none', exists: false }) as never);
    return reader;
  };
  const decide = async (
    queueId = '4cStranger1z1',
    { from = '', results = strange } = {},
  ): Promise<IncomingSaid> => {
    const reader = open(queueId, undefined, from);
    const said = reader.decide(results);
    scans.at(-1)?.answer();
    return said.finally(() => reader.drop());
  };
  const judged = (): readonly string[] =>
    counted.flatMap((one) => /^postern_inbound_judged_total (.*)/.exec(one)?.[1] ?? []);
  return { decide, held, judge, judged, known, ledger, journal, open, scans, time, wrote };
}

function mark({ edits }: IncomingSaid): string {
  const found = edits.flatMap((edit) =>
    edit.kind === 'insert' && edit.name === 'X-Postern-Inbound' ? edit.value : [],
  );
  assert.equal(found.length, 1);
  return (found[0] ?? '').replace(/;.*/, '').trim();
}

test('what waits says so; what could not be held passes, and says that', async () => {
  const of = rig();
  const said = await of.decide();
  assert.deepEqual([said.instead?.kind, mark(said)], ['hold', 'wait']);
  const full = rig({ holds: false });
  const passed = await full.decide();
  assert.deepEqual([passed.instead, mark(passed)], [undefined, 'pass (would wait)']);
  assert.deepEqual([of.judged(), full.judged()], [['wait'], ['pass']]);
});

test('what was put off comes back and passes, and its message says that', async () => {
  const of = rig({ stance: 'defer' });
  const first = await of.decide();
  assert.deepEqual([first.instead?.kind, first.edits], ['reply', []]);
  assert.equal(of.ledger.countNotBack(later), 0);
  of.journal.flushNow();
  assert.equal(of.ledger.countNotBack(later), 1);
  await of.time.pass(20 * minuteMs);
  const again = await of.decide('4cStranger2z1');
  assert.deepEqual([again.instead, mark(again)], [undefined, 'pass (would defer)']);
  of.journal.flushNow();
  assert.deepEqual([of.judged(), of.ledger.countNotBack(later)], [['defer', 'pass'], 0]);
});

test('with defer_at = "rcpt" the message itself is not put off', async () => {
  const of = rig({ stance: 'defer', defersAt: 'rcpt' });
  const said = await of.decide();
  assert.deepEqual([said.instead, mark(said)], [undefined, 'pass (would defer)']);
  assert.deepEqual(of.judged(), ['pass']);
});

test('content that is spam gets the fields for Junk, and does not wait', async () => {
  const of = rig({ score: 6 });
  const said = await of.decide();
  assert.equal(said.instead, undefined);
  const names = said.edits.flatMap((edit) => (edit.kind === 'insert' ? edit.name : []));
  assert.deepEqual(names, ['X-Spam', 'X-Postern-Inbound']);
  of.journal.flushNow();
  assert.equal(of.ledger.inboundOne('4cStranger1z1')?.state, 'junk');
});

test('scanners get the message below our Received field', async () => {
  const of = rig({ score: 0 });
  await of.decide();
  const [received = '', by = '', date, ...rest] = of.scans[0]?.head.split('\r\n') ?? [];
  assert.equal(received, 'Received: from out.example.org (unknown [192.0.2.1])');
  assert.equal(by, '\tby mail.here.example (Postfix) with ESMTP id 4cStranger1z1;');
  assert.equal(date, '\tMon, 02 Nov 2026 10:00:00 +0000');
  assert.deepEqual(rest, ['Subject: hello', '', 'Hello.', '']);
});

test('a message that was given up counts while a scanner reads it, and no longer', async () => {
  const of = rig({ score: 0 });
  // Two of these are more than all messages together may have.
  const large = Buffer.alloc(70 * 1024 * 1024, 'a');
  of.open('4cGivenUp1z1', large).drop();
  of.open('4cSecond1z1', large).drop();
  assert.equal(of.scans.length, 1, 'no room for the second');
  of.scans[0]?.answer();
  await of.time.pass(1);
  of.open('4cThird1z1', large).drop();
  assert.equal(of.scans.length, 2);
});

test('while it waits its octets are kept for a second look, and then freed', async () => {
  const of = rig({ score: 2 });
  await of.decide();
  const row = { queueId: '4cStranger1z1', client: '192.0.2.1', likeness: 0.8, reasons: [] };
  const facts = JSON.stringify({ recipients: [], sender: '', helo: '', client: '192.0.2.1' });
  const again = () => of.judge.again({ ...row, facts } as never);
  const said = again();
  assert.equal(of.scans.length, 2);
  of.scans[1]?.answer();
  assert.equal(await said, 'release');
  of.judge.over('4cStranger1z1');
  assert.equal(await again(), 'release');
  assert.equal(of.scans.length, 2, 'nothing is left to scan');
});

/** The domain itself sent it. */
const proved = {
  ...strange,
  sender: 'x@far.example',
  spf: { result: 'pass', domain: 'far.example', identity: 'mailfrom' },
} as unknown as InboundResults;
const carol = ' Carol <carol@far.example>';
/** A domain of this server claims to have sent it. */
const ofHere = {
  ...proved,
  sender: 'ann@here.example',
  spf: { result: 'pass', domain: 'here.example', identity: 'mailfrom' },
} as unknown as InboundResults;

test('authors of wanted mail are noted; of spam and forged mail they are not', async () => {
  const rows = [
    ['wanted', { score: 0 }, carol, proved, true],
    ['without a content filter', {}, carol, proved, true],
    ['spam', { score: 6 }, carol, proved, false],
    ['SPF fails', { score: 0 }, carol, { ...strange, sender: 'x@far.example' }, false],
    ['of this server', { score: 0 }, ' ann@here.example', ofHere, false],
    ['nobody', { score: 0 }, '', proved, false],
  ] as const;
  for (const [name, given, from, results, isNoted] of rows) {
    const of = rig(given);
    await of.decide('4cCarol1z1', { from, results });
    const wanted = [{ author: 'carol@far.example', mailboxes: ['ann@here.example'] }];
    assert.deepEqual(of.wrote, isNoted ? wanted : [], name);
  }
});

test('who wrote a message that waits is noted when it is released', async () => {
  const of = rig({ score: 2 });
  const said = await of.decide('4cCarol1z1', { from: carol, results: proved });
  of.journal.flushNow();
  const facts = of.held[0]?.facts ?? '';
  assert.deepEqual([said.instead?.kind, of.wrote], ['hold', []]);
  const again = of.judge.again({ queueId: '4cCarol1z1', client: '192.0.2.1', facts } as never);
  of.scans[1]?.answer();
  assert.equal(await again, 'release');
  assert.equal(of.wrote[0]?.author, 'carol@far.example');
});
