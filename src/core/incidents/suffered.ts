/** Which lanes suffered from an incident: those on which its mail got bad answers. Pure. */

import { hourMs, type Millis } from '../../lib/time.ts';
import { isBadState, type LaneChange, type LaneKey, laneId } from '../deliverability/lane.ts';
import { providerName } from '../deliverability/providers.ts';
import { lastBadAt } from './answers.ts';
import type { ReplyIncident } from './blame.ts';
import type { ProviderAnswer, SufferedLane } from './facts.ts';

/** A lane that turns bad later than this after the last bad answer has another cause. */
const afterMs = hourMs;

type Seen = { -readonly [Key in keyof SufferedLane]: SufferedLane[Key] };

/** `changes`: of all lanes, oldest first, from `since` until now. */
export function sufferedLanes(
  changes: readonly LaneChange[],
  answers: readonly ProviderAnswer[],
  { blamed, since }: { readonly since: Millis; readonly blamed: readonly ReplyIncident[] },
): readonly SufferedLane[] {
  const last = lastBadAt(answers);
  const until = last === undefined ? undefined : last + afterMs;
  const open = new Map<string, Seen>();
  const all: Seen[] = [];
  for (const change of changes) {
    const key = laneId(change);
    const known = open.get(key);
    const isBad = isBadState(change.to);
    if (known !== undefined) {
      if (change.to === 'blocked') known.blockedAt ??= change.at;
      if (change.to !== 'healthy') continue;
      known.recoveredAt = change.at;
      open.delete(key);
    } else if (isBad && change.at >= since) {
      const answer = answers.find((one) => isOf(one, change));
      const share = shareOf(blamed, change);
      const isLate = until === undefined || change.at > until;
      if (share === undefined && (answer === undefined || isLate)) continue;
      const { family, provider, reply, source, to } = change;
      const name = answer?.name ?? providerName(provider);
      const blockedAt = to === 'blocked' ? change.at : undefined;
      const lane = { source, family, provider, name, state: to, since: change.at, reply };
      const seen: Seen = { ...lane, blockedAt, recoveredAt: undefined, share };
      open.set(key, seen);
      all.push(seen);
    }
  }
  return all;
}

/** Where the log does not say from which address it was tried, any may be meant. */
function isOf(answer: ProviderAnswer, lane: LaneKey): boolean {
  if (answer.provider !== lane.provider || !(answer.isAgainstUs || answer.scope === '')) {
    return false;
  }
  if (lane.source !== '' && answer.from !== '' && lane.source !== answer.from) return false;
  const address = /\[([^\]]*)\]$/.exec(answer.mx)?.[1] ?? '';
  return address === '' || address.includes(':') === (lane.family === 'ipv6');
}

function shareOf(blamed: readonly ReplyIncident[], lane: LaneKey): number | undefined {
  const shares = blamed
    .flatMap(({ lanes }) => lanes)
    .filter((one) => laneId(one) === laneId(lane))
    .map(({ share }) => share);
  return shares.length === 0 ? undefined : Math.max(...shares);
}
