/** What the operator is told about a suspension. Pure. */
import { noticeReasons } from '../../core/explain.ts';
import type { Notice } from '../../core/notice.ts';
import type { Millis } from '../../lib/time.ts';
import type { IncidentRow } from '../../ports/ledger.ts';

/** Addresses in one notice. The command in it lists all. */
const addressesMax = 5;

/** `reached`: recipients of the mail that got out, those to name first. */
export function suspensionNotice(
  incident: IncidentRow,
  reached: readonly string[],
  from: { readonly host: string; readonly at: Millis; readonly iso: (at: Millis) => string },
): Notice {
  const { host, at, iso } = from;
  const reasons = noticeReasons(incident.reasons);
  const named = reached.slice(0, Math.max(0, addressesMax - addressesIn(reasons)));
  return {
    version: 1,
    event: incident.observed ? 'account.would-suspend' : 'account.suspended',
    id: incident.id,
    host,
    at: iso(at),
    account: incident.account,
    since: iso(incident.since),
    leaked: { messages: incident.leakedMessages, recipients: incident.leakedRecipients },
    ...(named.length === 0 ? {} : { reached: named }),
    stopped: {
      messages: incident.stoppedMessages + incident.queuedHeld,
      fromQueue: incident.queuedHeld,
    },
    loginClosed: incident.loginClosed,
    reasons,
    undo: `postern accounts release ${incident.account}`,
    explain: `postern accounts show ${incident.account}`,
    page: `/incidents/${encodeURIComponent(incident.id)}`,
  };
}

function addressesIn(reasons: Notice['reasons']): number {
  return reasons.reduce((sum, { text }) => sum + (text.match(/[^\s@]+@[^\s@]+/g)?.length ?? 0), 0);
}
