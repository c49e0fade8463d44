/** What the operator is told about a suspension. Pure. */
import { noticeReasons } from '../../core/explain.ts';
import type { Notice } from '../../core/notice.ts';
import { releaseCommands } from '../../core/release-commands.ts';
import { shellWords } from '../../lib/shell-words.ts';
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
  const stopped = incident.stoppedMessages + incident.queuedHeld;
  const { falseAlarm, hijacked } = releaseCommands(incident.account);
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
    leaked: {
      // In mode observe all of it has left.
      messages: incident.leakedMessages + (incident.observed ? incident.stoppedMessages : 0),
      recipients: incident.leakedRecipients,
    },
    ...(named.length === 0 ? {} : { reached: named }),
    stopped: { messages: incident.observed ? 0 : stopped, fromQueue: incident.queuedHeld },
    ...(incident.observed ? { wouldStop: { messages: stopped } } : {}),
    loginClosed: incident.loginClosed,
    reasons,
    // What was only observed has held nothing that could leave.
    undo: incident.observed ? falseAlarm : hijacked,
    falseAlarm,
    explain: shellWords('postern', 'accounts', 'show', incident.account),
    page: `/incidents/${encodeURIComponent(incident.id)}`,
  };
}

function addressesIn(reasons: Notice['reasons']): number {
  return reasons.reduce((sum, { text }) => sum + (text.match(/[^\s@]+@[^\s@]+/g)?.length ?? 0), 0);
}
