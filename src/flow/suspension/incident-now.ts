/** An incident as it is now: the ledger has its counts as they were when it began. */
import type { AccountProfile } from '../../core/account/profile.ts';
import type { IncidentRow } from '../../ports/ledger.ts';

/**
 * The incident with its latest count. While it is open, the account's profile counts the stopped
 * messages.
 */
export function incidentNow(
  incident: IncidentRow,
  profile: Pick<AccountProfile, 'state' | 'stoppedMessages'> | undefined,
): IncidentRow {
  if (incident.endedAt !== undefined || profile?.state !== 'suspended') return incident;
  return {
    ...incident,
    stoppedMessages: Math.max(incident.stoppedMessages, profile.stoppedMessages),
  };
}
