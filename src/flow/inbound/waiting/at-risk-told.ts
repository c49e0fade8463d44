/**
 * Tells the operator of honest-looking mail that was put off and has not come back: at most once a
 * day, and only what is new. The time is written down together with the notice.
 */
import { lateTexts, newlyLate } from '../../../core/inbound/deferring/at-risk.ts';
import { lateAfterMs } from '../../../core/inbound/kept.ts';
import type { Notice } from '../../../core/notice.ts';
import { type Millis, minuteMs } from '../../../lib/time.ts';
import type { InboundLedger } from '../../../ports/inbound/inbound.ts';
import type { World } from '../../../ports/world.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Notices } from '../../notices/notices.ts';

export type AtRiskDeps = {
  readonly journal: Pick<Journal, 'add' | 'live'>;
  readonly ledger: Pick<InboundLedger, 'notBack'>;
  readonly notices: Pick<Notices, 'prepare'>;
  readonly world: Pick<World, 'clock' | 'newId' | 'timers'>;
  readonly host: string;
  readonly iso: (at: Millis) => string;
};

const key = 'inbound-at-risk-told';
const everyMs = 10 * minuteMs;
/** Messages that are looked through. */
const mailMax = 1_000;

export function openAtRiskTold(deps: AtRiskDeps): { review(): void; close(): void } {
  const review = (): void => tell(deps);
  return { review, close: deps.world.timers.every(everyMs, review) };
}

function tell({ host, iso, journal, ledger, notices, world }: AtRiskDeps): void {
  const now = world.clock.now();
  const toldAt = Number(journal.live.meta(key) ?? 0) as Millis;
  const late = ledger.notBack((now - lateAfterMs) as Millis, mailMax);
  const fresh = newlyLate(late, toldAt, now);
  if (fresh.length === 0) return;
  const notice: Notice = {
    version: 1,
    event: 'inbound.at-risk',
    id: world.newId(),
    host,
    at: iso(now),
    account: '',
    since: iso(Math.min(...fresh.map(({ firstAt }) => firstAt)) as Millis),
    leaked: { messages: 0, recipients: 0 },
    stopped: { messages: fresh.length, fromQueue: 0 },
    loginClosed: false,
    reasons: lateTexts(fresh, iso).map((text) => ({ signal: 'at-risk', text })),
    undo: '',
    explain: 'postern inbound at-risk',
  };
  journal.add({ kind: 'meta', key, value: String(now) });
  for (const change of notices.prepare(notice)) journal.add(change);
}
