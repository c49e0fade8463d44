/** Search in mail that came in: by sender, recipient, subject, client or id, within a state. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inMemory, openLedger } from '../../src/ledger/sqlite/open.ts';
import type { Millis } from '../../src/lib/time.ts';
import type { InboundRow } from '../../src/ports/inbound/inbound.ts';
import { inboundRow } from '../doubles/inbound.ts';

test('mail that came in is found by anything that people remember', () => {
  const ledger = openLedger(inMemory);
  const row = (nth: number, more: Partial<InboundRow>): InboundRow =>
    inboundRow({ queueId: `4cRow${nth}z1`, at: nth as Millis, ...more });
  const rows = [
    row(1, { sender: 'Bill@Shop.example', state: 'released' }),
    row(2, { recipients: ['joe@example.net', 'eve@example.net'], subject: 'Invoice 100 %' }),
    row(3, { client: '198.51.100.9', state: 'junk', sender: '' }),
  ];
  const changes = rows.map((one) => ({ kind: 'inbound' as const, row: one }));
  ledger.write(changes, { durable: false });
  const found = (about: string, more: Partial<Pick<InboundRow, 'state'>> = {}): string =>
    ledger
      .inboundMail({ about, limit: 10, ...more })
      .map(({ at }) => at)
      .join();
  assert.equal(found('bill@shop.EXAMPLE'), '1');
  assert.equal(found('eve@example.net'), '2');
  assert.equal(found('invoice'), '2');
  assert.equal(found('100 %'), '2', 'no sign has a meaning of its own');
  assert.equal(found('%'), '2');
  assert.equal(found('198.51.100.9'), '3');
  assert.equal(found('198.51.100'), '', 'a client is found whole');
  assert.equal(found('4CROW3Z1'), '3');
  assert.equal(found('example'), '3,2,1', 'the newest first');
  assert.equal(found('example', { state: 'junk' }), '3');
  assert.equal(ledger.inboundMail({ about: 'example', since: 2 as Millis, limit: 1 }).length, 1);
  ledger.close();
});
