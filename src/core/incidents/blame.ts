/**
 * Accounts that made most of the bad answers of a lane. Each is an incident of its own, unless the
 * account is suspended at that time: then it belongs to the incident of the suspension. Pure.
 */
import { dayMs, hourMs, type Millis } from '../../lib/time.ts';
import { isBadState, type LaneKey, type LaneStanding, laneId } from '../deliverability/lane.ts';

export type BlamedLane = LaneKey & {
  /** The largest part of the lane's bad answers that the account made, 0 to 1. */
  readonly share: number;
};

export type ReplyIncident = {
  readonly id: string;
  readonly account: string;
  /** When the first of its lanes turned bad. */
  readonly since: Millis;
  readonly openedAt: Millis;
  /** When the last of its lanes was not slowed or blocked any more; undefined: one still is. */
  readonly endedAt: Millis | undefined;
  readonly lanes: readonly BlamedLane[];
};

/** Where the ledger keeps them, as JSON. */
export const blameKey = 'reply-incidents';

/** As stored; none if the text is not of such a list. */
export function storedBlame(text: string | undefined): readonly ReplyIncident[] {
  try {
    const stored: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(stored) ? (stored as readonly ReplyIncident[]) : [];
  } catch {
    return [];
  }
}

/** Incidents that are kept, and lanes of one. */
const incidentsMax = 200;
const lanesMax = 50;
/** A lane of the same account that turns bad this soon after is part of the same incident. */
const againMs = hourMs;
/** An incident of lanes that stay unknown ends this long after it began. */
const unknownMs = 7 * dayMs;

/**
 * The incidents as they are now, newest first; the same list if nothing changed. `standings`: of
 * all lanes.
 */
export function followBlame(
  known: readonly ReplyIncident[],
  standings: readonly LaneStanding[],
  { newId, now }: { readonly now: Millis; readonly newId: () => string },
): readonly ReplyIncident[] {
  const bad = standings.filter(({ state }) => isBadState(state));
  let all = known;
  for (const standing of bad) {
    if (standing.causedBy !== undefined) all = blamed(all, standing, { newId, now });
  }
  const states = new Map(standings.map((one) => [laneId(one), one.state]));
  const suffers = (one: ReplyIncident, lane: BlamedLane): boolean => {
    const state = states.get(laneId(lane));
    // While the mail log is not read, a lane is unknown, and may be as bad as it was.
    if (state === 'unknown') return now - one.openedAt < unknownMs;
    return state !== undefined && isBadState(state);
  };
  const isOver = (one: ReplyIncident): boolean =>
    one.endedAt === undefined && !one.lanes.some((lane) => suffers(one, lane));
  if (all.some(isOver)) all = all.map((one) => (isOver(one) ? { ...one, endedAt: now } : one));
  return all.length > incidentsMax ? all.slice(0, incidentsMax) : all;
}

function blamed(
  all: readonly ReplyIncident[],
  standing: LaneStanding,
  { newId, now }: { readonly now: Millis; readonly newId: () => string },
): readonly ReplyIncident[] {
  const { causedBy, family, provider, since, source } = standing;
  if (causedBy === undefined) return all;
  const { account, share } = causedBy;
  const lane: BlamedLane = { source, family, provider, share };
  const index = all.findIndex(
    (one) => one.account === account && (one.endedAt ?? now) >= now - againMs,
  );
  const found = all[index];
  if (found === undefined) {
    const opened = { id: newId(), account, since, openedAt: now, endedAt: undefined };
    return [{ ...opened, lanes: [lane] }, ...all];
  }
  const same = found.lanes.find((one) => laneId(one) === laneId(lane));
  if (found.endedAt === undefined && same !== undefined && same.share >= share) return all;
  const others = found.lanes.filter((one) => one !== same);
  const grown = { ...lane, share: Math.max(share, same?.share ?? 0) };
  const lanes = [...others, grown].slice(-lanesMax);
  const first = Math.min(found.since, since) as Millis;
  return all.with(index, { ...found, since: first, endedAt: undefined, lanes });
}
