import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import type { Millis } from '../../lib/time.ts';
import type { Change, SendingDomainRow } from '../../ports/ledger.ts';
import { openSendingDomains, sendingDomainsMax } from './sending-domains.ts';

/** A journal that keeps the last row of each domain, and a timer that is turned by hand. */
function rig(stored: readonly SendingDomainRow[] = []) {
  const rows = new Map(stored.map((row) => [row.domain, row]));
  const written: Change[] = [];
  let tick = (): void => {};
  let stopped = false;
  const clock = { now: () => now };
  let now = 1_000 as Millis;
  const domains = openSendingDomains({
    journal: {
      add(change) {
        written.push(change);
        if (change.kind === 'sending-domain') rows.set(change.row.domain, change.row);
      },
      live: { sendingDomains: () => [...rows.values()] } as never,
    },
    world: quietWorld({
      clock,
      timers: {
        every(_ms, run) {
          tick = run;
          return () => {
            stopped = true;
          };
        },
        soon: () => {},
      },
    }),
  });
  return {
    domains,
    rows,
    written,
    at: (ms: number) => {
      now = ms as Millis;
    },
    tick: () => tick(),
    stopped: () => stopped,
  };
}

const offer = { offered: false, oneClick: false };
const oneClick = { offered: true, oneClick: true };
const counted = { before: { messages: 0, offered: 0, oneClick: 0 } };

test('counts each domain, with who signed last, and writes what has changed', () => {
  const { domains, rows, written, at, tick } = rig();
  domains.sent('a.test', '', offer);
  at(2_000);
  domains.sent('a.test', 'signer.test', oneClick);
  domains.sent('b.test', '', offer);
  assert.equal(written.length, 0);
  tick();
  tick();
  assert.equal(written.length, 2);
  assert.deepEqual(rows.get('a.test'), {
    domain: 'a.test',
    firstAt: 1_000,
    lastAt: 2_000,
    messages: 2,
    signed: 1,
    signedBy: 'signer.test',
    unsubscribe: { ...counted, since: 1_000, messages: 2, offered: 1, oneClick: 1 },
  });
  at(3_000);
  domains.sent('a.test', '', offer);
  tick();
  assert.deepEqual(
    [rows.get('a.test')?.messages, rows.get('a.test')?.signedBy],
    [3, 'signer.test'],
  );
});

test('goes on from what is stored, and writes the rest at the end', () => {
  const stored = {
    domain: 'a.test',
    firstAt: 1 as Millis,
    lastAt: 2 as Millis,
    messages: 40,
    signed: 4,
    signedBy: 'x.test',
  };
  const { domains, rows, stopped } = rig([stored]);
  domains.sent('a.test', 'a.test', oneClick);
  domains.close();
  assert.ok(stopped());
  assert.deepEqual(rows.get('a.test'), {
    ...stored,
    lastAt: 1_000,
    messages: 41,
    signed: 5,
    signedBy: 'a.test',
    unsubscribe: { ...counted, since: 1_000, messages: 1, offered: 1, oneClick: 1 },
  });
});

test('a new domain for every message fills nothing', () => {
  const { domains, rows, tick } = rig();
  for (let number = 0; number < sendingDomainsMax + 5; number++)
    domains.sent(`d${number}.test`, '', offer);
  domains.sent('d1.test', '', offer);
  tick();
  assert.equal(rows.size, sendingDomainsMax);
  assert.equal(rows.get('d1.test')?.messages, 2);
});
