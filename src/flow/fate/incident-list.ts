/**
 * All incidents: suspensions, and accounts that were not suspended but made most of the bad answers
 * of a provider.
 */
import { blameKey, type ReplyIncident, storedBlame } from '../../core/incidents/blame.ts';
import type { IncidentKind } from '../../core/incidents/facts.ts';
import type { Millis } from '../../lib/time.ts';
import type { IncidentRow } from '../../ports/ledger.ts';
import { asItWas } from './as-it-was.ts';
import type { AskingDeps } from './found-view.ts';

/** Incidents that are looked through for an id. */
const incidentsMax = 10_000;

/** Of kind `replies`: not suspended, and without reasons and counts of its own. */
export type AnyIncident = Omit<IncidentRow, 'suspendedAt'> & {
  readonly kind: IncidentKind;
  readonly wouldStopMessages: number;
  readonly suspendedAt: Millis | undefined;
};

type ListDeps = Pick<AskingDeps, 'asOfNow' | 'live' | 'named' | 'now'>;

/** Newest first. */
export function incidentList(
  deps: ListDeps,
  { account, limit }: { readonly account?: string; readonly limit: number },
): readonly AnyIncident[] {
  const filter = account === undefined ? { limit } : { account: deps.named(account), limit };
  const rows = deps.live.incidents(filter);
  const replies = storedBlame(deps.live.meta(blameKey))
    .filter((one) => account === undefined || one.account === deps.named(account))
    .filter((one) => coveredBy(deps, one) === undefined)
    .map(asIncident);
  return [...rows.map((row) => asSuspension(deps, row)), ...replies]
    .sort((one, other) => beganAt(other) - beganAt(one))
    .slice(0, limit);
}

const beganAt = ({ since, suspendedAt }: AnyIncident): Millis => suspendedAt ?? since;

/** By its id, or the latest one of the account with that name. */
export function incidentNamed(deps: ListDeps, id: string): AnyIncident | undefined {
  const row = deps.live.incidents({ limit: incidentsMax }).find((one) => one.id === id);
  if (row !== undefined) return asSuspension(deps, row);
  const reply = storedBlame(deps.live.meta(blameKey)).find((one) => one.id === id);
  if (reply === undefined) return incidentList(deps, { account: id, limit: 1 })[0];
  // A notice may name it from before the account was suspended.
  const covering = coveredBy(deps, reply);
  return covering === undefined ? asIncident(reply) : asSuspension(deps, covering);
}

/** What is known of lanes for which the account of an incident is to blame, in its time. */
export function blamedIn(
  deps: Pick<ListDeps, 'live' | 'now'>,
  incident: Pick<AnyIncident, 'account' | 'endedAt' | 'since'>,
): readonly ReplyIncident[] {
  return storedBlame(deps.live.meta(blameKey)).filter(
    (one) => one.account === incident.account && isAtOnce(one, incident, deps.now()),
  );
}

function coveredBy(deps: ListDeps, reply: ReplyIncident): IncidentRow | undefined {
  const account = deps.named(reply.account);
  return deps.live
    .incidents({ account, limit: incidentsMax })
    .find((row) => isAtOnce(reply, row, deps.now()));
}

type Time = { readonly since: Millis; readonly endedAt: Millis | undefined };

function isAtOnce(one: Time, other: Time, now: Millis): boolean {
  return one.since <= (other.endedAt ?? now) && other.since <= (one.endedAt ?? now);
}

function asSuspension({ asOfNow, live }: ListDeps, row: IncidentRow): AnyIncident {
  return { ...asItWas(asOfNow(row), live), kind: 'suspension' };
}

function asIncident({ account, endedAt, id, since }: ReplyIncident): AnyIncident {
  return {
    id,
    kind: 'replies',
    account: account as IncidentRow['account'],
    observed: false,
    by: '',
    since,
    suspendedAt: undefined,
    endedAt,
    endedBy: '',
    leakedMessages: 0,
    leakedRecipients: 0,
    stoppedMessages: 0,
    wouldStopMessages: 0,
    queuedHeld: 0,
    loginClosed: false,
    reasons: [],
  };
}
