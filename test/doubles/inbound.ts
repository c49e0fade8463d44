/** Mail that comes in, for tests of the API: one message in quarantine, and yes to everything. */
import { countByDay } from '../../src/core/inbound/day-counts.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../src/lib/time.ts';
import type { DeferredRow, InboundAdmin, InboundRow } from '../../src/ports/inbound/inbound.ts';

export function inboundRow(more: Partial<InboundRow> = {}): InboundRow {
  return {
    queueId: '4cQuarant1z1',
    at: 0 as Millis,
    state: 'quarantined',
    due: 86_400_000 as Millis,
    changedAt: 0 as Millis,
    by: 'postern',
    client: '192.0.2.66',
    clientName: '',
    helo: 'pc.lan',
    sender: 'win@shop.example',
    recipients: ['ann@example.net'],
    recipientCount: 1,
    subject: 'You have won',
    bytes: 2_000,
    likeness: 0.7,
    points: 11,
    reasons: ['the client has no name'],
    facts: '',
    toldAt: 0 as Millis,
    instance: '',
    ...more,
  };
}

/** Mail of the last days: some waited and was delivered, some is in quarantine. */
export function nightInbound(start: Millis): readonly InboundRow[] {
  const ago = (ms: number): Millis => (start - ms) as Millis;
  const delivered = [3, 1, 0, 2, 5, 1, 4].flatMap((count, day) =>
    Array.from({ length: count }, (_, nth) => {
      const at = ago(day * dayMs + (nth + 1) * minuteMs * 7);
      const changedAt = (at + (nth + 1) * minuteMs) as Millis;
      const queueId = `4cWait${day}${nth}z1`;
      return inboundRow({ queueId, at, changedAt, state: 'released', points: 5, due: 0 as Millis });
    }),
  );
  const due = (start + 9 * dayMs) as Millis;
  const more = {
    due,
    at: ago(2 * dayMs),
    reasons: ['the client has no name', 'SPF failed, and no DKIM signature is good'],
  };
  return [
    inboundRow({ ...more, recipientCount: 3 }),
    inboundRow({
      ...more,
      queueId: '4cQuarant2z1',
      at: ago(5 * hourMs),
      sender: '',
      subject: 'Undelivered: parcel 88-1',
      points: 8.5,
    }),
    inboundRow({
      queueId: '4cWaitingz1',
      at: ago(3 * minuteMs),
      due: (start + 7 * minuteMs) as Millis,
      state: 'waiting',
      points: 6,
    }),
    inboundRow({ queueId: '4cJunkz1', at: ago(hourMs), state: 'junk', points: 4 }),
    ...delivered,
  ];
}

/** One honest-looking message that was put off and is not back. */
export function nightAtRisk(start: Millis): readonly DeferredRow[] {
  return [
    {
      key: 7,
      firstAt: (start - 3 * hourMs) as Millis,
      lastAt: (start - 3 * hourMs) as Millis,
      until: (start - 2 * hourMs) as Millis,
      tries: 1,
      returnedAt: 0 as Millis,
      isHonest: true,
      client: '192.0.2.40',
      sender: 'alarm@heating.example',
      recipient: 'ann@example.net',
      subject: 'Boiler 3: pressure is low',
      points: 4.5,
      reasons: ['the client has no name'],
    },
  ];
}

export function agreeableInbound(
  calls: string[],
  now: () => Millis,
  rows: readonly InboundRow[] = [],
  atRisk: readonly DeferredRow[] = [],
): InboundAdmin {
  const yes = async (call: string) => {
    calls.push(call);
    return { ok: true, text: 'done', count: 1 } as const;
  };
  return {
    status: () => ({
      stance: 'wait',
      waitMs: 10 * minuteMs,
      waiting: rows.filter(({ state }) => state === 'waiting').length,
      quarantined: rows.filter(({ state }) => state === 'quarantined').length,
      known: 0,
      atRisk: atRisk.length,
    }),
    list: ({ about = '', limit, state }) =>
      rows
        .filter((row) => row.state === (state ?? row.state))
        .filter((row) => `${row.sender} ${row.recipients.join()} ${row.subject}`.includes(about))
        .sort((one, other) => other.at - one.at)
        .slice(0, limit),
    byDay(days) {
      const sums = rows.map(({ at, changedAt, state }) => {
        const waitedMs = Math.max(0, changedAt - at);
        return { day: Math.floor(at / dayMs), state, count: 1, waitedMs, longestMs: waitedMs };
      });
      return countByDay(sums, { days, now: now() });
    },
    show: (queueId) => rows.find((row) => row.queueId === queueId),
    atRisk: ({ limit }) => atRisk.slice(0, limit),
    allowed: () => [],
    allow: (what, note, by) => yes(`allow ${what} (${note}) by ${by}`),
    forget: (what, by) => yes(`forget sender ${what} by ${by}`),
    learn: (pairs, by) => yes(`learn ${pairs.length} by ${by}`),
    release: (ids, by) => yes(`release incoming ${ids.join()} by ${by}`),
    drop: (ids, by) => yes(`drop incoming ${ids.join()} by ${by}`),
  };
}
