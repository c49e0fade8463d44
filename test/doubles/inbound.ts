/** Mail that comes in, for tests of the API: one message in quarantine, and yes to everything. */
import type { Millis } from '../../src/lib/time.ts';
import type { InboundAdmin, InboundRow } from '../../src/ports/inbound/inbound.ts';

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

export function agreeableInbound(calls: string[], rows: readonly InboundRow[] = []): InboundAdmin {
  const yes = async (call: string) => {
    calls.push(call);
    return { ok: true, text: 'done', count: 1 } as const;
  };
  return {
    status: () => ({
      stance: 'wait',
      waiting: rows.filter(({ state }) => state === 'waiting').length,
      quarantined: rows.filter(({ state }) => state === 'quarantined').length,
      known: 0,
      atRisk: 0,
    }),
    list: ({ limit, state }) =>
      rows.filter((row) => row.state === (state ?? row.state)).slice(0, limit),
    show: (queueId) => rows.find((row) => row.queueId === queueId),
    atRisk: () => [],
    allowed: () => [],
    allow: (what, note, by) => yes(`allow ${what} (${note}) by ${by}`),
    forget: (what, by) => yes(`forget sender ${what} by ${by}`),
    learn: (pairs, by) => yes(`learn ${pairs.length} by ${by}`),
    release: (ids, by) => yes(`release incoming ${ids.join()} by ${by}`),
    drop: (ids, by) => yes(`drop incoming ${ids.join()} by ${by}`),
  };
}
