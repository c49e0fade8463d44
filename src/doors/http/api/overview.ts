/**
 * Everything that the status page shows at first, in one answer. So its parts never contradict each
 * other.
 */

import type { EnforcingView } from '../../../ports/acting/enforcing.ts';
import type {
  AccountView,
  Admin,
  FeedItem,
  FlowMinute,
  HeldGroups,
  IncidentView,
  StatusView,
} from '../../../ports/admin.ts';

export type Overview = {
  readonly status: StatusView;
  /** What mode guard would have changed; only in mode observe. */
  readonly enforcing: EnforcingView | undefined;
  readonly suspended: readonly {
    readonly account: AccountView;
    /** The open incident; undefined if an operator suspended the account without any evidence. */
    readonly incident: IncidentView | undefined;
  }[];
  readonly watched: readonly AccountView[];
  /** Held mail by account; its messages are at /api/held. */
  readonly held: HeldGroups;
  readonly minutes: readonly FlowMinute[];
  readonly recent: readonly FeedItem[];
};

/** Limits of what a person can read. The counts in `status` include the rest. */
const cardsMax = 25;
const watchedMax = 50;
const heldGroupsMax = 40;
const recentMax = 60;

/** Collects the overview from the admin. */
export function overview(admin: Admin): Overview {
  const suspended = admin.accounts({ state: 'suspended', limit: cardsMax }).map((account) => ({
    account,
    incident: admin.account(account.account)?.incidents.find((one) => one.endedAt === undefined),
  }));
  const status = admin.status();
  return {
    status,
    enforcing: status.mode === 'observe' ? admin.enforcing() : undefined,
    suspended,
    watched: admin.accounts({ state: 'watched', limit: watchedMax }),
    held: admin.heldGroups({ limit: heldGroupsMax }),
    minutes: admin.minutes(),
    recent: admin.recent(recentMax),
  };
}
