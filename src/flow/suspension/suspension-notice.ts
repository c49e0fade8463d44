/** What the operator is told about a suspension. Pure. */
import { noticeReasons } from '../../core/explain.ts';
import type { Notice } from '../../core/notice.ts';
import type { Millis } from '../../lib/time.ts';
import type { IncidentRow } from '../../ports/ledger.ts';

export function suspensionNotice(
  incident: IncidentRow,
  from: { readonly host: string; readonly at: Millis; readonly iso: (at: Millis) => string },
): Notice {
  const { host, at, iso } = from;
  return {
    version: 1,
    event: incident.observed ? 'account.would-suspend' : 'account.suspended',
    id: incident.id,
    host,
    at: iso(at),
    account: incident.account,
    since: iso(incident.since),
    leaked: { messages: incident.leakedMessages, recipients: incident.leakedRecipients },
    stopped: {
      messages: incident.stoppedMessages + incident.queuedHeld,
      fromQueue: incident.queuedHeld,
    },
    loginClosed: incident.loginClosed,
    reasons: noticeReasons(incident.reasons),
    undo: `postern accounts release ${incident.account}`,
    explain: `postern accounts show ${incident.account}`,
  };
}
