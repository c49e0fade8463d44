/**
 * What the status page shows at a glance, in one answer, so that its parts never contradict each
 * other.
 */

import type { Desk, DeskAccount, DeskStatus, FeedItem, FlowMinute } from '../../ports/admin.ts';
import type { HeldRow, IncidentRow } from '../../ports/ledger.ts';

export type Overview = {
  readonly status: DeskStatus;
  readonly suspended: readonly {
    readonly account: DeskAccount;
    /** The open one; absent for an account suspended by hand before any sign. */
    readonly incident: IncidentRow | undefined;
  }[];
  readonly watched: readonly DeskAccount[];
  readonly held: readonly HeldRow[];
  readonly minutes: readonly FlowMinute[];
  readonly recent: readonly FeedItem[];
};

/** As many as a person can take in; the counts in `status` tell of the rest. */
const cardsMax = 25;
const watchedMax = 50;
const heldMax = 200;
const recentMax = 60;

/** Asks the desk for all of it. */
export function overview(desk: Desk): Overview {
  const suspended = desk.accounts({ state: 'suspended', limit: cardsMax }).map((account) => ({
    account,
    incident: desk.account(account.account)?.incidents.find((one) => one.endedAt === undefined),
  }));
  return {
    status: desk.status(),
    suspended,
    watched: desk.accounts({ state: 'watched', limit: watchedMax }),
    held: desk.held({ state: 'held', limit: heldMax }),
    minutes: desk.minutes(),
    recent: desk.recent(recentMax),
  };
}
