import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../../test/doubles/world.ts';
import { ManualTime } from '../../../../test/ledger/manual-time.ts';
import type { Notice } from '../../../core/notice.ts';
import { inMemory, openLedger } from '../../../ledger/sqlite/open.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../../lib/time.ts';
import { openJournal } from '../../journal/journal.ts';
import { openAtRiskTold } from './at-risk-told.ts';

const start = (20_775 * dayMs) as Millis;

function rig() {
  const time = new ManualTime(start);
  const world = quietWorld({ clock: time, timers: time });
  const ledger = openLedger(inMemory);
  const journal = openJournal({ ledger, world, onState: () => undefined });
  const told: Notice[] = [];
  const prepare = (notice: Notice): readonly [] => {
    told.push(notice);
    return [];
  };
  const iso = (at: Millis): string => new Date(at).toISOString();
  const host = 'mail.test';
  const open = () => openAtRiskTold({ journal, ledger, notices: { prepare }, world, host, iso });
  let key = 0;
  /** Put off now, to come back in five minutes. */
  const putOff = (sender: string, isHonest = true): void => {
    const now = time.now();
    const until = (now + 5 * minuteMs) as Millis;
    const row = { key: ++key, firstAt: now, lastAt: now, until, tries: 1, returnedAt: 0 as Millis };
    const about = { client: '192.0.2.7', recipient: 'ann@here.example', subject: '', points: 7 };
    const whole = { ...row, ...about, isHonest, sender, reasons: [] };
    journal.add({ kind: 'inbound-deferred', row: whole });
    journal.flushNow();
  };
  return { time, told, open, putOff };
}

test('the operator is told of late mail once a day at most, also over a restart', () => {
  const { time, told, open, putOff } = rig();
  let watch = open();
  const later = (ms: number): void => {
    time.jump(ms);
    watch.review();
  };
  putOff('alarm@heating.example');
  putOff('bot@spam.example', false);
  later(hourMs);
  assert.equal(told.length, 0, 'it may still come back in time');
  later(20 * minuteMs);
  assert.deepEqual(
    told.map(({ event, reasons, stopped }) => [event, reasons.length, stopped.messages]),
    [['inbound.at-risk', 1, 1]],
  );
  assert.match(told[0]?.reasons[0]?.text ?? '', /postern inbound allow alarm@heating\.example$/);
  putOff('scan@office.example');
  watch.close();
  watch = open();
  later(20 * hourMs);
  assert.equal(told.length, 1);
  later(5 * hourMs);
  assert.deepEqual(
    told.slice(1).map(({ reasons }) => reasons.map(({ text }) => text.slice(0, 24))),
    [['from scan@office.example']],
  );
  later(3 * dayMs);
  assert.equal(told.length, 2, 'nothing is new');
  watch.close();
});
